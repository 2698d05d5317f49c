"""Everything the terminal does, over HTTP: each command has a route, or stands here with the reason why not."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient

import assay
from assay.cli.main import COMMANDS, group, run
from assay.web.app import create_app
from assay.web.commands.declaring import AT, declared
from assay.web.jobs.kinds import KINDS
from assay.web.settings import Settings

NOT_HERE = {
    "init": "makes a registry; a server has one",
    "serve": "is the server",
    "run": "starts a program, where the training is; a server starts none for others",
    "audit key": "a private key is made where it is kept, and never on a server for others",
    "judge calibrate": "reads label files beside the registry, and is about no version",
    "judge bias": "reads label files beside the registry, and is about no version",
    "runs results": "reads files of other tools, from where a training run left them",
    "review import": "a file of verdicts; `review accept`, `reject` and `edit` take many at once",
    "access add": "writes people in: by whoever has the machine, or in /settings",
    "access change": "changes people: by whoever has the machine, or in /settings",
    "access list": "lists people: by whoever has the machine, or in /settings",
    "access token": "makes a secret: by whoever has the machine, or in /settings",
    "access revoke": "ends a token: by whoever has the machine, or in /settings",
}


def commands(within: click.Group, before: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command of the terminal, as its words."""
    context = click.Context(within)
    for name in within.list_commands(context):
        found = within.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from commands(found, (*before, name))
        else:
            yield " ".join((*before, name))


@pytest.fixture
def web(folder: Path, tmp_path: Path) -> Iterator[TestClient]:
    import shutil

    shutil.copytree(folder, tmp_path / "r")
    app = create_app(lambda: assay.open(tmp_path / "r", actor="ann"), Settings(), environment=os.environ)
    with TestClient(app, base_url="http://127.0.0.1") as made:
        yield made


def test_every_command_has_a_route_or_a_reason() -> None:
    assert isinstance(group, click.Group)
    here = {one.words for one in declared()} | {kind.at.replace("/", " ") for kind in KINDS} - {"gold freeze"}
    every = set(commands(group))
    assert every - here - NOT_HERE.keys() == set()
    assert here <= every, "no command over HTTP that the terminal does not have"
    assert not here & NOT_HERE.keys()
    assert COMMANDS.keys() >= {words.partition(" ")[0] for words in here}


READS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "list": ([], {}),
    "show": (["help@v1"], {"what": "help@v1"}),
    "head": (["help", "-n", "2"], {"ref": "help", "n": 2}),
    "search": (["退款"], {"query": "退款"}),
    "query": (["SELECT count(*) AS n FROM examples"], {"sql": "SELECT count(*) AS n FROM examples"}),
    "facts": (["help"], {"ref": "help"}),
    "stats": (["help"], {"ref": "help"}),
    "collapse": (["help"], {"ref": "help"}),
    "drift": (["help@v1", "help@v2"], {"a": "help@v1", "b": "help@v2"}),
    "trend": (["help"], {"name": "help"}),
    "compare": (["help@v1", "help@v2"], {"a": "help@v1", "b": "help@v2"}),
    "find": (["help", "退款", "--limit", "3"], {"ref": "help", "query": "退款", "limit": 3}),
    "rejected": (["help@v2"], {"ref": "help@v2"}),
    "runs list": ([], {}),
    "template list": ([], {}),
    "review list": ([], {}),
    "diff": (["help@v1", "help@v2", "--rows"], {"a": "help@v1", "b": "help@v2", "rows": True}),
    "why": (["help", "raw.jsonl:1"], {"ref": "help", "source": "raw.jsonl", "record": 1}),
    "sweep": (
        ["help@v2", "near_dedup", "--threshold", "0.7:0.9:0.1"],
        {"ref": "help@v2", "stage": "near_dedup", "threshold": "0.7:0.9:0.1"},
    ),
    "radius": (["--source", "RAW"], {"kind": "source", "value": "RAW"}),
    "lineage": (["help@v2"], {"ref": "help@v2"}),
    "check": (["help"], {"ref": "help"}),
    "branch": (["help"], {"name": "help"}),
    "tag": (["help"], {"ref": "help"}),
    "policy show": ([], {}),
    "policy rules": (["pii"], {"rule": "pii"}),
    "verify": (["--fast"], {}),
    "audit verify": ([], {}),
    "audit proof": (["1"], {"seq": 1}),
    "audit verifier": ([], {}),
    "log": ([], {}),
    "audit log": ([], {}),
    "doctor": (["--dry-run"], {}),
}


