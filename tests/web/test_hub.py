"""The Hub's protocol over HTTP alone: statuses, headers, bytes. What the real clients make of it: tests/interop."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient

import assay
from assay.errors import StorageFailure
from assay.registry import Registry
from assay.registry.export import kept_folder as kept
from assay.web.access.book import Book
from assay.web.access.roles import Role
from assay.web.app import create_app
from assay.web.settings import Settings

ID = "assay/helpdesk"
SHARD = "data/train-00000-of-00001.parquet"


def rows(first: int, count: int) -> str:
    """Tickets, half of them Chinese, with calls of tools that share no field."""
    found = []
    for k in range(first, first + count):
        asked = f"How do I change order {k}?" if k % 2 else f"第 {k} 号订单怎么改？"
        call = {"type": "function", "function": {"name": "find", "arguments": {f"a{k % 3}": k}}}
        turns = [
            {"role": "user", "content": asked},
            {"role": "assistant", "content": f"Open order {k}.", "tool_calls": [call]},
        ]
        found.append(json.dumps({"messages": turns}) + "\n")
    return "".join(found)


def filled(root: Path) -> Registry:
    """`helpdesk` with two versions, of 40 and 60 examples; v1 is called `golden`."""
    registry = assay.init(root / "r", actor="ann")
    for number, count in ((1, 40), (2, 60)):
        (root / f"{number}.jsonl").write_text(rows(0, count), "utf-8")
        registry.curate(
            "helpdesk", [str(root / f"{number}.jsonl")], recipe="import", message=f"message {number}"
        )
    registry.refs.tag("helpdesk@v1", "golden")
    return registry


def serve(registry: Registry) -> TestClient:
    return TestClient(
        create_app(lambda: assay.open(registry.root, actor="ann"), Settings()), base_url="http://127.0.0.1"
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return filled(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="module")
def hub(registry: Registry) -> Iterator[TestClient]:
    with serve(registry) as client:
        yield client


@pytest.fixture
def own(registry: Registry, tmp_path: Path) -> Iterator[tuple[Registry, TestClient]]:
    """A copy of it that a test may change."""
    assert registry.root is not None
    shutil.copytree(registry.root.parent, tmp_path, dirs_exist_ok=True)
    registry = assay.open(tmp_path / "r", actor="ann")
    with serve(registry) as client:
        yield registry, client


def commit(registry: Registry, ref: str) -> str:
    return registry.version(ref).fingerprint.removeprefix("sha256:")[:40]


def sha_of(client: TestClient, revision: str) -> str:
    return str(client.get(f"/api/datasets/{ID}/revision/{revision}").json()["sha"])


@pytest.mark.parametrize(
    ("revision", "ref"),
    [
        ("main", "helpdesk@v2"),
        ("latest", "helpdesk@v2"),
        ("v1", "helpdesk@v1"),
        ("golden", "helpdesk@v1"),
        ("2100-01-01", "helpdesk@v2"),
    ],
)
def test_a_revision_is_every_ref_of_a_version(
    hub: TestClient, registry: Registry, revision: str, ref: str
) -> None:
    expected = commit(registry, ref)
    assert sha_of(hub, revision) == expected
    for spelled in (registry.version(ref).fingerprint, registry.version(ref).fingerprint[:20], expected):
        assert sha_of(hub, spelled.replace(":", "%3A")) == expected
    told = hub.get(f"/api/datasets/{ID}/revision/{revision}", params={"blobs": True}).json()
    assert [one["rfilename"] for one in told["siblings"]] == ["README.md", SHARD]
    assert told["siblings"][1]["lfs"]["size"] == told["siblings"][1]["size"] > 0
    assert (told["id"], told["gated"], told["private"]) == (ID, False, False)


def test_without_a_revision_it_is_main_and_the_bare_name_is_the_same(
    hub: TestClient, registry: Registry
) -> None:
    for id in (ID, "helpdesk", "assay-utf8/" + b"helpdesk".hex()):
        told = hub.get(f"/api/datasets/{id}").json()
        assert (told["sha"], told["id"]) == (commit(registry, "helpdesk@v2"), id)


def test_a_file_has_the_headers_that_clients_keep_it_by(hub: TestClient, registry: Registry) -> None:
    got = hub.get(f"/datasets/{ID}/resolve/v1/{SHARD}")
    digest = hashlib.sha256(got.content).hexdigest()
    assert got.status_code == 200
    assert got.headers["x-repo-commit"] == commit(registry, "helpdesk@v1")
    assert got.headers["etag"] == got.headers["x-linked-etag"] == f'"{digest}"'
    assert got.headers["x-linked-size"] == got.headers["content-length"] == str(len(got.content))
    assert not [name for name in got.headers if name.startswith("x-xet")]
    table = pq.read_table(io.BytesIO(got.content))
    assert sorted(table.column("id").to_pylist()) == sorted(
        one.name for one in registry.version("helpdesk@v1")
    )
    head = hub.head(f"/datasets/{ID}/resolve/v1/{SHARD}")
    same = ("etag", "x-repo-commit", "x-linked-size", "content-length", "accept-ranges", "content-type")
    assert {name: head.headers[name] for name in same} == {name: got.headers[name] for name in same}
    assert head.content == b""
    by_commit = hub.get(f"/datasets/helpdesk/resolve/{commit(registry, 'helpdesk@v1')}/{SHARD}")
    assert by_commit.content == got.content


def test_the_readme_is_fixed(hub: TestClient, registry: Registry) -> None:
    """Under a commit there is always the same README: who changes this text changes what old commits mean."""
    got = hub.get(f"/datasets/{ID}/resolve/golden/README.md")
    payloads = pq.read_table(io.BytesIO(hub.get(f"/datasets/{ID}/resolve/v1/{SHARD}").content)).num_rows
    size = int(got.text.partition("num_bytes: ")[2].split()[0])
    assert payloads == 40
    assert size > 4_000
    version = registry.version("helpdesk@v1")
    assert got.text == (
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*.parquet\n"
        "dataset_info:\n  features:\n  - name: id\n    dtype: string\n  - name: messages\n    list:\n"
        "    - name: role\n      dtype: string\n    - name: content\n      dtype: string\n"
        "    - name: tool_calls\n      dtype: json\n  splits:\n"
        f"  - name: train\n    num_bytes: {size}\n    num_examples: 40\n---\n\n# helpdesk@v1\n\n"
        f"Fingerprint `{version.fingerprint}`, made {version.operation.time[:10]}. "
        "`assay card helpdesk@v1` tells what is known of it.\n"
    )


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ("bytes=0-3", 206, (0, 4)),
        ("bytes=4-", 206, (4, None)),
        ("bytes=-4", 206, (-4, None)),
        ("bytes=0-999999999999999999", 206, (0, None)),
        ("bytes=-999999999999999999", 206, (0, None)),
        ("bytes=999999999999999999-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=9-2", 200, (0, None)),
        ("bytes=-", 200, (0, None)),
        ("bytes=" + "9" * 5_000 + "-", 200, (0, None)),
        ("bytes=" + ",".join(["0-"] * 1_000), 200, (0, None)),
        ("lines=0-3", 200, (0, None)),
        ("bytes=１-２", 200, (0, None)),
    ],
)
def test_ranges(hub: TestClient, asked: str, status: int, span: tuple[int, int | None] | None) -> None:
    address = f"/datasets/{ID}/resolve/v2/{SHARD}"
    whole = hub.get(address).content
    got = hub.get(address, headers={"range": asked.encode()})
    assert got.status_code == status
    if span is None:
        assert got.headers["content-range"] == f"bytes */{len(whole)}"
        assert got.content == b""
        return
    expected = whole[span[0] : span[1]]
    assert got.content == expected
    assert got.headers["content-length"] == str(len(expected))
    if status == 206:
        start = span[0] % len(whole)
        assert got.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/{len(whole)}"
    head = hub.head(address, headers={"range": asked.encode()})
    assert (head.status_code, head.headers["content-length"]) == (status, str(len(expected)))


def test_who_has_a_file_is_not_sent_it_again(hub: TestClient) -> None:
    address = f"/datasets/{ID}/resolve/v2/README.md"
    etag = hub.head(address).headers["etag"]
    for said in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        got = hub.get(address, headers={"if-none-match": said})
        assert (got.status_code, got.content, got.headers["etag"]) == (304, b"", etag)
    assert hub.get(address, headers={"if-none-match": '"x"'}).status_code == 200
    ranged = {"range": "bytes=0-2"}
    assert hub.get(address, headers=ranged | {"if-range": etag}).status_code == 206
    assert hub.get(address, headers=ranged | {"if-range": '"x"'}).status_code == 200


def test_trees(hub: TestClient, registry: Registry) -> None:
    at = f"/api/datasets/{ID}/tree/v2"
    assert [(one["type"], one["path"]) for one in hub.get(at).json()] == [
        ("directory", "data"),
        ("file", "README.md"),
    ]
    recursive = hub.get(at, params={"recursive": "true"}).json()
    assert [one["path"] for one in recursive] == ["data", "README.md", SHARD]
    shard = recursive[2]
    content = hub.get(f"/datasets/{ID}/resolve/v2/{SHARD}").content
    assert (shard["size"], shard["lfs"]["oid"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert [one["path"] for one in hub.get(f"{at}/data").json()] == [SHARD]
    expanded = hub.get(f"{at}/data", params={"expand": "true"}).json()
    assert expanded[0]["lastCommit"]["id"] == commit(registry, "helpdesk@v2")
    assert expanded[0]["lastCommit"]["title"] == "message 2"
    none = hub.get(f"{at}/nothing")
    assert (none.status_code, none.headers["x-error-code"]) == (404, "EntryNotFound")


def test_long_trees_come_in_pages(hub: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.web.hub.routes.PAGE", 1)
    address, found = f"/api/datasets/{ID}/tree/v2?recursive=true", []
    while address:
        got = hub.get(address)
        found += [one["path"] for one in got.json()]
        address = got.links.get("next", {}).get("url", "")
        assert not address or address.startswith("http://127.0.0.1/")
    assert found == ["data", "README.md", SHARD]
    assert (
        "next" in hub.get("/api/datasets", params={"limit": 1}).links
        or len(hub.get("/api/datasets").json()) == 1
    )


def test_paths_info_by_form_and_by_json(hub: TestClient) -> None:
    at = f"/api/datasets/{ID}/paths-info/v2"
    asked = ["README.md", "data", "none", "README.md", "../../etc/passwd"]
    by_form = hub.post(at, data={"paths": asked, "expand": True}).json()
    assert [one["path"] for one in by_form] == ["README.md", "data"]
    assert all("lastCommit" in one for one in by_form)
    by_json = hub.post(at, json={"paths": asked}).json()
    assert [one["path"] for one in by_json] == ["README.md", "data"]
    for body in (b"[]", b"{", b'{"paths": {}}', b'{"paths": [1]}', b"\xff"):
        assert hub.post(at, content=body, headers={"content-type": "application/json"}).status_code == 400
    assert hub.post(at, data={"paths": ["x"] * 1_002}).status_code == 400


def test_names_versions_and_who(hub: TestClient, registry: Registry) -> None:
    told = hub.get(f"/api/datasets/{ID}/refs", params={"include_prs": 1}).json()
    first, second = commit(registry, "helpdesk@v1"), commit(registry, "helpdesk@v2")
    assert told["branches"] == [{"name": "main", "ref": "refs/heads/main", "targetCommit": second}]
    assert {one["name"]: one["targetCommit"] for one in told["tags"]} == {
        "golden": first,
        "v1": first,
        "v2": second,
    }
    made = hub.get(f"/api/datasets/{ID}/commits/main").json()
    assert [(one["id"], one["title"], one["message"]) for one in made] == [
        (second, "helpdesk@v2", "message 2"), (first, "helpdesk@v1", "message 1")]  # fmt: skip
    assert [one["id"] for one in hub.get("/api/datasets", params={"search": "HELP"}).json()] == [ID]
    assert hub.get("/api/datasets", params={"search": "none"}).json() == []
    assert hub.get("/api/whoami-v2").json()["name"] == "ann"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/datasets/assay/none", "RepoNotFound"),
        ("/api/datasets/openai/helpdesk", "RepoNotFound"),
        ("/api/datasets/openai/helpdesk/revision/v1", "RepoNotFound"),
        ("/api/datasets/assay-utf8/zz", "RepoNotFound"),
        ("/api/datasets/assay-utf8/ff", "RepoNotFound"),
        ("/api/models/gpt2", "RepoNotFound"),
        ("/gpt2/resolve/main/config.json", "RepoNotFound"),
        ("/datasets/openai/helpdesk/resolve/v1/README.md", "RepoNotFound"),
        (f"/datasets/{ID}/resolve/v9/README.md", "RevisionNotFound"),
        (f"/datasets/{ID}/resolve/{'0' * 40}/README.md", "RevisionNotFound"),
        (f"/datasets/{ID}/resolve/v1%3Atrain/README.md", "RevisionNotFound"),
        (f"/datasets/{ID}/resolve/a%20b/README.md", "RevisionNotFound"),
        (f"/datasets/{ID}/resolve/prod/README.md", "RevisionNotFound"),
        (f"/api/datasets/{ID}/revision/refs%2Fconvert%2Fparquet", "RevisionNotFound"),
        (f"/datasets/{ID}/resolve/v1/helpdesk.py", "EntryNotFound"),
        (f"/datasets/{ID}/resolve/v1/data", "EntryNotFound"),
    ],
)
def test_what_is_not_there_says_what_is_not_there(hub: TestClient, path: str, code: str) -> None:
    got = hub.get(path)
    assert (got.status_code, got.headers["x-error-code"]) == (404, code)
    assert got.headers["x-error-message"] == got.json()["error"].encode("ascii", "backslashreplace").decode()
    assert ("x-repo-commit" in got.headers) == (code == "EntryNotFound")
    assert "x-hf-warning" not in got.headers


def raw(client: TestClient, method: str, path: str) -> tuple[int, dict[str, str]]:
    """Status and headers as they go over the wire, where they are UTF-8; the test client reads ASCII alone."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1")]
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": headers,
    }
    scope |= {
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    return sent[0]["status"], {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}


def refused(client: TestClient, revision: str) -> tuple[int, str, str, str]:
    """The answers to all that names a revision, which are alike: status, code, message, warning."""
    said = set()
    for method, path in (
        ("GET", f"/api/datasets/{ID}/revision/{revision}"),
        ("GET", f"/api/datasets/{ID}/tree/{revision}"),
        ("POST", f"/api/datasets/{ID}/paths-info/{revision}"),
        ("GET", f"/datasets/{ID}/resolve/{revision}/{SHARD}"),
        ("HEAD", f"/datasets/{ID}/resolve/{revision}/README.md"),
    ):
        status, told = raw(client, method, path)
        assert all(value.isprintable() for value in told.values())
        said.add((status, told["x-error-code"], told["x-error-message"], told.get("x-hf-warning", "")))
    assert len(said) == 1
    return said.pop()


def test_a_revoked_version_is_refused_with_its_reason_by_every_name(own: tuple[Registry, TestClient]) -> None:
    registry, client = own
    sha = commit(registry, "helpdesk@v1")
    assert client.get(f"/datasets/{ID}/resolve/v1/{SHARD}").status_code == 200
    registry.releases.revoke("helpdesk@v1", reason="没有同意\r\nx-evil: 1\x00 \u202etxt")
    for name in ("v1", "golden", sha):
        status, code, message, warning = refused(client, name)
        assert (status, code) == (403, "RevisionNotFound")
        assert "helpdesk@v1 was revoked on 20" in message
        assert "没有同意 x-evil: 1\\x00 \\u202etxt" in message
        assert warning.endswith("; " + message)
    assert client.get(f"/datasets/{ID}/resolve/v2/{SHARD}").status_code == 200


def test_a_commit_is_content_and_lives_while_one_version_with_it_does(
    own: tuple[Registry, TestClient],
) -> None:
    registry, client = own
    sha, files = commit(registry, "helpdesk@v1"), {}
    for path in ("README.md", SHARD):
        files[path] = client.get(f"/datasets/{ID}/resolve/v1/{path}").content
    registry.refs.rollback("helpdesk", "v1", reason="v2 was a mistake")
    assert registry.version("helpdesk@v3").fingerprint == registry.version("helpdesk@v1").fingerprint
    registry.policies.set({"training": "approved"})
    assert refused(client, sha)[0] == 403
    assay.open(registry.root, actor="li").releases.approve("helpdesk@v3")
    assert refused(client, "v1")[0] == 403
    for revision in ("main", "v3", sha):
        for path, content in files.items():
            got = client.get(f"/datasets/{ID}/resolve/{revision}/{path}")
            assert (got.status_code, got.content, got.headers["x-repo-commit"]) == (200, content, sha)
    registry.releases.revoke("helpdesk@v3", reason="second thoughts")
    assert "second thoughts" in refused(client, sha)[2]


def test_what_was_forgotten_is_another_commit(own: tuple[Registry, TestClient]) -> None:
    registry, client = own
    before = sha_of(client, "v1")
    assert client.get(f"/datasets/{ID}/resolve/v1/{SHARD}").status_code == 200
    gone = registry.version("helpdesk@v1").head(1)[0].name
    registry.keeping.forget([gone], reason="asked to")
    assert registry.root is not None
    assert not (registry.root / "cache" / "hub").exists()
    after = sha_of(client, "v1")
    assert after != before
    assert after[:32] == before[:32] == commit(registry, "helpdesk@v1")[:32]
    got = client.get(f"/datasets/{ID}/resolve/{after}/{SHARD}")
    assert gone not in pq.read_table(io.BytesIO(got.content)).column("id").to_pylist()
    assert pq.read_table(io.BytesIO(got.content)).num_rows == 39
    assert "num_examples: 39" in client.get(f"/datasets/{ID}/resolve/v1/README.md").text
    status, code, message, _ = refused(client, before)
    assert (status, code) == (404, "RevisionNotFound")
    assert "were forgotten since" in message
    assert after in message


def test_the_policy_on_training_holds_here(own: tuple[Registry, TestClient]) -> None:
    registry, client = own
    registry.policies.set({"training": "released"})
    status, code, message, warning = refused(client, "main")
    assert (status, code) == (403, "RevisionNotFound")
    assert "helpdesk@v2 is not released" in message
    assert warning
    li = assay.open(registry.root, actor="li")
    li.releases.approve("helpdesk@v1")
    li.releases.release("helpdesk@v1")
    assert sha_of(client, "prod") == commit(registry, "helpdesk@v1")
    assert client.get(f"/datasets/{ID}/resolve/prod/{SHARD}").status_code == 200
    assert "use helpdesk@v1" in refused(client, "main")[2]


def test_a_chinese_name_has_an_id_that_the_hub_accepts(
    own: tuple[Registry, TestClient], tmp_path: Path
) -> None:
    registry, client = own
    registry.curate("客服", [str(tmp_path / "1.jsonl")], recipe="import")
    found = [one["id"] for one in client.get("/api/datasets").json()]
    assert found == [ID, "assay-utf8/" + "客服".encode().hex()]
    got = client.get(f"/datasets/{found[1]}/resolve/main/README.md")
    assert "# 客服@v1" in got.content.decode()


def test_the_page_of_a_version_says_how_to_load_it(own: tuple[Registry, TestClient]) -> None:
    registry, client = own
    page = client.get("/d/helpdesk@v1").text
    assert "HF_ENDPOINT=http://127.0.0.1<" in page
    assert "load_dataset(&#34;assay/helpdesk&#34;, revision=&#34;v1&#34;)" in page
    told = client.get("/api/d/helpdesk@v1").json()["loading"]
    assert told["python"] == 'registry.load("helpdesk@v1")'
    registry.releases.revoke("helpdesk@v1", reason="no")
    assert client.get("/api/d/helpdesk@v1").json()["loading"] is None
    assert "load_dataset" not in client.get("/d/helpdesk@v1").text


def test_files_are_made_once_however_many_ask_and_others_go_on(
    own: tuple[Registry, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, client = own
    made, begun, may = [], threading.Event(), threading.Event()
    real: Callable[..., None] = kept._write
    kept.drop_kept(registry)

    def slow(*given: Any) -> None:
        begun.set()
        assert may.wait(30)
        made.append(given)
        real(*given)

    monkeypatch.setattr(kept, "_write", slow)
    found: list[int] = []
    asking = [
        threading.Thread(
            target=lambda: found.append(client.get(f"/datasets/{ID}/resolve/v2/{SHARD}").status_code)
        )
        for _ in range(12)
    ]
    for one in asking:
        one.start()
    assert begun.wait(30)
    assert client.get("/api/datasets").status_code == 200, "twelve wait, and none of them holds a registry"
    assert client.get(f"/datasets/{ID}/resolve/v2/helpdesk.py").status_code == 404, (
        "no file needs to be made to say it"
    )
    may.set()
    for one in asking:
        one.join()
    assert found == [200] * 12
    assert len(made) == 1


def test_who_waits_too_long_is_asked_to_come_again(
    own: tuple[Registry, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, client = own
    may, real = threading.Event(), kept._write
    kept.drop_kept(registry)

    def slow(*given: Any) -> None:
        assert may.wait(30)
        real(*given)

    monkeypatch.setattr(kept, "_write", slow)
    monkeypatch.setattr("assay.web.hub.shelf.PATIENCE", 0.05)
    got = client.get(f"/api/datasets/{ID}/tree/v2")
    assert (got.status_code, got.headers["retry-after"]) == (503, "5")
    may.set()
    monkeypatch.setattr("assay.web.hub.shelf.PATIENCE", 30)
    assert client.get(f"/api/datasets/{ID}/tree/v2").status_code == 200


def test_a_failure_of_ours_is_none_of_the_revision(
    own: tuple[Registry, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, client = own

    def full(*given: Any) -> None:
        raise StorageFailure("the disk is full", "make room")

    kept.drop_kept(registry)
    monkeypatch.setattr(kept, "_write", full)
    got = client.get(f"/api/datasets/{ID}/tree/v2")
    assert (got.status_code, got.json()["error"]) == (503, "the disk is full; make room")
    assert "x-error-code" not in got.headers


def test_a_token_opens_it_and_nobody_else(own: tuple[Registry, TestClient]) -> None:
    registry, _ = own
    assert registry.root is not None
    app = create_app(lambda: assay.open(registry.root, actor="ann"), Settings("token"), clock=lambda: 0.0)
    book = Book(registry.root / "server" / "access.sqlite", lambda: 0.0, lambda count: b"\7" * count)
    book.add("bo", {Role.READER}, None)
    reader = book.make_token("bo", {Role.READER}, "", 10**9)
    book.close()
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        address = f"/datasets/{ID}/resolve/v1/README.md"
        got = client.get(address, headers={"authorization": f"Bearer {reader.text}"})
        assert got.status_code == 200
        for headers in ({}, {"authorization": "Bearer hf_wrong"}):
            refusal = client.head(address, headers=headers)
            assert (refusal.status_code, refusal.headers["x-error-code"]) == (401, "GatedRepo")
            assert "HF_TOKEN" in refusal.headers["x-hf-warning"]
            assert refusal.headers["www-authenticate"] == "Bearer"
        told = client.get(f"/api/datasets/{ID}", headers={"authorization": f"Bearer {reader.text}"}).json()
        assert told["private"] is True
