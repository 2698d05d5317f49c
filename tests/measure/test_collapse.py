"""Collapse that was planted is seen, chance is not, and the figures are what their names say."""

from __future__ import annotations

import hashlib
import math
import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.measure.collapse import (
    NEEDED,
    RARE,
    ROW_UNITS,
    Lexicon,
    Pool,
    composition,
    drawn,
    fall_of_distinct,
    loss_of_rare,
    pooled,
    rise_of_alike,
)
from assay.measure.collapse_checks import (
    DIVERSITY,
    Seen,
    Stayed,
    checks,
    group_check,
    worst,
)
from assay.measure.diversity import similarity
from assay.measure.exchange import DRAWS, Change, Deal, share_lost
from assay.model.provenance import depth_of
from tests.measure.generations import generation, people

NONE: frozenset[bytes] = frozenset()


def texts_of(outputs, lexicon, salt="", joined=" "):
    """Outputs as texts, in the order of ids that their content and `salt` decide."""
    rows = [joined.join(output) for output in outputs]
    made = [
        lexicon.text(
            hashlib.sha256(f"{salt}{k}{row}".encode()).digest(), list(row) if joined == "" else row.split()
        )
        for k, row in enumerate(rows)
    ]
    return sorted(made, key=lambda text: text.id)


def seen(name, texts, depth=0, share=0.0):
    """A version of as many rows as texts: `share` of them synthetic at `depth`."""
    synthetic = round(share * len(texts))
    human = len(texts) - synthetic
    made = composition(
        {"human": human, "synthetic": synthetic}, {0: human, depth: synthetic or human}, synthetic
    )
    return Seen(name, made, texts, texts[:human], texts[human:], True)


def by_name(found):
    return {check.name: check for check in found}


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_collapse_warns(seed, chinese):
    lexicon, now = Lexicon(), people(400, seed, chinese)
    joined = "" if chinese else " "
    line = [seen("v1", texts_of(now, lexicon, joined=joined))]
    for depth in range(1, 5):
        now = generation(now, 400, seed + depth)
        line.append(seen(f"v{depth + 1}", texts_of(now, lexicon, joined=joined), depth, 1.0))
    found = by_name(checks(line, Stayed(0, 400, NONE)))
    for name in ("depth", "originals", "diversity", "tail", "openings", "synthetic"):
        assert found[name].verdict == "warning", (name, found[name].shown)
    assert worst(list(found.values())) == "warning"
    one = by_name(checks(line[:2], Stayed(0, 400, NONE)))
    assert {one[name].verdict for name in ("diversity", "tail")} == {"warning"}, (
        "the first generation is seen"
    )
    curve = [figures.distinct_2 for figures in drawn([version.all for version in line]).figures]
    assert all(after < before for before, after in pairwise(curve))


