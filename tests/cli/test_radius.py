"""runs and radius on the command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Call

Run = Callable[..., Call]


def test_the_commands_that_mend_can_be_copied(
    assay_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [
        {"input": f"Question {k} 问题?", "output": f"Answer {k * 7}", "generator": "it's/bad"}
        for k in range(4)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    assert assay_run("init").code == 0
    assert assay_run("import", "desk", str(tmp_path / "a.jsonl")).code == 0
    assert assay_run("runs", "link", "desk@v1", "run-1", "--model", "m").code == 0
    assert [r["run"] for r in assay_run("runs", "list", "--json").json["runs"]] == ["run-1"]
    shown = assay_run("radius", "--generator", "it's/bad")
    assert shown.code == 0 and "run-1" in shown.out
    line = next(line for line in shown.out.splitlines() if " disable " in line)
    assert shlex.split(line)[:5] == ["assay", "disable", "desk", "--where", "generator = 'it''s/bad'"]
    assert assay_run("radius", "--generator", "it's/bad", "--json").json["examples"] == 4


def test_a_radius_is_of_one_thing(assay_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assay_run("init")
    for words in ([], ["--generator", "a", "--licence", "b"]):
        call = assay_run("radius", *words)
        assert call.code == 2 and "of one thing" in call.err
