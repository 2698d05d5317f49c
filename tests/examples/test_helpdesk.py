"""The help desk: the same bytes everywhere, and the truth beside them is true."""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

import assay

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "helpdesk"


@pytest.fixture(scope="module")
def desk():
    sys.path.insert(0, str(FOLDER))
    try:
        import planted

        import generate

        yield generate, planted
    finally:
        sys.path.remove(str(FOLDER))


def lines(files):
    return {name: data.rstrip(b"\n").split(b"\n") for name, data in files.items()}


def test_the_same_seed_gives_the_same_bytes(desk):
    files, truth = desk[0].generate(500, 7)
    digest = hashlib.sha256(b"".join([*(files[name] for name in sorted(files)), truth])).hexdigest()
    assert digest == "118192c1cf1bae7cf33db84ea574ec25933da568729e83bf7ea6a4a68f57bff4"


def test_planted_near_duplicates_are_near(desk):
    generate, planted = desk
    files, truth = generate.generate(2_000, 3)
    rows = lines(files)
    entries = [entry for entry in map(json.loads, truth.splitlines()) if entry["label"] == "near_duplicate"]
    assert len(entries) > 50
    for entry in entries:
        one = json.loads(rows[entry["file"]][entry["line"] - 1])
        two = json.loads(rows[entry["twin_file"]][entry["twin_line"] - 1])
        assert planted.jaccard(f"{one['input']}\n{one['output']}", f"{two['input']}\n{two['output']}") >= 0.8


def test_ordinary_tickets_are_not_near_each_other(desk):
    generate, planted = desk
    files, truth = generate.generate(1_000, 5)
    special = {(e["file"], e["line"]) for e in map(json.loads, truth.splitlines())}
    texts = [
        json.loads(line)
        for name, rows in lines(files).items()
        for number, line in enumerate(rows, 1)
        if (name, number) not in special
    ]
    texts = [f"{r['input']}\n{r['output']}" for r in random.Random(1).sample(texts, 250)]
    near = sum(planted.jaccard(texts[a], texts[b]) >= 0.7 for a in range(len(texts)) for b in range(a))
    assert near <= 2


def test_a_curation_finds_what_was_planted(desk, tmp_path):
    files, truth = desk[0].generate(1_500, 7)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    registry = assay.init(tmp_path / "registry")
    registry.curate("helpdesk", [str(tmp_path / name) for name in sorted(files)])
    fate = Counter()
    for entry in map(json.loads, truth.splitlines()):
        decision = registry.why("helpdesk", str(tmp_path / entry["file"]), entry["line"])
        fate[entry["label"], decision.outcome] += 1
    for label in ("exact_duplicate", "near_duplicate"):
        # Either of two equal rows may be the one that stays.
        assert fate[label, "rejected"] > 0
    assert fate["broken", "malformed"] > 0 and fate["broken", "kept"] == fate["broken", "rejected"] == 0
    assert fate["pii", "kept"] == 0 and fate["repetitive", "kept"] == 0
    assert fate["macro", "kept"] <= 12


def test_what_models_wrote_is_of_two_generators_and_always_the_same(desk):
    import synthetic

    data = synthetic.synthetic(200, 11)
    assert data == synthetic.synthetic(200, 11) != synthetic.synthetic(200, 12)
    rows = [json.loads(line) for line in data.splitlines()]
    bad = [row for row in rows if row["generator"] == synthetic.BAD]
    assert len(rows) == 200 and 30 < len(bad) < 70
    assert {row["generator"] for row in rows} == {synthetic.GOOD, synthetic.BAD}
