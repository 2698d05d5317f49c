"""The benchmarks' corpora: the same everywhere, and the truth beside them is true; the score counts what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
ROWS = 3_000


def generate(folder, *options):
    command = [sys.executable, str(FOLDER / "corpus.py"), str(ROWS), str(folder), *options]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    return folder, generate(folder)


@pytest.fixture(scope="module")
def texts(corpus):
    lines = (corpus[0] / "corpus.jsonl").read_text("utf-8").split("\n")[:-1]
    rows = [json.loads(line) for line in lines]
    assert all(set(row) == {"input", "output"} and row["input"] and row["output"] for row in rows)
    return [" ".join(f"{row['input']}\n{row['output']}".lower().split()) for row in rows]


@pytest.fixture(scope="module")
def truth(corpus):
    return [json.loads(line) for line in (corpus[0] / "truth.jsonl").read_text("utf-8").splitlines()]


def similarity(a, b):
    left, right = ({text[at : at + 5] for at in range(len(text) - 4)} for text in (a, b))
    return len(left & right) / len(left | right)


def score(folder, removed):
    path = folder / "removed.jsonl"
    path.write_text("".join(json.dumps({"row": row, "twin": twin}) + "\n" for row, twin in removed), "utf-8")
    command = [sys.executable, str(FOLDER / "score.py"), str(folder), str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def test_as_many_rows_as_asked_for(corpus, texts, truth):
    assert len(texts) == ROWS == corpus[1]["rows"]
    assert len(truth) == corpus[1]["pairs"]
    assert sum(pair[2] >= 0.8 for pair in truth) == corpus[1]["pairs_at_0.8"]


def test_the_similarity_of_every_planted_pair_is_its_true_one(texts, truth):
    assert len(truth) > 200
    for original, copy, stated, kind in truth:
        assert original < copy
        assert similarity(texts[original], texts[copy]) == pytest.approx(stated, abs=1e-6)
        assert kind != "exact" or texts[original] == texts[copy]


def test_every_kind_of_edit_occurs_in_both_languages_on_both_sides_of_the_bound(texts, truth):
    kinds = {"exact", "replace", "insert", "delete", "punctuation", "truncate", "characters"}
    chinese = Counter((kind, any("一" <= c <= "鿿" for c in texts[i])) for i, _, _, kind in truth)
    assert set(chinese) == {(kind, zh) for kind in kinds for zh in (True, False)}
    assert {
        (kind, alike >= 0.8) for _, _, alike, kind in truth if kind not in {"exact", "insert", "delete"}
    } == {
        (kind, side)
        for kind in ("replace", "punctuation", "truncate", "characters")
        for side in (True, False)
    }


def test_rows_that_were_not_planted_are_not_alike(texts, truth):
    copies = {copy for _, copy, _, _ in truth}
    fresh = [text for row, text in enumerate(texts) if row not in copies][:300]
    assert max(similarity(a, b) for k, a in enumerate(fresh) for b in fresh[:k]) < 0.8


def test_the_same_arguments_give_the_same_bytes_and_another_seed_does_not(corpus, tmp_path):
    for name, options, same in (("again", [], True), ("other", ["--seed", "8"], False)):
        generate(tmp_path / name, *options)
        for file in ("corpus.jsonl", "truth.jsonl"):
            assert ((tmp_path / name / file).read_bytes() == (corpus[0] / file).read_bytes()) is same


def test_removing_every_true_copy_scores_one(corpus, truth):
    found = score(corpus[0], [(copy, original) for original, copy, alike, _ in truth if alike >= 0.8])
    assert (found["recall"], found["proven"], found["twins_removed"]) == (1.0, 1.0, 0)


def test_what_is_missed_unproven_or_without_a_twin_is_counted(corpus, truth):
    alike = [(original, copy) for original, copy, alike, _ in truth if alike >= 0.8]
    half = alike[: len(alike) // 2]
    assert score(corpus[0], [(copy, None) for _, copy in half]) == {
        "removed": len(half),
        "pairs": len(alike),
        "recall": len(half) / len(alike),
        "proven": None,
        "twins_removed": 0,
    }
    (one, first), (_, second) = alike[:2]
    wrong = score(corpus[0], [(first, one), (second, first)])
    assert (wrong["proven"], wrong["twins_removed"]) == (0.5, 1)
