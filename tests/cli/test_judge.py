"""judge calibrate and judge bias on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call

Run = Callable[..., Call]
HOSTILE = "\x1b[31m红色\u202e"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, rows: Iterable[dict[str, Any]]) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return name


def fits(text: str) -> bool:
    return max(map(len, text.splitlines())) <= 80 and "\x1b" not in text and "\u202e" not in text


def test_labels_in_one_file_and_verdicts_in_another(assay_run: Run) -> None:
    people = write("people.jsonl", ({"n": k, "ann": k % 3, "李": k % 3, "bob": k % 2} for k in range(90)))
    judge = write(
        "judge.jsonl", ({"n": k, "said": ["Tie", "1", "2"][k % 3] if k > 4 else "?"} for k in range(95))
    )
    words = ("judge", "calibrate", people, judge, "--join", "n", "--human", "ann,李,bob", "--judge", "said")
    found = assay_run(*words)
    assert found.code == 0 and fits(found.out), found.out
    assert "agrees with people" in found.out and "5 rows of further files found no partner" in found.out
    document = assay_run(*words, "--json").json
    assert (document["labelled"], document["invalid"], document["agreement"]["value"]) == (90, 5, 0.9444)
    assert document["people"][0]["value"] == 1.0 and document["fields"]["human"] == ["ann", "李", "bob"]
    assert document == assay_run(*words, "--json").json


def test_scores_and_their_threshold(assay_run: Run) -> None:
    rows = ({"human": k % 5 + 1, "score": 20 * (k % 5) + k % 7, HOSTILE: HOSTILE} for k in range(120))
    file = write("scores.jsonl", rows)
    found = assay_run("judge", "calibrate", file, "--scores", "--good", "4")
    assert found.code == 0 and fits(found.out) and "60 of the judge is people's 4" in found.out, found.out
    assert assay_run("judge", "calibrate", file, "--scores", "--json").json["threshold"]["good"] == 3.0


def test_a_poor_judge_exits_1_and_few_labels_do_not(assay_run: Run) -> None:
    rows = [{"human": 1 + k % 2, "judge": 1 + k // 2 % 2} for k in range(80)]
    poor = assay_run("judge", "calibrate", write("poor.jsonl", rows))
    assert poor.code == 1 and "does not stand in for people" in poor.out and fits(poor.out)
    few = assay_run("judge", "calibrate", write("few.jsonl", rows[:20]))
    assert few.code == 0 and "not enough labels to tell" in few.out and "20 labels" in few.out
    same = assay_run("judge", "calibrate", write("same.jsonl", [{"human": 1, "judge": 1}] * 80))
    assert same.code == 0 and "undefined" in same.out


def test_biases(assay_run: Run) -> None:
    rows = [
        {
            "id": k, "human": 1 + k % 2, "judge": 2, "judge_swapped": 2, "model_a": "claude-3", "model_b": HOSTILE,
            "answer_a": f"短 {k}", "answer_b": "a long answer that says the same of everything",
        }
        for k in range(120)
    ]  # fmt: skip
    found = assay_run("judge", "bias", write("pairs.jsonl", rows), "--judge-model", "claude-4")
    assert found.code == 1 and fits(found.out), found.out
    for name in ("position", "longer_wins", "degenerate", "self_preference", "constant_judge"):
        assert f"✗  {name}" in found.out
    document = assay_run("judge", "bias", "pairs.jsonl", "--json").json
    verdicts = {one["name"]: one["verdict"] for one in document["checks"]}
    assert document["verdict"] == "warning" and verdicts["position"] == "warning"
    assert verdicts["drift"] == verdicts["self_preference"] == "not_enough"
    assert all(one["why"] and one["advice"] and one["healthy"] for one in document["checks"])


def test_biases_of_scores(assay_run: Run) -> None:
    rows = (
        {"score": k % 5, "human": k % 5, "output": "字" * (k % 40 + 1), "before": k % 5} for k in range(200)
    )
    found = assay_run("judge", "bias", write("scores.jsonl", rows), "--scores")
    assert found.code == 0 and fits(found.out) and "✓  drift" in found.out, found.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("calibrate", "rows.jsonl", "--human", "nobody"), "no row has the field 'nobody' for human"),
        (("calibrate", "plain.jsonl"), "no row has a field for human"),
        (("calibrate", "words.jsonl"), "no row has both a label of people and an answer of the judge"),
        (("calibrate", "none.jsonl"), "no file none.jsonl"),
        (("calibrate", "rows.jsonl", "--field", "judge"), "is not PART=FIELD"),
        (("calibrate", "rows.jsonl", "--field", "mood=judge"), "there is no part 'mood'"),
        (("calibrate", "rows.jsonl", "--join", "x"), "no row of rows.jsonl has the field x"),
        (("calibrate", "rows.jsonl", "--join", "judge"), "two rows with the same value of judge"),
        (("bias", "plain.jsonl"), "no row has a field for judge"),
        (("bias", "rows.jsonl", "--variants", "one"), "is not two generators"),
        (("bias", "rows.jsonl", "--scores", "--variants", "a,b"), "--variants is of pairs"),
    ],
)
def test_what_cannot_be_done_says_so(assay_run: Run, words: tuple[str, ...], said: str) -> None:
    write("rows.jsonl", [{"human": 1, "judge": 2}, {"human": 2, "judge": 2}])
    write("plain.jsonl", [{"text": "x"}])
    write("words.jsonl", [{"human": "fine", "judge": "fine"}])
    found = assay_run("judge", *words)
    assert found.code == 2 and said in " ".join(found.err.split()) and not found.out