@pytest.mark.parametrize("words", READS)
def test_a_read_gives_the_answer_of_the_terminal(
    web: TestClient, folder: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], words: str
) -> None:
    raw = str(folder.parent / "raw.jsonl")
    arguments, given = READS[words]
    arguments = [raw if one == "RAW" else one for one in arguments]
    given = {name: raw if value == "RAW" else value for name, value in given.items()}
    code = run([*words.split(), *arguments, "--json", "--registry", str(tmp_path / "r")])
    printed = json.loads(capfdbinary.readouterr().out)
    answer = web.get(f"{AT}/{words.replace(' ', '/')}", params=given)
    assert answer.status_code == 200, answer.text
    assert answer.headers["assay-exit"] == str(code)
    found = answer.json()
    if words in ("log", "audit log"):
        assert [one["seq"] for one in found["operations"]] == [one["seq"] for one in printed["operations"]]
        assert found["total"] == len(printed["operations"])
        return
    for free in ("elapsed_seconds", "seconds"):
        printed.pop(free, None), found.pop(free, None)
    found.pop("more", None)
    assert found == printed


def test_examples_are_found_by_id(web: TestClient) -> None:
    id = web.get(f"{AT}/head", params={"ref": "help"}).json()["examples"][0]["id"]
    assert web.get(f"{AT}/trace", params={"id": id}).json()["id"] == id
    assert web.get(f"{AT}/show", params={"what": id}).json()["id"] == id
    assert web.get(f"{AT}/blame", params={"ref": "help", "id": id}).status_code == 200
    then = web.get(f"{AT}/list", params={"as_of": "2001-01-01"})
    assert then.json()["datasets"] == []


def test_a_review_goes_from_queue_to_version(web: TestClient) -> None:
    made = web.post(f"{AT}/review/create", json={"name": "q", "ref": "help@v2", "n": 3})
    assert made.status_code == 200, made.text
    ids = [web.get(f"{AT}/review/next", params={"queue": "q"}).json()["id"]]
    assert web.post(f"{AT}/review/reject", json={"queue": "q", "ids": ids, "comment": "no"}).json()[
        "operation"
    ]
    rest = [
        one["id"]
        for one in web.get(f"{AT}/review/export", params={"queue": "q"}).json()["rows"]
        if one["id"] not in ids
    ]
    assert web.post(f"{AT}/review/accept", json={"queue": "q", "ids": rest}).status_code == 200
    assert web.get(f"{AT}/review/status", params={"queue": "q"}).status_code == 200
    assert web.get(f"{AT}/review/agreement", params={"queue": "q"}).status_code == 200
    done = web.post(f"{AT}/review/apply", json={"queue": "q"})
    assert done.status_code == 200, done.text
    assert web.get(f"{AT}/show", params={"what": "help@v3"}).status_code == 200


