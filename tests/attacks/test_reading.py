"""Reading what is not theirs: paths of the server, and addresses that it would fetch for them.

The rule: no path and no address of a request is ever opened. A source is an upload of who asks, or, by its very name, a
file that this registry was made from at the terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import assay
from assay.web.access.roles import Role
from assay.web.app import create_app
from assay.web.jobs.board import Board
from assay.web.settings import Limits, Settings
from tests.attacks.catalogue import Attack, each
from tests.attacks.poisoned import World, copy_of

SECRET = "zqx-the-secret-of-the-server"
_MANY = Limits(asked=10**6, unsafe=10**6)

_NAMED = {
    "absolute": ("a path from the root", "{secret}"),
    "relative": ("a path out of the job's folder", "../../../files/secret.txt"),
    "file-url": ("a file: address", "file://{secret}"),
    "http": ("an address within the network", "http://127.0.0.1:9/latest/meta-data"),
    "metadata": ("the address where clouds keep keys", "http://169.254.169.254/latest/meta-data/"),
    "https-at": ("an address that looks like another", "https://example.com@127.0.0.1/x"),
    "decimal-host": ("a number for an address", "http://2130706433/"),
    "ftp": ("another protocol", "ftp://127.0.0.1/x"),
    "gopher": ("a protocol that sends what it is told", "gopher://127.0.0.1:6379/_FLUSHALL"),
    "s3": ("a bucket", "s3://bucket/key.jsonl"),
    "hub": ("a data set of a hub", "hf://datasets/x/y"),
    "share": ("a share of another machine", "\\\\host\\share\\x.jsonl"),
    "drive": ("a drive", "C:\\Windows\\win.ini"),
    "device": ("a device that never ends", "/dev/zero"),
    "stdin": ("standard input", "-"),
    "proc": ("what the process was started with", "/proc/self/environ"),
    "book": ("the book of passwords", "{root}/server/access.sqlite"),
    "log": ("the registry's own log", "{root}/log/00000001.json"),
    "glob": ("all files of a folder", "{work}/*"),
    "fd": ("an open file by its number", "/dev/fd/3"),
    "upload-up": ("a path that begins like an upload", "upload-00000000/../../../../../../{secret}"),
    "option": ("an option in place of a name", "--called={secret}=x"),
    "nul": ("a name that ends early for the system", "{secret}\x00.jsonl"),
    "percent": ("a path in percent signs", "%2e%2e%2f%2e%2e%2fsecret.txt"),
    "pipe": ("a command", "|cat {secret}"),
}  # fmt: skip
SOURCES = tuple(
    Attack(f"reading/source-{id}", what, "sources of curate, import and freeze, and eval sources",
           "refused; nothing is opened, nothing is connected to, no job is queued", {"name": name})
    for id, (what, name) in _NAMED.items()
)  # fmt: skip
_SQL = {
    "read-text": "select * from read_text('{secret}')",
    "read-csv": "select * from read_csv('{secret}', header=false)",
    "bare": "select * from '{secret}'",
    "glob": "select * from glob('{work}/*')",
    "http": "select * from read_parquet('http://127.0.0.1:9/x.parquet')",
    "copy": "copy (select 1) to '{work}/zqx-out.csv'",
    "attach": "attach '{root}/server/access.sqlite' as a (type sqlite)",
    "install": "install httpfs",
    "load": "load '{secret}'",
    "getenv": "select getenv('HOME')",
    "setting": "set enable_external_access = true",
    "two": "select 1; select * from read_text('{secret}')",
    "pragma": "pragma database_list; call pragma_database_size()",
    "secrets": "select * from duckdb_secrets()",
}
QUERIES = tuple(
    Attack(f"reading/sql-{id}", sql, "query", "refused; nothing is opened or written", {"sql": sql})
    for id, sql in _SQL.items()
)
_ELSEWHERE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "recipe-path": ("a recipe by its path", "curate", {"recipe": "{work}/recipe.yaml"}),
    "recipe-up": ("a recipe below the presets", "curate", {"recipe": "../../../../files/recipe"}),
    "recipe-model": ("a recipe that names a model of the server", "curate",
                     {"yaml": "stages:\n  - toxicity: {{model: '{secret}'}}\n"}),
    "recipe-language": ("a recipe that names a model of the server", "curate",
                        {"yaml": "stages:\n  - language: {{model: '{secret}'}}\n"}),
    "recipe-rubric": ("a recipe whose judge has a rubric of the server", "curate",
                      {"yaml": "stages:\n  - judge: {{models: [a/b], rubric: '{secret}'}}\n", "budget": "1"}),
    "recipe-python": ("YAML that makes objects", "curate",
                      {"yaml": "stages: !!python/object/apply:os.system ['touch {work}/zqx-out.csv']\n"}),
    "rubric": ("a rubric by its path", "judge/run",
               {"ref": "poisoned@v1", "rubric": "{secret}", "models": ["a/b"], "budget": "1"}),
    "template": ("a template by its path", "generate",
                 {"template": "{secret}", "n": 1, "models": ["a/b"], "budget": "1"}),
    "model-address": ("a model at an address of theirs", "judge/run",
                      {"ref": "poisoned@v1", "models": ["http://127.0.0.1:9/v1"], "budget": "1", "endpoint": "x"}),
    "policy-path": ("a policy by its path", "policy/set", {"yaml": "{secret}", "dataset": "poisoned"}),
}  # fmt: skip
ELSEWHERE = tuple(
    Attack(
        f"reading/{id}",
        what,
        command,
        "refused; nothing is opened, no job is queued",
        {"to": command, "body": body},
    )
    for id, (what, command, body) in _ELSEWHERE.items()
)
OTHERS = (
    Attack("reading/others-upload", "the id of somebody else's upload as a source", "curate", "404, as if there were none"),
    Attack("reading/known-file", "a file that the registry read before, spelled another way", "import",
           "refused: only its very name is known"),
    Attack("reading/known-again", "the name of a file that an upload was given", "import",
           "an upload's name never stands for a path"),
    Attack("reading/record-source", "a record that says it came from a path or an address", "the fields of a row",
           "the fields are text; nothing is opened"),
)  # fmt: skip
ATTACKS = SOURCES + QUERIES + ELSEWHERE + OTHERS


@dataclass
class Watch:
    """What this process opened and connected to while somebody looked."""

    on: bool = False
    opened: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            self.opened.append(str(args[0]))
        elif event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system"):
            self.connected.append(f"{event} {args}")

    @contextmanager
    def look(self) -> Iterator[Watch]:
        self.opened, self.connected, self.on = [], [], True
        try:
            yield self
        finally:
            self.on = False


WATCH = Watch()
sys.addaudithook(
    lambda event, args: WATCH(event, args)
)  # for as long as the process lives: Python has no way back


@pytest.fixture(scope="module")
def asked(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TestClient, Path, Path, dict[str, str]]:
    """The application over a copy, in mode local, whose jobs are queued and never started."""
    base = tmp_path_factory.mktemp("reading")
    root, work = copy_of(world, base), base / "files"
    work.mkdir()
    (work / "secret.txt").write_text(json.dumps({"text": SECRET}) + "\n")
    (work / "recipe.yaml").write_text("stages:\n  - exact_dedup: {}\n")
    app = create_app(lambda: assay.open(root, actor="mallory"), Settings(limits=_MANY), environment={})
    client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    places = {"secret": str(work / "secret.txt"), "root": str(root), "work": str(work)}
    return client, root, work, places


@pytest.fixture(autouse=True)
def never_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Board, "_start", lambda self, job, folder: None)


def _refused(asked: Any, path: str, body: Any) -> None:
    client, root, work, _ = asked
    client.get("/")
    jobs = sorted((root / "server" / "jobs").glob("2*")) if (root / "server" / "jobs").exists() else []
    with WATCH.look() as watch:
        answer = client.post(f"/api/commands/{path}", json=body)
    assert 400 <= answer.status_code < 500, (path, body, answer.status_code, answer.text[:300])
    assert SECRET not in answer.text
    touched = [
        one for one in watch.opened if "secret" in one or one.startswith(("/dev/zero", "/proc/self/environ"))
    ]
    assert touched == []
    assert watch.connected == []
    assert sorted((root / "server" / "jobs").glob("2*")) == jobs
    assert not (work / "zqx-out.csv").exists()


def test_who_watches_sees(asked: Any) -> None:
    with WATCH.look() as watch:
        Path(asked[3]["secret"]).read_text()
    assert [one for one in watch.opened if "secret" in one]


@each(SOURCES)
def test_no_path_and_no_address_is_a_source(asked: Any, attack: Attack) -> None:
    said = attack.said["name"].format(**asked[3])
    for path, body in (
        ("curate", {"name": "mine", "sources": [said]}),
        ("import", {"name": "mine", "sources": [said]}),
        ("freeze", {"name": "mine", "sources": [said]}),
        ("curate", {"name": "mine", "sources": [_upload(asked[0])], "eval": [said]}),
    ):
        _refused(asked, path, body)


@each(QUERIES)
def test_sql_reads_the_registry_and_nothing_else(asked: Any, attack: Attack) -> None:
    client, _, work, places = asked
    sql = attack.said["sql"].format(**places)
    client.get("/api/commands/query", params={"sql": "select 1"})
    with WATCH.look() as watch:
        answer = client.get("/api/commands/query", params={"sql": sql})
    assert answer.status_code == 400 or (attack.id.endswith("secrets") and answer.json()["rows"] == []), (
        answer.text[:400]
    )
    assert SECRET not in answer.text
    assert [one for one in watch.opened if "secret" in one] == []
    assert watch.connected == []
    assert not (work / "zqx-out.csv").exists()


@each(ELSEWHERE)
def test_no_form_names_a_file_of_the_server(asked: Any, attack: Attack) -> None:
    def told(value: Any) -> Any:
        return value.format(**asked[3]) if isinstance(value, str) else value

    body = {name: told(value) for name, value in attack.said["body"].items()}
    if attack.said["to"] == "curate":
        body = {"name": "mine", "sources": [_upload(asked[0])], **body}
    elif attack.said["to"] == "generate":
        body["name"] = "mine"
    _refused(asked, attack.said["to"], body)


def _upload(client: TestClient, name: str = "a.jsonl") -> str:
    made = client.post("/api/uploads", params={"name": name}, content=b'{"text": "mine"}\n')
    assert made.status_code == 201, made.text
    id: str = made.json()["id"]
    client.delete(f"/api/uploads/{_LAST.pop()}") if _LAST else None
    _LAST.append(id)
    return id


_LAST: list[str] = []


def test_an_upload_is_its_senders_alone(world: World) -> None:
    """reading/others-upload"""
    theirs = world.get("/uploads")["uploads"][0]["id"]
    world.book.add("mallory", {Role.CONTRIBUTOR}, None)
    token = world.book.make_token("mallory", {Role.CONTRIBUTOR}, "x", 60).text
    heads = {"authorization": f"Bearer {token}"}
    client = TestClient(world.client.app, base_url="http://127.0.0.1")
    answer = client.post("/api/commands/curate", json={"name": "mine", "sources": [theirs]}, headers=heads)
    assert answer.status_code == 404
    assert client.get(f"/api/uploads/{theirs}", headers=heads).status_code == 404
    assert client.delete(f"/api/uploads/{theirs}", headers=heads).status_code == 404


def test_a_known_file_is_known_by_its_very_name(asked: Any, world: World) -> None:
    """reading/known-file"""
    client, root, _, _ = asked
    known = next(one.uri for one in _known(root) if one.uri.endswith("raw0.jsonl"))
    assert (
        client.post(
            "/api/commands/import", json={"name": "mine", "sources": [known], "dry_run": True}
        ).status_code
        == 200
    )
    folder, _, name = known.rpartition("/")
    for spelled in (f"{folder}/./{name}", f"{folder}//{name}", f"{folder}/../{folder.rpartition('/')[2]}/{name}",
                    f"file://{known}", known + "/", known + "\x00", known.upper(), f" {known}"):  # fmt: skip
        _refused(asked, "import", {"name": "mine", "sources": [spelled]})
    for other in Path(folder).iterdir():
        if str(other) not in {one.uri for one in _known(root)}:
            _refused(asked, "import", {"name": "mine", "sources": [str(other)]})


def _known(root: Path) -> Any:
    from assay.web.jobs.sources import known_sources

    return known_sources(assay.open(root))


def test_the_name_of_an_upload_never_stands_for_a_path(asked: Any, tmp_path: Path) -> None:
    """reading/known-again"""
    _, root, work, places = asked
    source = work / "upload-zqx"
    source.mkdir(exist_ok=True)
    (source / "x.jsonl").write_text('{"text": "x"}\n')
    registry = assay.open(root, actor="ann")
    registry.import_("upl", [str(source / "x.jsonl")], called={str(source / "x.jsonl"): places["secret"]})
    named = [one.uri for one in _known(root)]
    assert str(source / "x.jsonl") not in named
    # Only the server says what a source is called; a name that it made is never a path.
    registry.import_(
        "upl2", [str(source / "x.jsonl")], called={str(source / "x.jsonl"): "upload-00000000/../secret.txt"}
    )
    assert not [one for one in _known(root) if one.uri.startswith("upload-")]


def test_what_a_record_says_of_its_source_is_text(asked: Any, tmp_path: Path) -> None:
    """reading/record-source"""
    _, root, _, places = asked
    rows = [
        {"text": f"row {k}", "source": places["secret"], "uri": "http://127.0.0.1:9/x", "url": f"file://{places['secret']}",
         "image": places["secret"], "images": [places["secret"]], "path": "/proc/self/environ", "license": "http://127.0.0.1:9/"}
        for k in range(3)
    ]  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    registry = assay.open(root, actor="ann")
    with WATCH.look() as watch:
        registry.import_("said", [str(path)])
        list(registry.version("said"))
    assert [one for one in watch.opened if "secret" in one or "environ" in one] == []
    assert [one for one in watch.connected if "127.0.0.1" in one] == []
