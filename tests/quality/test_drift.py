"""Drift on the licensed corpora: false alarms between random halves, and the smallest planted share that is found."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest

from assay.measure.drift import style
from assay.measure.drift.columns import Columns, read
from assay.measure.drift.compare import compare
from assay.measure.drift.examples import causes
from assay.measure.drift.profile import EMPTY, Profile
from tests.measure.conftest import table_of
from tests.quality.corpora import alpaca, alpaca_zh, as_payload, text

pytestmark = [pytest.mark.shared_data, pytest.mark.long]


def korean(shared):
    """1,000 Korean sentences as answers: a fifth of the Chinese corpus is English already."""
    lines = text(shared / "langid" / "lingua_sentences_30lang.tsv.zst").splitlines()
    found = [line.partition("\t")[2] for line in lines if line.startswith("ko\t")]
    return [{"instruction": f"{k}", "output": said} for k, said in enumerate(found)]


CORPORA = {"alpaca": (alpaca, alpaca_zh), "alpaca_zh": (alpaca_zh, korean)}
LABELS = [f"label-{k}" for k in range(10)]
SHARES = {
    "category": (0.03, 0.04, 0.05), "output": (0.02, 0.03, 0.04, 0.05), "language": (0.005, 0.01, 0.05),
    "generator": (0.0025, 0.005, 0.05),
}  # fmt: skip
"""Shares of rows that are planted; below the first nothing is found."""
POOL = 1_200
DRAWS = 50


@dataclass
class Corpus:
    """Columns of a corpus and of rows to plant; `base` and each of `planted` are ordinals."""

    columns: Columns
    drawn: style.Drawn
    ids: np.ndarray
    base: np.ndarray
    planted: dict[str, np.ndarray]

    def compare(self, a, b, shared=None):
        profiles = [Profile.of(self.columns, np.sort(rows)) for rows in (a, b)]
        both = EMPTY if shared is None else Profile.of(self.columns, np.sort(shared))
        drawn = [style.joined([self.drawn.among(np.sort(rows))]) for rows in (a, b)]
        return compare(*profiles, both, (drawn[0], drawn[1]))

    def held(self, rows):
        found = {n: c.digest[c.code[rows]] for n, c in self.columns.categories.items()}
        return found | {n: values[rows] for n, values in self.columns.numbers.items()}


@pytest.fixture(scope="module", params=CORPORA)
def corpus(request):
    own, other = CORPORA[request.param]
    shared = request.getfixturevalue("shared_folder")
    turn = random.Random(11)
    records, foreign = own(shared), other(shared)[:POOL]

    def row(record, **more):
        about = {"generator": turn.choice(("lab/one", "lab/two")), "extra": {"category": turn.choice(LABELS)}}
        return as_payload(record), about | more

    def longer(record):
        return record | {"output": "\n\n".join(one["output"] for one in turn.sample(records, 5))}

    rows = [row(one) for one in records]
    pools = {
        "category": [row(one, extra={"category": LABELS[3]}) for one in turn.sample(records, POOL)],
        "output": [row(longer(one)) for one in turn.sample(records, POOL)],
        "language": [row(one) for one in foreign],
        "generator": [row(one, generator="lab/three") for one in turn.sample(records, POOL)],
    }
    table = table_of([*rows, *(one for pool in pools.values() for one in pool)], also=("licence",))
    by_id = np.argsort(np.array(table["id"].to_pylist(), "S32"), kind="stable")
    place = np.empty(len(by_id), np.int64)
    place[by_id] = np.arange(len(by_id))
    table = table.take(by_id)
    columns = read([table.slice(k, 2_000) for k in range(0, len(table), 2_000)])
    outputs = [payload["messages"][1]["content"] for payload in _payloads(table)]
    drawn = style.draw(table["id"].to_pylist(), outputs, len(table), np.arange(len(table)))
    ends = np.cumsum([len(rows), *(len(pool) for pool in pools.values())])
    planted = {name: place[ends[k] : ends[k + 1]] for k, name in enumerate(pools)}
    found = Corpus(columns, drawn, drawn.ids, place[: ends[0]], planted)
    return request.param, found


@pytest.fixture(scope="module")
def shared_folder():
    import os
    from pathlib import Path

    from tests.conftest import REPO

    folder = Path(os.environ.get("ASSAY_SHARED_DATA", REPO.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the licensed test data is not here; set ASSAY_SHARED_DATA to its folder")
    return folder


def _payloads(table):
    import orjson

    return map(orjson.loads, table["payload"].to_pylist())


@pytest.mark.parametrize("rows", [400, 4_000, None])
def test_two_halves_of_one_set_are_told_apart_at_most_once_in_twenty(corpus, rows):
    """Any feature that drifts is an alarm. 200 splits."""
    name, found = corpus
    turn = np.random.default_rng(5)
    alarms, sure = 0, 0
    for _ in range(200):
        picked = turn.permutation(found.base)[:rows]
        half = len(picked) // 2
        shifts = found.compare(picked[:half], picked[half:])
        alarms += any(one.verdict == "drifted" for one in shifts)
        sure += any(one.p is not None and one.p < 0.05 for one in shifts)
    size = min(rows or len(found.base), len(found.base))
    print(f"{name}: 200 splits of {size:,} rows into halves: {alarms} alarms; {sure} with p < 0.05 alone")
    assert alarms <= 10


def test_additions_from_the_same_corpus_are_told_apart_at_most_once_in_twenty(corpus):
    """The second set is the first and a twentieth more. 200 draws."""
    name, found = corpus
    turn = np.random.default_rng(6)
    size = min(10_000, len(found.base) * 9 // 10)
    alarms, sure = 0, 0
    for _ in range(200):
        picked = turn.permutation(found.base)[: size * 21 // 20]
        shifts = found.compare(picked[:size], picked, picked[:size])
        alarms += any(one.verdict == "drifted" for one in shifts)
        sure += any(one.p is not None and one.p < 0.05 for one in shifts)
    print(f"{name}: {size:,} rows and 5 % more, 200 times: {alarms} alarms; {sure} with p < 0.05 alone")
    assert alarms <= 10 and sure <= 18


@pytest.mark.parametrize("feature", ["category", "output", "language", "generator"])
def test_a_planted_twentieth_is_found_and_its_rows_are_shown(corpus, feature):
    """Two sets without a common row; 50 draws a share. Then the smallest share that is found 19 times in 20."""
    name, found = corpus
    turn = np.random.default_rng(7)
    size = min(10_000, len(found.base) // 2)
    seen, shown, wanted = {}, [], None
    for share in SHARES[feature]:
        hits = 0
        for _ in range(DRAWS):
            number = int(size * share)
            rows = turn.permutation(found.base)
            planted = turn.permutation(found.planted[feature])[:number]
            before, after = rows[:size], np.concatenate([rows[size : 2 * size - number], planted])
            shifts = found.compare(before, after)
            moved = [one for one in shifts if one.verdict == "drifted"]
            shift = next((one for one in moved if one.name == feature), None)
            hits += shift is not None
            if share == 0.05 and shift is not None:
                top = causes(shift, moved, found.ids[after], found.held(after), True)
                shown.append(np.isin(after[top], planted).mean())
        seen[share] = hits / DRAWS
        if wanted is None and seen[share] >= 0.95:
            wanted = share
    print(
        f"{name}, {size:,} rows each: {feature} found {seen}; smallest share {wanted}; "
        f"at 5 % planted among the 20 shown {np.mean(shown):.3f}"
    )
    assert seen[0.05] >= 0.95
    # What can be had: of rows with the planted label 35 % are planted, of long answers 83 to 85 % (docs/drift.md).
    assert np.mean(shown) >= {"category": 0.3, "output": 0.78}.get(feature, 0.98)


@pytest.mark.parametrize("feature", ["category", "output", "language", "generator"])
def test_planted_rows_that_were_added_are_shown(corpus, feature):
    """The second version is the first, 5 % more of the same, and 5 % planted ones. 50 draws."""
    name, found = corpus
    turn = np.random.default_rng(8)
    size = min(10_000, len(found.base) * 9 // 10)
    number = size // 20
    hits, shown = 0, []
    for _ in range(DRAWS):
        rows = turn.permutation(found.base)[: size + number]
        planted = turn.permutation(found.planted[feature])[:number]
        came = np.concatenate([rows[size:], planted])
        shifts = found.compare(rows[:size], np.concatenate([rows, planted]), rows[:size])
        moved = [one for one in shifts if one.verdict == "drifted"]
        shift = next((one for one in moved if one.name == feature), None)
        hits += shift is not None
        if shift is not None:
            top = causes(shift, moved, found.ids[came], found.held(came), True)
            shown.append(np.isin(came[top], planted).mean())
    print(
        f"{name}: added to {size:,} rows, {feature} found {hits / DRAWS}; planted shown {np.mean(shown):.3f}"
    )
    assert hits / DRAWS >= 0.95
    assert np.mean(shown) >= {"category": 0.85}.get(feature, 0.95)
