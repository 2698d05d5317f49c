"""Near-duplicates on a corpus with known truth, scored by a program that is not ours (beside the licensed data)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import assay

pytestmark = pytest.mark.shared_data


def score(shared_data, tmp_path, rows):
    bench = shared_data.parent / "bench"
    if not (bench / "score_dedup.py").is_file():
        pytest.skip("the corpus maker is not beside the licensed test data")
    corpus = tmp_path / "corpus"
    subprocess.run([sys.executable, str(bench / "make_corpus.py"), str(rows), str(corpus)], check=True)
    registry = assay.init(tmp_path / "registry")
    recipe = assay.Recipe(stages=["exact_dedup", {"near_dedup": {"threshold": 0.8}}])
    result = registry.curate("corpus", [str(corpus / "corpus.jsonl")], recipe=recipe)
    assert result.read == rows == result.kept + result.rejected
    registry.export("corpus", str(tmp_path / "out"), format="ledger")
    removed = tmp_path / "removed.jsonl"
    with removed.open("w") as out:
        for line in (tmp_path / "out" / "ledger.jsonl").read_text("utf-8").splitlines():
            entry = json.loads(line)
            if entry["outcome"] == "rejected":
                twin = entry["twin"]["record"] - 1
                out.write(json.dumps({"row": entry["record"] - 1, "twin": twin}) + "\n")
    done = subprocess.run(
        [sys.executable, str(bench / "score_dedup.py"), str(corpus), str(removed)],
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)
    print(found)
    return found


def test_five_thousand_rows(shared_data, tmp_path):
    found = score(shared_data, tmp_path, 5_000)
    assert (found["recall"] >= 0.999, found["proven"], found["twin_removed"]) == (True, 1.0, 0)


@pytest.mark.soak
def test_fifty_thousand_rows(shared_data, tmp_path):
    found = score(shared_data, tmp_path, 50_000)
    assert (found["recall"] >= 0.999, found["proven"], found["twin_removed"]) == (True, 1.0, 0)