@pytest.mark.parametrize(("rows", "splits"), [(1_200, 20), (240, 20)])
def test_random_halves_do_not_warn(rows, splits):
    lexicon = Lexicon()
    texts = texts_of(people(rows, 5), lexicon)
    warned = 0
    for seed in range(splits):
        mixed = random.Random(seed).sample(texts, rows)
        halves = [sorted(half, key=lambda text: text.id) for half in (mixed[: rows // 2], mixed[rows // 2 :])]
        found = checks([seen("v1", halves[0]), seen("v2", halves[1])], Stayed(0, rows // 2, NONE))
        warned += any(check.verdict == "warning" for check in found)
    assert warned <= splits * 0.05


def test_what_accumulates_keeps_its_tail_and_what_replaces_does_not():
    lexicon, now = Lexicon(), people(300, 1)
    first = texts_of(now, lexicon)
    made = texts_of(generation(now, 900, 2, kept=0.1), lexicon, "new")
    both = sorted([*first, *made], key=lambda text: text.id)
    held = frozenset(text.id for text in first)
    added = loss_of_rare(first, both, held)
    assert (added.after, added.moved) == (1.0, 0.0)
    assert loss_of_rare(first, made, NONE).moved > 0.5
    whole = by_name(checks([seen("v1", first), seen("v2", both, 1, 0.75)], Stayed(300, 300, held)))
    assert whole["originals"].verdict == whole["tail"].verdict == "healthy"
    assert whole["diversity"].verdict == "warning", "a draw from it is narrower all the same"


def test_figures_do_not_fall_because_the_set_grows():
    lexicon = Lexicon()
    large = texts_of(people(3_000, 9), lexicon)
    small = sorted(random.Random(1).sample(large, 300), key=lambda text: text.id)
    found = drawn([small, large[:500]])
    a, b = found.figures
    assert found.rows == 300
    assert abs(1 - b.distinct_2 / a.distinct_2) < 0.1
    counted = [len({p for t in texts for p in t.pairs.tolist()}) for texts in (small, large)]
    sizes = [sum(len(text.pairs) for text in texts) for texts in (small, large)]
    assert counted[1] / sizes[1] < 0.5 * counted[0] / sizes[0], "unlike the plain figure"


def test_too_few_rows_are_not_measured_and_do_not_shrink_the_others():
    lexicon = Lexicon()
    texts = texts_of(people(300), lexicon)
    found = drawn([texts, texts[: NEEDED - 1]])
    assert found.rows == 300 and found.figures[1] is None
    assert drawn([texts[:3]]).figures == [None]
    few = checks([seen("v1", texts), seen("v2", texts[:50])], Stayed(0, 300, NONE))
    assert {check.verdict for check in few} == {"not_enough"} and worst(few) == "not_enough"
    alone = checks([seen("v1", texts)], Stayed(300, 300, NONE))
    assert worst(alone) == "not_enough"


def test_the_same_rows_moved_nothing():
    texts = texts_of(people(200), Lexicon())
    ids = frozenset(text.id for text in texts)
    for change in (
        fall_of_distinct(texts, texts),
        rise_of_alike(texts, texts),
        loss_of_rare(texts, texts, ids),
    ):
        assert (change.moved, change.chance) == (0.0, 0.0)


WORDS = st.lists(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=8), min_size=4, max_size=24)


@settings(max_examples=60)
@given(WORDS, st.integers(0, 24), st.integers(0, 24))
def test_figures_are_what_a_plain_count_says(rows, cut, shared):
    lexicon = Lexicon()
    texts = [lexicon.text(bytes([k]) * 32, words) for k, words in enumerate(rows)]
    cut = 1 + cut % (len(texts) - 1)
    first, second = texts[:cut], texts[cut:]
    held = frozenset(text.id for text in first[: shared % (cut + 1)])
    pool_texts, deal = pooled(first, second, held)
    assert [text.id for text in pool_texts] == [text.id for text in texts]
    pool = Pool(pool_texts)
    every = np.arange(len(texts))
    bags = [frozenset(pairwise(words)) for words in rows]
    if all(bags):
        assert pool.alike(every) == pytest.approx(similarity(bags) or 0.0, abs=1e-6)
    assert pool.rare_kept(deal) == pytest.approx(_plain_rare_kept(rows, cut, len(held)), nan_ok=True)


def _plain_rare_kept(rows, cut, both):
    """The same from lists of words: rows up to as many units as the smaller side has."""
    size = min(sum(map(len, rows[both:cut])), sum(map(len, rows[cut:])))

    def upto(some):
        kept, units = [], 0
        for row in some:
            units += len(row)
            if units > size:
                break
            kept.append(row)
        return kept

    mine = rows[:both] + upto(rows[both:cut])
    rare = {w for row in mine for w in row if sum(w in other for other in mine) <= RARE}
    there = {w for row in rows[:both] + upto(rows[cut:]) for w in row}
    return len(rare & there) / len(rare) if rare else math.nan


@settings(max_examples=40)
@given(st.integers(0, 6), st.integers(1, 20), st.integers(1, 20))
def test_deals_keep_every_row_and_the_sizes(both, first, second):
    rows = np.arange(both + first + second)
    deal = Deal(rows[:both], rows[both : both + first], rows[both + first :])
    dealt = list(deal.again(5))
    assert [[len(each.first), len(each.second)] for each in dealt] == [[first, second]] * 5
    for each in dealt:
        assert sorted([*each.both, *each.first, *each.second]) == rows.tolist()
    again = list(deal.again(5))
    assert all((a.first == b.first).all() for a, b in zip(dealt, again, strict=True))


def test_chance_is_the_worst_of_all_deals():
    deal = Deal(np.arange(0), np.arange(3), np.arange(3, 6))
    calls = []

    def kept(other):
        calls.append(other)
        return 0.25 if len(calls) == 1 else 0.4 if len(calls) % 2 else 0.6

    found = share_lost(deal, kept)
    assert len(calls) == DRAWS + 1
    assert found.before == pytest.approx(0.5, abs=0.001) and found.after == 0.25
    assert found.moved == pytest.approx(0.5, abs=0.01) and found.chance == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("moved", "chance", "verdict"),
    [
        (0.10, 0.05, "warning"), (0.30, 0.20, "warning"), (0.09, 0.05, "healthy"), (-0.5, 0.1, "healthy"),
        (0.15, 0.20, "not_enough"), (0.05, 0.11, "not_enough"), (0.10, 0.10, "healthy"), (math.nan, 0.0, "not_enough"),
    ],
)  # fmt: skip
def test_a_change_warns_beyond_the_limit_and_beyond_chance(moved, chance, verdict):
    change = Change(1.0, 1.0 - moved, moved, chance, 500)
    check = DIVERSITY.check(change, ("v1", "v2"), "")
    assert check.verdict == verdict
    assert DIVERSITY.check(change, ("v1", "v2"), "", heeded=False).verdict != "warning"
    assert ("moved" in check.as_json()) == (not math.isnan(moved))


@pytest.mark.parametrize(
    ("share", "stay", "verdict"),
    [(0.9, 40, "warning"), (0.9, 60, "healthy"), (0.0, 0, "healthy"), (0.05, 0, "healthy")],
)
def test_originals_that_go_warn_where_synthetic_rows_come(share, stay, verdict):
    texts = texts_of(people(200), Lexicon())
    line = [seen("v1", texts), seen("v2", texts, 1, share)]
    found = by_name(checks(line, Stayed(stay, 100, NONE)))["originals"]
    assert found.verdict == verdict and "100 stay" in found.shown
    silent = [replace(one, stated=False) for one in line]
    assert by_name(checks(silent, Stayed(stay, 100, NONE)))["originals"].verdict == "not_enough"


def test_a_group_is_held_against_the_first_version_that_has_enough_of_it():
    lexicon, start = Lexicon(), people(300)
    wide, narrow = texts_of(start, lexicon), texts_of(generation(start, 300, 3, 0.05), lexicon)
    assert group_check("lab/m", [("v1", []), ("v2", wide), ("v3", narrow)]).versions == ("v2", "v3")
    assert group_check("lab/m", [("v1", []), ("v2", wide), ("v3", narrow)]).verdict == "warning"
    for few in ([("v1", wide), ("v2", [])], [("v1", []), ("v2", wide)]):
        assert group_check("lab/m", few).verdict == "not_enough"


def test_composition():
    made = composition({"human": 60, "synthetic": 40, "web": 0}, {2: 10, 0: 60, 1: 30}, 40)
    assert (made.examples, made.mean_depth, made.synthetic_share) == (100, 0.5, 0.4)
    assert made.as_json()["depth"] == {"mean": 0.5, "max": 2, "shares": {"0": 0.6, "1": 0.3, "2": 0.1}}
    assert made.as_json()["origins"] == {"human": 0.6, "synthetic": 0.4}
    values = [0] * 60 + [1] * 30 + [2] * 10
    assert made.depth_error == pytest.approx(np.std(values, ddof=1) / 10)
    assert composition({}, {}, 0).mean_depth == 0.0


@pytest.mark.parametrize(
    ("depth", "origin", "expected"),
    [
        (None, None, 0),
        (None, "human", 0),
        (None, "synthetic", 1),
        (0, "synthetic", 0),
        (3, None, 3),
        (2, "human", 2),
    ],
)
def test_depth_of(depth, origin, expected):
    assert depth_of(depth, origin) == expected


def test_only_the_head_of_an_output_counts_and_an_empty_one_is_none():
    lexicon = Lexicon()
    assert lexicon.text(b"", []) is None
    text = lexicon.text(b"", [f"w{k}" for k in range(5_000)])
    assert (len(text.words), len(text.pairs)) == (ROW_UNITS, ROW_UNITS - 1)
    assert len(lexicon.text(b"", ["字"]).pairs) == 0
