"""Long work: a job is a command line in a process of its own, which outlives page, browser and server."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import html5lib
import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient

import assay
from assay.errors import Conflict, NotFound
from assay.web.app import create_app
from assay.web.jobs.board import Board
from assay.web.jobs.files import keep
from assay.web.jobs.job import Job
from assay.web.jobs.kinds import KINDS, Kind
from assay.web.jobs.processes import born, runs
from assay.web.settings import Settings

SECRET = "sk-of-the-server"


def rows(count: int) -> bytes:
    made = (
        {
            "instruction": f"How do I change order {k}? 第 {k} 单怎么改？",
            "input": "",
            "output": f"Open it: {k * k}.",
        }
        for k in range(count)
    )
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in made)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assay.init(tmp_path / "r", actor="ann")
    return tmp_path / "r"


@pytest.fixture
def web(root: Path) -> Iterator[TestClient]:
    environment = {**os.environ, "LAB_API_KEY": SECRET, "PASSWORD": "p"}
    app = create_app(lambda: assay.open(root, actor="ann"), Settings(), environment=environment)
    with TestClient(app, base_url="http://127.0.0.1") as made:
        yield made


@pytest.fixture
def board(root: Path) -> Iterator[Board]:
    made = Board(root / "server" / "jobs", root, dict(os.environ), time.time, os.urandom, at_once=1, kept=3)
    yield made
    made.close()


def over(board: Board, id: str) -> Job:
    """The job, once it has ended."""
    until = time.monotonic() + 60
    while not (found := board.job(id)).over:
        assert time.monotonic() < until, found
        time.sleep(0.05)
        board.tend()
    return found


def ended(web: TestClient, id: str) -> dict[str, object]:
    until = time.monotonic() + 60
    while (found := web.get(f"/api/jobs/{id}").json())["live"]:
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return dict(found)


def sent(web: TestClient, data: bytes, name: str = "tickets.jsonl") -> str:
    made = web.post("/api/uploads", params={"name": name}, content=data)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_a_curation_from_an_upload_is_an_operation_like_any_other(web: TestClient, root: Path) -> None:
    source = sent(web, rows(50) + rows(1))
    plan = web.post(
        "/api/commands/curate", json={"name": "help", "sources": [source], "dry_run": True}
    ).json()
    page = ended(web, plan["answer"]["job"])
    assert page["line"]["state"] == "done"  # type: ignore[index]
    assert (page["version"], page["dry_run"], page["read"]) == (None, True, 51)
    assert assay.open(root).datasets() == []
    made = web.post(f"/api/jobs/{plan['answer']['job']}/again", json={}).json()
    page = ended(web, made["answer"]["job"])
    version = assay.open(root).version("help@v1")
    assert (page["version"], page["operation"]) == ("help@v1", version.operation.seq)
    assert version.operation.actor == "ann"
    assert [source["uri"] for source in version.sources] == [f"upload-{source_id(web)}/tickets.jsonl"]
    assert (
        web.get("/api/commands/why", params={"ref": "help", "source": "tickets.jsonl", "record": 51}).json()[
            "outcome"
        ]
        == "rejected"
    )
    assert {one["phase"] for one in page["phases"]} >= {"deciding", "writing"}  # type: ignore[attr-defined]
    html = web.get(f"/jobs/{made['answer']['job']}")
    html5lib.HTMLParser(strict=True).parse(html.text)
    assert "help@v1" in html.text
    assert "<svg" in html.text
    words = shlex.split(str(page["command"]))
    assert words[:2] == ["assay", "curate"]
    assert SECRET not in "".join(
        path.read_text("utf-8", "replace") for path in (root / "server").rglob("*.json")
    )


def source_id(web: TestClient) -> str:
    return str(web.get("/api/uploads").json()["uploads"][0]["id"])[:8]


def test_forms_work_without_script(web: TestClient) -> None:
    page = web.get("/new")
    token = page.text.partition('name="form-token" content="')[2].partition('"')[0]
    browser = {"origin": "http://127.0.0.1"}
    made = web.post(
        f"/uploads?form={token}&back=/new", files={"file": ("票.jsonl", rows(5))}, headers=browser,
        follow_redirects=False,
    )  # fmt: skip
    assert (made.status_code, made.headers["location"]) == (303, "/new")
    elsewhere = web.post(
        f"/uploads?form={token}&back=//evil.example", files={"file": ("a.jsonl", rows(5))}, headers=browser,
        follow_redirects=False,
    )  # fmt: skip
    assert elsewhere.headers["location"] == "/uploads"
    assert "票.jsonl" in web.get("/new").text
    uploads = web.get("/api/uploads").json()["uploads"]
    data = {"name": "help", "sources": [one["id"] for one in uploads], "recipe": "default", "yaml": ""}
    led = web.post(f"/commands/curate?form={token}", data=data, headers=browser, follow_redirects=False)
    assert led.status_code == 303
    assert ended(web, led.headers["location"].rpartition("/")[2])["version"] == "help@v1"
    assert web.post("/commands/curate", data=data, headers=browser).status_code == 403, "no form token"


@pytest.mark.parametrize(
    "path",
    ["/jobs", "/new", "/new?kind=import", "/new?kind=freeze", "/new?kind=verify", "/uploads", "/recipe", "/"],
)
def test_pages_are_valid_when_there_is_nothing(web: TestClient, path: str) -> None:
    page = web.get(path)
    assert page.status_code == 200
    html5lib.HTMLParser(strict=True).parse(page.text)


def test_only_parts_are_swapped(web: TestClient) -> None:
    for path, target in (
        ("/jobs", "jobs-list"),
        ("/", "building"),
        ("/recipe?yaml=stages: 3", "recipe-said"),
    ):
        part = web.get(path, headers={"hx-request": "true", "hx-target": target})
        assert part.status_code == 200
        assert "<html" not in part.text


def test_a_recipe_is_checked_at_once_and_every_problem_is_told(web: TestClient) -> None:
    bad = "stages:\n  - near_dedup: {thresold: 0.8}\n  - nonsense: {}\n"
    said = web.get("/api/recipe", params={"yaml": bad}).json()["problems"]
    assert len(said) >= 2
    good = web.get("/api/recipe", params={"yaml": "stages:\n  - exact_dedup: {}\n"}).json()
    assert (good["problems"], good["stages"]) == ([], ["exact_dedup"])
    source = sent(web, rows(3))
    refused = web.post("/api/commands/curate", json={"name": "help", "sources": [source], "yaml": bad})
    assert refused.status_code == 400
    assert all(one in refused.json()["error"]["message"] for one in said)
    mine = {"name": "help", "sources": [source], "yaml": "stages:\n  - exact_dedup: {}\n"}
    assert (
        ended(web, web.post("/api/commands/curate", json=mine).json()["answer"]["job"])["version"]
        == "help@v1"
    )


@pytest.mark.parametrize(
    "source",
    [
        "/etc/passwd", "../../../etc/passwd", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data",
        "s3://bucket/key", "--recipe=x", "-", "", "\x00", "a" * 32, "../" * 8 + "registry.json", "registry.json",
        "\\\\host\\share", "~root/x", "/dev/stdin", "/proc/self/environ",
    ],
)  # fmt: skip
def test_a_path_or_address_from_a_request_is_never_opened(web: TestClient, root: Path, source: str) -> None:
    for field in ("sources", "eval"):
        body = {"name": "help", "sources": [sent(web, rows(2))], field: [source]}
        answer = web.post("/api/commands/curate", json=body)
        assert answer.status_code in (400, 404), answer.text
    answer = web.post(
        "/api/commands/curate",
        json={"name": "help", "sources": [sent(web, rows(2))], "recipe": source or "x"},
    )
    assert answer.status_code == 400
    assert not list((root / "server" / "jobs").glob("2*"))


def test_a_recipe_from_outside_names_no_file_of_the_server(web: TestClient) -> None:
    yaml = "stages:\n  - toxicity: {model: /etc/passwd}\n"
    answer = web.post(
        "/api/commands/curate", json={"name": "a", "sources": [sent(web, rows(2))], "yaml": yaml}
    )
    assert answer.json()["error"]["code"] == "invalid_recipe"
    assert "toxicity.model" in answer.json()["error"]["message"]


def test_a_file_that_was_read_before_may_be_named_again(web: TestClient, root: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw=1.jsonl"
    raw.write_bytes(rows(4))
    assay.open(root, actor="ann").curate("help", [str(raw)])
    assert [one["uri"] for one in web.get("/api/d/help/build").json()["known"]] == [str(raw)]
    made = web.post("/api/commands/import", json={"name": "help", "sources": [str(raw)]}).json()
    assert ended(web, made["answer"]["job"])["version"] == "help@v2"
    assert assay.open(root).version("help").sources[0]["uri"] == str(raw)
    raw.unlink()
    assert web.get("/api/d/help/build").json()["known"] == []


def test_no_word_of_a_form_passes_for_an_option() -> None:
    for kind in KINDS:
        if not kind.asked:
            continue
        given = kind.model.model_validate(({"n": 1} if kind.name == "generate" else {}) |
            {one.name: ["--yes"] if one.widget in ("sources", "lines") else "--yes" for one in kind.asked
             if one.widget not in ("flag", "number")}
        )  # fmt: skip
        line = kind.line(given, {})
        before = line[: line.index("--", len(kind.words))]
        assert all(word == "--" or "=" in word or word in kind.words for word in before), line


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_form_asks_for_options_that_its_command_has(kind: Kind) -> None:
    from assay.cli.main import group

    command, context = group, None
    for word in (word for word in kind.words if not word.startswith("--")):
        found = command.get_command(context, word)  # type: ignore[arg-type]
        assert found is not None
        command = found  # type: ignore[assignment]
    options = {name for parameter in command.params for name in parameter.opts}
    asked = [one.option for one in kind.asked if one.option is not None]
    assert set(asked) <= options
    assert not kind.plans or "--dry-run" in options


def test_a_failed_gate_is_shown_as_findings(web: TestClient) -> None:
    policy = "rules:\n  - size: {min: 1000, commit: refuse}\n"
    put = web.post("/api/commands/policy/set", json={"yaml": policy})
    if put.status_code != 200:
        pytest.fail(put.text)
    made = web.post("/api/commands/curate", json={"name": "help", "sources": [sent(web, rows(3))]}).json()
    page = ended(web, made["answer"]["job"])
    assert page["findings"], page
    html5lib.HTMLParser(strict=True).parse(web.get(f"/jobs/{made['answer']['job']}").text)


def test_jobs_wait_for_their_turn_and_the_oldest_leave(board: Board) -> None:
    made = [board.ask("list", "", "ann", lambda folder: ["list"]) for _ in range(5)]
    assert [board.job(one.id).state for one in made[1:]] == ["queued"] * 4
    done = [over(board, one.id) for one in made[2:]]
    assert [one.state for one in done] == ["done"] * 3
    assert done[0].answer == {"datasets": [], "eval_sets": []}
    board.tend()
    assert [one.id for one in board.jobs()] == [one.id for one in reversed(made[2:])]
    with pytest.raises(NotFound):
        board.job(made[0].id)


def test_a_cancelled_job_ends_and_writes_nothing(board: Board, root: Path, tmp_path: Path) -> None:
    raw = tmp_path / "big.jsonl"
    raw.write_bytes(rows(60_000))
    made = board.ask(
        "curate", "help", "ann", lambda folder: ["curate", "--workers=1", "--", "help", str(raw)]
    )
    waits = board.ask("list", "", "ann", lambda folder: ["list"])
    assert board.cancel(waits.id, "bob").state == "cancelled"
    until = time.monotonic() + 30
    while not board.job(made.id).phases and time.monotonic() < until:
        time.sleep(0.05)
    assert board.job(made.id).phases, "it tells how far it is"
    board.cancel(made.id, "bob")
    end = over(board, made.id)
    assert (end.state, end.cancelled_by) == ("cancelled", "bob")
    assert assay.open(root).datasets() == []
    with pytest.raises(Conflict):
        board.cancel(made.id, "bob")


def test_another_server_finds_what_this_one_started(board: Board, root: Path, tmp_path: Path) -> None:
    raw = tmp_path / "some.jsonl"
    raw.write_bytes(rows(20_000))
    made = board.ask(
        "curate", "help", "ann", lambda folder: ["curate", "--workers=1", "--", "help", str(raw)]
    )
    board._children.clear()  # as if it had been killed
    other = Board(board.folder, root, dict(os.environ), time.time, os.urandom)
    assert other.job(made.id).state == "running"
    assert over(other, made.id).state == "done"
    assert assay.open(root).version("help@v1").operation.actor == "ann"
    other.close()


def test_a_job_whose_process_is_gone_is_said_to_be_lost(board: Board, root: Path) -> None:
    made = board.ask("list", "", "ann", lambda folder: ["list"])
    over(board, made.id)
    folder = board.folder / made.id
    for name in ("result.json", "brief.json", "exit.json"):
        (folder / name).unlink()
    (folder / "stdout").write_bytes(b"")
    keep(folder / "process.json", {"pid": os.getpid(), "born": "another boot 7", "time": time.time()})
    other = Board(board.folder, root, {}, time.time, os.urandom)
    found = over(other, made.id)
    other.close()
    assert found.state == "lost"
    assert found.error is not None
    assert "nobody saw it end" in found.error["message"]


def test_a_job_that_failed_says_what_the_command_said(board: Board) -> None:
    made = board.ask("show", "", "ann", lambda folder: ["show", "--", "nothing"])
    found = over(board, made.id)
    assert (found.state, found.exit) == ("failed", 2)
    assert found.error is not None
    assert found.error["code"] == "not_found"


def test_a_process_is_told_from_a_later_one_of_its_number() -> None:
    mine = born(os.getpid())
    assert mine is not None
    assert runs(os.getpid(), mine)
    assert not runs(os.getpid(), mine + "0")
    assert born(2**22 + 1) is None


def test_keys_of_providers_reach_only_what_spends(root: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "LAB_API_KEY": SECRET, "OTHER": "x"}
    seen = {}
    board = Board(tmp_path / "jobs", root, environment, time.time, os.urandom)
    for spends in (False, True):
        made = board.ask("list", "", "ann", lambda folder: ["list"], spends=spends)
        process = json.loads((board.folder / made.id / "process.json").read_bytes())
        try:
            seen[spends] = Path(f"/proc/{process['pid']}/environ").read_bytes()
        except OSError:
            pytest.skip("the environment of a process cannot be read here")
        over(board, made.id)
        assert SECRET not in "".join(
            p.read_text("utf-8", "replace") for p in board.folder.rglob("*") if p.is_file()
        )
    board.close()
    assert SECRET.encode() in seen[True]
    assert SECRET.encode() not in seen[False]
    assert b"OTHER=" not in seen[True]


def test_where_models_are_called_is_the_servers_to_say(root: Path) -> None:
    settings = Settings(jobs=0, endpoints=("lab=http://127.0.0.1:9/v1",))
    with TestClient(
        create_app(lambda: assay.open(root, actor="ann"), settings), base_url="http://127.0.0.1"
    ) as web:
        body = {"ref": "help", "models": ["lab/m"], "budget": "5"}
        for more in (
            {"endpoints": ["openai=http://evil.example"]},
            {"endpoint": "openai=http://evil.example"},
        ):
            assert web.post("/api/commands/judge/run", json=body | more).status_code == 422
        assert (
            web.post("/api/commands/judge/run", json={"ref": "help", "models": ["lab/m"]}).status_code == 422
        )
        assert web.post("/api/commands/judge/run", json=body | {"rubric": "/etc/passwd"}).status_code == 404
        made = web.post("/api/commands/judge/run", json=body | {"n": 3}).json()["answer"]["job"]
        words = json.loads((root / "server" / "jobs" / made / "spec.json").read_bytes())["words"]
        assert words == [
            "judge",
            "run",
            "--endpoint=lab=http://127.0.0.1:9/v1",
            "--model=lab/m",
            "--budget=5",
            "--n=3",
            "--",
            "help",
        ]
        assert json.loads((root / "server" / "jobs" / made / "spends.json").read_bytes()) is True
        yaml = "stages:\n  - judge: {models: [lab/m]}\n"
        curate = {"name": "help", "sources": [sent(web, rows(2))], "yaml": yaml}
        assert "calls language models" in web.post("/api/commands/curate", json=curate).text
        assert web.post("/api/commands/curate", json=curate | {"budget": "1"}).status_code == 200
        outside = curate | {
            "yaml": "stages:\n  - judge: {models: [lab/m], rubric: /etc/passwd}\n",
            "budget": "1",
        }
        assert web.post("/api/commands/curate", json=outside).json()["error"]["code"] == "invalid_recipe"
        assert (
            web.post(
                "/api/commands/generate",
                json={"name": "a", "template": "/etc/passwd", "n": 1, "models": ["lab/m"], "budget": "1"},
            ).status_code
            == 404
        )
