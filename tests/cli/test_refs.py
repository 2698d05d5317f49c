"""branch, tag, merge, rollback, blame and --as-of on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_commands import plain, ticket

Run = Callable[..., Any]


@pytest.fixture
def forked(assay_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """help: v1; v2 on the branch try, which edits ticket 3; v3 on main, which edits it otherwise."""
    monkeypatch.chdir(tmp_path)
    for name, answer in (("a", None), ("b", "一个答案"), ("c", "another answer")):
        rows = [ticket(n) for n in range(20)]
        if answer:
            rows[3]["output"] = answer
        Path(f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    assert assay_run("init").code == 0
    assert assay_run("--actor", "mira", "import", "help", "a.jsonl").code == 0
    assert assay_run("branch", "help", "try").code == 0
    assert assay_run("--actor", "bo", "import", "help", "b.jsonl", "--branch", "try").code == 0
    call = assay_run("curate", "help", "c.jsonl", "--recipe", "import", "--branch", "main")
    assert call.code == 0
    assert "assay diff help@v1 help@v3 --rows" in call.out
    return tmp_path


def test_branches_and_tags_are_listed(assay_run: Run, forked: Path) -> None:
    assert assay_run("branch", "help", "--json").json == {
        "dataset": "help",
        "branches": [
            {"dataset": "help", "branch": "main", "start": "help@v1", "head": "help@v3", "versions": 2},
            {"dataset": "help", "branch": "try", "start": "help@v1", "head": "help@v2", "versions": 1},
        ],
    }
    assert assay_run("branch", "help", "b2", "--from", "try", "--dry-run").out == "would make help@b2 at v2\n"
    assert assay_run("branch", "help", "b2", "--from", "help@v1", "--json").json["start"] == "help@v1"
    assert assay_run("branch", "help", "b2").code == 2
    assert assay_run("tag", "help").out == "no tags\n"
    assert assay_run("tag", "help@v1", "good").out == "help@v1 is help@good\n"
    assert assay_run("tag", "help@try", "good").code == 2
    assert assay_run("tag", "help@try", "good", "--move", "--json").json["version"] == "help@v2"
    for name in ("branch", "tag"):
        call = assay_run(name, "help")
        assert call.code == 0
        plain(call.out)


def test_a_merge_that_contradicts_ends_with_3(assay_run: Run, forked: Path) -> None:
    call = assay_run("merge", "help", "try")
    assert (call.code, call.out) == (3, "")
    assert "edited by both" in call.err
    assert "--resolve" in call.err
    error = assay_run("merge", "help", "try", "--json")
    assert error.code == 3
    (conflict,) = error.json["error"]["conflicts"]
    assert error.json["error"]["code"] == "merge_conflict"
    assert assay_run("merge", "help", "try", "--ours", "--theirs").code == 2
    planned = assay_run("merge", "help", "try", "--theirs", "--dry-run")
    assert planned.code == 0
    plain(planned.out)
    Path("d.jsonl").write_text(json.dumps(conflict | {"take": "theirs"}) + "\n")
    done = assay_run("--actor", "cy", "merge", "help", "try", "--resolve", "d.jsonl", "-m", "bo's", "--json")
    assert (done.json["version"], done.json["base"], done.json["edited"]) == ("help@v4", "help@v1", 1)
    assert done.json["conflicts"] == [conflict | {"take": "theirs"}]
    assert assay_run("merge", "help", "try").out.startswith("nothing to merge")
    blame = assay_run("blame", "help", conflict["theirs"]["edited_to"], "--json").json
    assert (blame["brought"]["actor"], blame["since"][0]["actor"]) == ("bo", "cy")
    for words in (
        ("blame", "help", conflict["theirs"]["edited_to"][:12]),
        ("trace", conflict["id"]),
        ("log", "help"),
    ):
        call = assay_run(*words)
        assert call.code == 0
        plain(call.out)
    assert "merged" in assay_run("blame", "help", conflict["theirs"]["edited_to"]).out
    assert "to " in assay_run("trace", conflict["id"]).out


def test_a_rollback_says_why(assay_run: Run, forked: Path) -> None:
    assert assay_run("rollback", "help", "v1").code == 2
    dry = assay_run("rollback", "help", "v1", "--reason", "坏了", "--dry-run", "--json").json
    assert (dry["version"], dry["edited"], dry["dry_run"]) == (None, 1, True)
    call = assay_run("rollback", "help", "v1", "--reason", "坏了")
    assert call.code == 0
    assert call.out.startswith("help@v4  the examples of help@v1\n")
    plain(call.out)
    assert "坏了" in assay_run("log", "help").out
    assert assay_run("log", "--json").json["operations"][-1]["said"] == "坏了"


def test_as_of_answers_as_of_then_and_writes_nothing(assay_run: Run, forked: Path) -> None:
    assert assay_run("--as-of", "2001-01-01", "list").out == "no datasets yet\n"
    assert len(assay_run("list", "--json", "--as-of", "2999-01-01").json["datasets"]) == 1
    assert assay_run("show", "help", "--as-of", "2001-01-01").code == 2
    assert assay_run("list", "--as-of", "yesterday").code == 2
    for words in (
        ("curate", "help", "a.jsonl"),
        ("tag", "help", "x"),
        ("branch", "help", "x"),
        ("rollback", "help", "v1", "--reason", "x"),
        ("merge", "help", "try", "--ours"),
        ("gc",),
        ("verify",),
        ("init", "new"),
    ):
        call = assay_run(*words, "--as-of", "2999-01-01")
        assert call.code == 2, words
        assert "moment" in call.err or "the past" in call.err
