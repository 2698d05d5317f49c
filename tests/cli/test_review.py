"""review and gold on the command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Call

Run = Callable[..., Call]
HOSTILE = "\x1b[31m红色\u202e"


@pytest.fixture
def desk(assay_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    rows = [
        {
            "input": f"Where is parcel {k * 7919}? 包裹在哪里？",
            "output": f"Parcel {k} left on day {k * 31 % 97}. {HOSTILE}",
            "topic": ["refund", "账单"][k % 2],
        }
        for k in range(30)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    assert assay_run("init").code == 0
    assert assay_run("import", "desk", "a.jsonl").code == 0
    return assay_run


def test_a_review_from_queue_to_version(desk: Run, tmp_path: Path) -> None:
    assert "no queue yet" in desk("review", "list").out
    made = desk(
        "review", "create", "tone", "desk", "-n", "6", "--by", "topic", "--double", "--note", "礼貌吗？"
    )
    assert made.code == 0 and "礼貌吗？" in made.out and "blind" in made.out
    shown = desk("review", "next", "tone", "--actor", "ann")
    assert "\x1b" not in shown.out and "\u202e" not in shown.out and "\\x1b[31m红色\\u202e" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    line = next(line for line in shown.out.splitlines() if " accept " in line)
    assert shlex.split(line)[:4] == ["assay", "review", "accept", "tone"]
    ids = []
    for who in ("ann", "bob"):
        ids.clear()
        while one := desk("review", "next", "tone", "--actor", who, "--json").json["id"]:
            ids.append(one)
            words = ("accept", "tone", one) if len(ids) % 3 else ("reject", "tone", one, "--comment", "太短")
            done = desk("review", *words, "--actor", who, "--tag", "reason=语气", "--score", "3", "--json")
            assert done.code == 0 and done.json["verdict"] == words[0]
    assert "nothing of tone is left for ann" in desk("review", "next", "tone", "--actor", "ann").out
    status = desk("review", "status", "tone", "--json").json
    assert status["states"]["open"] == 0
    while one := desk("review", "next", "tone", "--conflicts", "--actor", "cat", "--json").json["id"]:
        assert "Said of it" in desk("review", "show", "tone", one, "--actor", "cat").out
        assert desk("review", "adjudicate", "tone", one, "reject", "--actor", "cat").code == 0
    figures = desk("review", "agreement", "tone")
    assert "Krippendorff's alpha" in figures.out and "reason=语气" in figures.out
    assert desk("review", "agreement", "tone", "--json").json["overall"]["percent"]["n"] == 6
    dry = desk("review", "apply", "tone", "--dry-run", "--json").json
    assert dry["version"] is None and dry["rejected"] + dry["accepted"] == 6
    applied = desk("review", "apply", "tone", "-m", "第一轮")
    assert applied.code == 0 and "desk@v2" in applied.out
    assert "in a version" in desk("review", "status", "tone").out and "tone" in desk("review", "list").out
    assert desk("review", "list", "--json").json["queues"][0]["applied"] == 6


def test_an_edit_and_its_pair(desk: Run, tmp_path: Path) -> None:
    desk("review", "create", "q", "desk", "-n", "2")
    shown = desk("review", "next", "q", "--actor", "ann", "--json").json
    shown["payload"]["messages"][-1]["content"] = "更好的回答"
    (tmp_path / "p.json").write_text(json.dumps(shown), encoding="utf-8")
    assert desk("review", "edit", "q", shown["id"], "--actor", "ann", "--payload", "p.json").code == 0
    desk("review", "apply", "q")
    assert desk("export", "desk@v2", "out", "--format", "edits").code == 0
    pair = json.loads((tmp_path / "out" / "edits.jsonl").read_text("utf-8"))
    assert pair["chosen"][0]["content"] == "更好的回答" and HOSTILE in pair["rejected"][0]["content"]
    assert desk("radius", "--reviewer", "ann", "--json").json["examples"] == 2
    mend = next(line for line in desk("radius", "--reviewer", "ann").out.splitlines() if " create " in line)
    assert desk(*shlex.split(mend)[1:]).code == 0


def test_out_to_a_file_and_back(desk: Run, tmp_path: Path) -> None:
    desk("review", "create", "q", "desk", "--sample", "stratified", "-n", "4")
    assert "4 rows" in desk("review", "export", "q", "q.jsonl").out
    rows = [json.loads(line) for line in (tmp_path / "q.jsonl").read_text("utf-8").splitlines()]
    filled = "".join(json.dumps(row | {"verdict": "accept"}) + "\n" for row in rows)
    (tmp_path / "q.jsonl").write_text(filled, encoding="utf-8")
    assert "accept 4" in desk("review", "import", "q", "q.jsonl", "--dry-run").out
    assert desk("review", "import", "q", "q.jsonl", "--json").json["accept"] == 4
    applied = desk("review", "apply", "q")
    assert applied.code == 0 and "nothing to change" in applied.out


def test_a_program_reviews_under_its_name(desk: Run) -> None:
    desk("review", "create", "q", "desk", "-n", "5", "--auto", "judge", "--min-agreement", "0.5")
    ids = []
    while one := desk("review", "next", "q", "--actor", "judge", "--json").json["id"]:
        ids.append(one)
        desk("review", "accept", "q", one, "--actor", "judge")
    assert len(ids) == 5 and desk("review", "status", "q", "--json").json["states"]["decided"] == 0
    for one in ids[:4]:
        desk("review", "accept", "q", one, "--actor", "ann")
    status = desk("review", "status", "q", "--json").json
    assert (status["states"]["decided"], status["decided_by_auto"]) == (5, 1)
    assert "✓ yes" in desk("review", "status", "q").out


def test_a_gold_set(desk: Run) -> None:
    made = desk("gold", "exam", "--from", "desk", "-n", "4")
    assert made.code == 0 and "gold set of 4 examples" in made.out
    while one := desk("review", "next", "exam", "--actor", "ann", "--json").json["id"]:
        desk("review", "accept", "exam", one, "--actor", "ann")
    shown = desk("gold", "exam")
    assert "账单" in shown.out and "drawn" in shown.out
    frozen = desk("gold", "exam", "--freeze")
    assert frozen.code == 1 and "froze exam, 4 items" in frozen.out, "desk@v1 holds them"
    assert "frozen with 4 items" in desk("gold", "exam").out
    assert desk("gold", "exam", "--json").json["frozen"] == 4
    assert desk("gold", "exam", "--from", "desk", "--freeze").code == 2


def test_what_cannot_be_done_is_said(desk: Run, tmp_path: Path) -> None:
    desk("review", "create", "q", "desk", "-n", "3")
    one = desk("review", "next", "q", "--actor", "ann", "--json").json["id"]
    (tmp_path / "bad.json").write_text("[1]")
    (tmp_path / "worse.json").write_text("{")
    for words, code, said in (
        (("accept", "q", "ffffffff"), 2, "not in the queue q"),
        (("accept", "none", one), 2, "no queue 'none'"),
        (("accept", "q", one, "--tag", "x"), 2, "is not KEY=VALUE"),
        (("accept", "q", one, "--tag", "a=1", "--tag", "a=2"), 2, "given twice"),
        (("edit", "q", one, "--payload", "none.json"), 2, "no file none.json"),
        (("edit", "q", one, "--payload", "bad.json"), 2, "holds no JSON object"),
        (("edit", "q", one, "--payload", "worse.json"), 2, "is not JSON"),
        (("edit", "q", one, "--payload", "bad.json", one), 2, "several examples"),
        (("adjudicate", "q", one), 2, "accept, reject or edit last"),
        (("adjudicate", "q", one, "accept"), 3, "is not in conflict"),
        (("create", "q", "desk"), 3, "a queue 'q' already"),
        (("create", "x", "desk", "--sample", "edge"), 2, "of a stage's threshold"),
        (("apply", "q"), 2, "decided nothing"),
    ):
        call = desk("review", *words, "--actor", "ann")
        assert (call.code, said in call.err) == (code, True), call.err
    assert desk("review", "accept", "q", one, "--actor", "ann", "--dry-run").code == 0
    assert desk("review", "status", "q", "--json").json["states"]["open"] == 3