def test_changes_are_the_use_cases_of_the_terminal(web: TestClient) -> None:
    id = web.get(f"{AT}/head", params={"ref": "help"}).json()["examples"][0]["id"]

    def post(words: str, **body: Any) -> dict[str, Any]:
        answer = web.post(f"{AT}/{words.replace(' ', '/')}", json=body)
        assert answer.status_code == 200, (words, answer.text)
        return dict(answer.json())

    assert post("tag", ref="help@v1", tag="first", dry_run=True)["dry_run"]
    post("tag", ref="help@v1", tag="first")
    assert web.get(f"{AT}/show", params={"what": "help@first"}).json()["version"] == "help@v1"
    post("branch", name="help", branch="side", **{"from": "help@v2"})
    post("fact", name="help", facts={"topic": "refund", "score": 4.5}, id=[id])
    assert post("disable", name="help", id=[id], reason="bad")["version"] == "help@v3"
    assert post("enable", name="help", where=f"id = '{id}'", reason="good")["version"] == "help@v4"
    assert post("rollback", name="help", ref="v1", reason="better")["version"] == "help@v5"
    post("merge", name="help", branch="side", dry_run=True)
    post("runs link", ref="help@v1", run="run-1", model="m")
    assert post("policy set", yaml="rules:\n  - size: {min: 1}\n")["dataset"] is None
    assert post("policy test", yaml="rules:\n  - size: {min: 1000}\n", ref="help")["passed"] is False
    post("gold", name="g", n=5, **{"from": "help@v2"})
    assert web.get(f"{AT}/gold", params={"name": "g"}).status_code == 200
    post("compact", name="help", dry_run=True)
    assert post("gc")["removed"] is False
    assert post("audit checkpoint", dry_run=True)
    assert post("forget", ids=[id], reason="asked", dry_run=True)
    post("revoke", ref="help@v2", reason="wrong", dry_run=True)
    refused = web.post(f"{AT}/approve", json={"ref": "help@v5"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")


def test_an_export_is_a_zip_with_the_lines_of_the_terminal(web: TestClient, tmp_path: Path) -> None:
    for shape in ("source", "messages", "ledger"):
        assert (
            run(
                [
                    "export",
                    "help@v2",
                    str(tmp_path / shape),
                    "--format",
                    shape,
                    "--json",
                    "--registry",
                    str(tmp_path / "r"),
                ]
            )
            == 0
        )
        answer = web.get(f"{AT}/export", params={"ref": "help@v2", "format": shape})
        assert answer.headers["content-disposition"].startswith("attachment")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
            assert packed.testzip() is None
            found = {name: packed.read(name) for name in packed.namelist()}
        assert found == {path.name: path.read_bytes() for path in (tmp_path / shape).iterdir()}
    assert web.get(f"{AT}/export", params={"ref": "help@v2", "format": "parquet"}).status_code == 400
    assert web.get(f"{AT}/export", params={"ref": "help@v9"}).status_code == 404
    for _ in range(5):  # what was refused gave its place back
        assert web.get(f"{AT}/export", params={"ref": "help@v2", "where": "nonsense ="}).status_code == 400
    assert web.get(f"{AT}/export", params={"ref": "help@v2"}).status_code == 200


def test_papers_are_kept_and_never_shown(web: TestClient) -> None:
    for path, params in (("card", {"format": "html"}), ("card", {}), ("report", {})):
        answer = web.get(f"{AT}/{path}", params={"ref": "help@v2", **params})
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    made = web.post(f"{AT}/evidence", json={"ref": "help@v2"})
    assert made.status_code == 200, made.text
    assert zipfile.ZipFile(io.BytesIO(made.content)).testzip() is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY examples TO '/var/x'",
        "ATTACH '/var/x.db'",
        "INSTALL httpfs",
        "SELECT * FROM read_text('http://169.254.169.254/')",
        "SELECT getenv('HOME')",
        "PRAGMA database_list",
        "SET memory_limit='1TB'",
    ],
)
def test_a_query_reads_no_file_and_no_address(web: TestClient, sql: str) -> None:
    assert web.get(f"{AT}/query", params={"sql": sql}).status_code == 400


def test_a_query_is_bounded_in_rows(web: TestClient) -> None:
    found = web.get(f"{AT}/query", params={"sql": "SELECT * FROM range(50)", "limit": 10})
    if found.status_code == 200:
        assert (len(found.json()["rows"]), found.json()["more"]) == (10, True)
    found = web.get(f"{AT}/query", params={"sql": "SELECT id FROM examples", "limit": 3}).json()
    assert (len(found["rows"]), found["more"]) == (3, True)


@pytest.mark.parametrize("source", ["/etc/passwd", "file:///etc/passwd", "../../registry.json"])
def test_why_opens_nothing(web: TestClient, source: str) -> None:
    answer = web.get(f"{AT}/why", params={"ref": "help", "source": source, "record": 1})
    assert answer.status_code == 404
