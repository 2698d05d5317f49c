"""assay freeze: exit codes, the JSON that scripts depend on, and what a person sees."""

from __future__ import annotations

import json

import pytest

QUESTION = "In which bay did the grain ship Corvina lie at anchor while her crew waited for the spring tide?"


@pytest.fixture
def folder(tmp_path, monkeypatch, assay_run):
    monkeypatch.chdir(tmp_path)
    rows = [
        {
            "input": f"Ticket {n}: the {n * 37 % 101}th drawer jams",
            "output": f"Oil rail {n * 53 % 97} of it, please.",
        }
        for n in range(30)
    ]
    rows.append({"input": f"\x1b[31m {QUESTION}", "output": "In none that I know of."})
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "quiz.jsonl").write_text(
        json.dumps({"question": QUESTION, "answer": "Selm Bay"}) + "\n", "utf-8"
    )
    (tmp_path / "other.jsonl").write_text(
        json.dumps({"question": "Who else?", "answer": "?"}) + "\n", "utf-8"
    )
    assert assay_run("init").code == 0
    return tmp_path


def test_a_clean_registry_gives_0_and_a_contaminated_one_1(folder, assay_run):
    clean = assay_run("freeze", "quiz", "quiz.jsonl", "--json")
    assert clean.code == 0
    assert clean.json == {
        "name": "quiz",
        "digest": clean.json["digest"],
        "items": 1,
        "status": "frozen",
        "versions_checked": 0,
        "findings": [],
    }
    assert assay_run("import", "raw", "t.jsonl", "--workers", "1").code == 0
    found = assay_run("freeze", "quiz", "quiz.jsonl", "--self-test", "--json")
    assert found.code == 1
    assert found.json["status"] == "unchanged"
    (finding,) = found.json["findings"]
    assert (finding["version"], finding["rows"], finding["splits"]) == ("raw@v1", 1, {"train": 1})
    assert finding["examples"][0]["item"] == 1
    assert found.json["self_test"]["false_alarms"] == 1
    assert found.json["self_test"]["kinds"][0] == {
        "kind": "verbatim",
        "injected": 1,
        "found": 1,
        "recall": 1.0,
        "precision": 0.5,
    }


def test_what_a_person_sees(folder, assay_run):
    assert assay_run("import", "raw", "t.jsonl", "--workers", "1").code == 0
    seen = assay_run("freeze", "quiz", "quiz.jsonl", "--self-test")
    assert seen.code == 1
    assert "froze quiz, 1 item" in seen.out
    assert "1 version of 1 holds eval items" in seen.out
    assert "raw@v1  1 row  train 1" in seen.out
    assert "the grain ship Corvina" in seen.out and "\x1b" not in seen.out
    assert "1 of 31 own rows taken for an item" in seen.out
    listed = assay_run("list").out
    assert "frozen eval set" in listed and "quiz" in listed
    assert "freeze" in assay_run("log").out
    assert [one["name"] for one in assay_run("list", "--json").json["eval_sets"]] == ["quiz"]


def test_why_shows_what_was_matched(folder, assay_run):
    assay_run("freeze", "quiz", "quiz.jsonl")
    assert assay_run("curate", "desk", "t.jsonl", "--workers", "1").code == 0
    told = assay_run("why", "desk", "t.jsonl:31")
    assert "was rejected by decontaminate" in told.out
    assert "quiz item 1: «In which bay did the grain ship" in told.out
    assert "\x1b" not in told.out


def test_a_name_is_taken_once(folder, assay_run):
    assay_run("freeze", "quiz", "quiz.jsonl")
    refused = assay_run("freeze", "quiz", "other.jsonl")
    assert (refused.code, refused.out) == (2, "")
    assert "never changes" in refused.err and "quiz-v2" in refused.err
    assert assay_run("freeze", "quiz", "quiz.jsonl", "--dry-run", "--json").json["status"] == "unchanged"
    assert assay_run("freeze", "a/b", "quiz.jsonl").code == 2
    assert assay_run("freeze", "quiz", "missing.jsonl").code == 2
