"""Choosing and counting by columns says what a loop over the rows says; pages visit every row once, in order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.measure.facets.choosing import choose, resolved
from assay.measure.facets.columns import LENGTHS, SHOWN, TURNS, Flags, Numbers, Words, bands
from assay.measure.facets.keyset import Page, read_key, window, write_key
from assay.measure.facets.query import Compared, Picked, Query, parse

LANGUAGES = ["", "zh", "en", "de"]
FLAGS = ["twin", "edited", "masked"]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(LANGUAGES),
        st.one_of(st.just(math.nan), st.sampled_from([1.0, 2.5, 3.0, 4.0, 4.5, 5.0])),
        st.integers(0, 300),
        st.sets(st.sampled_from(FLAGS)),
        st.booleans(),
    ),
    max_size=40,
)
CONDITIONS = st.builds(
    Query,
    picked=st.lists(
        st.one_of(
            st.builds(Picked, st.just("language"), st.sampled_from(LANGUAGES), st.booleans()),
            st.builds(
                Picked, st.just("score"), st.sampled_from(["", "4", "2..4", "4..", "..3"]), st.booleans()
            ),
            st.builds(
                Picked, st.just("length"), st.sampled_from(["16..32", "64..", "..16", "7"]), st.booleans()
            ),
            st.builds(Picked, st.just("is"), st.sampled_from(FLAGS), st.booleans()),
        ),
        max_size=4,
    ).map(tuple),
    compared=st.lists(
        st.builds(
            Compared,
            st.sampled_from(["score", "length"]),
            st.sampled_from([">=", "<=", ">", "<"]),
            st.sampled_from([2.5, 4.0, 32.0]),
            st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
)


def holds(one, row):
    """What a condition says of a row, spelled out."""
    value = row[{"language": 0, "score": 1, "length": 2, "is": 3}[one.field]]
    if isinstance(one, Compared):
        compare = {
            ">=": value >= one.number,
            "<=": value <= one.number,
            ">": value > one.number,
            "<": value < one.number,
        }
        return compare[one.sign]
    if one.field == "language":
        return value == one.value
    if one.field == "is":
        return one.value in value
    if one.value == "":
        return math.isnan(value)
    low, dots, high = one.value.partition("..")
    if not dots:
        return value == float(low)
    return float(low or "-inf") <= value < float(high or "inf")


def left(query, row, but=None):
    for name in query.fields:
        if name == but:
            continue
        said = query.of(name)
        picks = [one for one in said.picked if not one.out]
        if picks and not any(holds(one, row) for one in picks):
            return False
        if any(holds(one, row) for one in said.picked if one.out):
            return False
        if any(holds(one, row) == one.out for one in said.compared):
            return False
    return True


def columns(rows):
    names = sorted({row[0] for row in rows} | {""})
    flags = [sum(1 << bit for bit, name in enumerate(FLAGS) if name in row[3]) for row in rows]
    return {
        "language": Words(np.array([names.index(row[0]) for row in rows], np.uint8), names),
        "score": Numbers.of(np.array([row[1] for row in rows], np.float64)),
        "length": Numbers.of_whole(np.array([row[2] for row in rows], np.uint32), LENGTHS),
        "is": Flags(np.array(flags, np.uint8), FLAGS),
    }


@settings(deadline=None, max_examples=120)
@given(ROWS, CONDITIONS)
def test_choosing_and_counting_say_what_a_loop_says(rows, query):
    made = columns(rows)
    base = np.array([row[4] for row in rows], np.bool_)
    chosen = choose(made, query, len(rows), base)
    mask = chosen.all
    assert mask.tolist() == [row[4] and left(query, row) for row in rows]
    for facet in chosen.facets(made, list(made)):
        among = [row for row in rows if row[4] and left(query, row, but=facet.field)]
        for one in facet.values:
            meant = Picked(facet.field, one.value)
            assert one.rows == sum(holds(meant, row) for row in among), (facet.field, one)
        if facet.field != "is":
            assert sum(one.rows for one in facet.values) == len(among)


def test_no_condition_and_no_base_is_no_mask():
    made = columns([("zh", 4.0, 20, set(), True)])
    chosen = choose(made, Query(), 1, None)
    assert chosen.all is None
    assert [one.rows for facet in chosen.facets(made, ["language"]) for one in facet.values] == [1]


def test_the_most_frequent_values_are_listed_and_the_others_counted():
    codes = np.repeat(np.arange(1, 101), np.arange(1, 101)).astype(np.uint8)
    column = Words(codes, ["", *(f"v{n:03}" for n in range(1, 101))])
    picked = column.picks(Picked("x", "v003"))
    facet = column.facet("x", None, picked)
    assert [one.value for one in facet.values] == [f"v{n:03}" for n in range(100, 100 - SHOWN, -1)] + ["v003"]
    assert facet.more == 100 - SHOWN - 1
    assert [one.value for one in facet.values if one.picked] == ["v003"]


def test_equally_frequent_values_are_listed_by_name():
    column = Words(np.arange(1, 101).astype(np.uint8), ["", *(f"v{n:03}" for n in range(100, 0, -1))])
    assert [one.value for one in column.facet("x", None, column.none).values] == [
        f"v{n:03}" for n in range(1, 13)
    ]


def test_words_are_found_in_another_case_and_sources_by_the_end_of_their_path():
    words = Words(np.array([1, 2, 3], np.uint8), ["", "MIT", "data/a.jsonl", "other/ba.jsonl"], paths=True)
    assert words.picks(Picked("x", "mit")).tolist() == [False, True, False, False]
    assert words.picks(Picked("x", "a.jsonl")).tolist() == [False, False, True, False]
    assert not words.picks(Picked("x", "nothing")).any()


def test_bands():
    assert bands(np.array([0.1, np.nan, 1.0])) == (0.0, 0.2, 0.4, 0.6, 0.8)
    assert bands(np.array([1.5, 5.0])) == (1, 2, 3, 3.5, 4, 4.5)
    assert bands(np.arange(100.0)) == (0.0, 24.0, 49.0, 74.0)
    assert bands(np.array([np.nan])) == ()
    assert bands(np.array([7.0, 7.0, 7.0])) == (7.0,)
    scores = Numbers.of(np.array([1.5, 3.6, 4.9, np.nan]))
    assert [one.value for one in scores.facet("s", None, scores.none).values] == [
        "1..2",
        "3.5..4",
        "4.5..",
        "",
    ]
    turns = Numbers.of_whole(np.array([1, 1, 7, 12]), TURNS)
    assert [(one.value, one.rows) for one in turns.facet("t", None, turns.none).values] == [
        ("1", 2),
        ("5..9", 1),
        ("9..", 1),
    ]


def test_a_band_is_picked_when_all_its_values_are():
    scores = Numbers.of(np.array([1.5, 3.6, 4.6, 4.9]))
    facet = scores.facet("s", None, scores.compares(Compared("s", ">=", 4.5)))
    assert [one.value for one in facet.values if one.picked] == ["4.5.."]


def test_large_whole_numbers():
    column = Numbers.of_whole(np.array([5, 1 << 30]), LENGTHS)
    assert column.values.tolist() == [5.0, float(1 << 30)]
    assert column.whole


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("lang>=3", "language is no number .character 1"),
        ("score:abc", "no number and no range"),
        ("score:nan", "no number and no range"),
        ("is:odd", "means nothing"),
        ("is>3", "is is no number"),
        ("nothing:3", "no field 'nothing' .character 1"),
        ("langage:zh", "no field 'langage'"),
    ],
)
def test_conditions_that_fields_do_not_bear(query, says):
    made = columns([("zh", 4.0, 20, set(), True)])
    with pytest.raises(UsageError, match=says) as caught:
        choose(made, resolved(parse(query), {"lang": "language", **{name: name for name in made}}), 1, None)
    assert caught.value.hint


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 7))
def test_pages_visit_every_row_once_in_order_forwards_and_backwards(values, limit):
    order = sorted(range(len(values)), key=lambda row: (values[row], row))

    def key_of(row):
        return (values[row], row)

    seen, after = [], None
    while True:
        here = window(order, key_of, Page(limit, after=after), "v1")
        assert here.total == len(order)
        seen += order[here.start : here.stop]
        if here.stop >= here.total:
            break
        after = write_key(key_of(order[here.stop - 1]), "v1")
    assert seen == order
    back, before = [], None
    if order:
        back = [order[-1]]
        before = write_key(key_of(order[-1]), "v1")
    while before is not None:
        here = window(order, key_of, Page(limit, before=before), "v1")
        back = order[here.start : here.stop] + back
        before = write_key(key_of(order[here.start]), "v1") if here.start else None
    assert back == order


def test_a_key_is_of_one_version_and_order():
    key = write_key((1, 2.5, "ab"), "v1 score")
    assert read_key(key, "v1 score") == (1, 2.5, "ab")
    for text, about in (
        (key, "v2 score"),
        (key[:-2], "v1 score"),
        ("???", "v1 score"),
        ("", "v1"),
        ("é", "v1"),
    ):
        with pytest.raises(UsageError, match="no key"):
            read_key(text, about)


def test_pages_are_bounded():
    for limit in (0, 1_001):
        with pytest.raises(UsageError, match="a page of"):
            Page(limit)
    with pytest.raises(UsageError, match="after one key and before another"):
        Page(after="a", before="b")
