"""Splits that know fields: shares within values, the newest for the test, values that never straddle."""

from __future__ import annotations

import hashlib
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.plan import parse_recipe
from assay.curate.split import Standing, dates_of, join_groups, labels_of
from assay.curate.split import assign as assign_rows
from assay.errors import InvalidRecipe
from assay.model.recipe import Recipe, SplitSpec

DAY = 86_400.0


def ids_of(numbers):
    return [hashlib.sha256(str(n).encode()).digest() for n in numbers]


def assign(ids, groups, spec, before, **fields):
    """`assign` with ids as bytes and a mapping of where they stand."""
    names = sorted(set(before.values()))
    code = np.array([names.index(before[i]) if i in before else -1 for i in ids], np.int64)
    return assign_rows(np.array(ids, "S32"), groups, spec, Standing(code, names), **fields).tolist()


def split(rows, spec, settled=None):
    """Fates by number of rows given as (number, group, value, date)."""
    ids = ids_of([row[0] for row in rows])
    groups = join_groups(len(rows), [np.array([row[1] for row in rows], np.int64)])
    fates = assign(
        ids,
        groups,
        spec,
        {ids_of([number])[0]: name for number, name in (settled or {}).items()},
        strata=labels_of([row[2] for row in rows]),
        dates=np.array([math.nan if row[3] is None else row[3] * DAY for row in rows], np.float64),
    )
    return dict(zip((row[0] for row in rows), fates, strict=True))


SPECS = [
    SplitSpec(test=0.2, validation=0.3, seed=7, stratify="类别"),
    SplitSpec(test=0.2, validation=0.3, by="time", column="created"),
    SplitSpec(test=0.2, validation=0.3, seed=7),
]
ROWS = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.integers(-1, 12),
        st.sampled_from(["退款", "物流", "login", None]),
        st.one_of(st.none(), st.integers(0, 40)),
    ),
    min_size=1,
    max_size=60,
    unique_by=lambda row: row[0],
)
SETTLED = st.dictionaries(st.integers(0, 200), st.sampled_from(["train", "test", "validation"]), max_size=9)


@given(ROWS, SETTLED, st.sampled_from(SPECS), st.randoms(use_true_random=False))
def test_order_never_matters_and_no_group_straddles(rows, settled, spec, random):
    fates = split(rows, spec, settled)
    shuffled = rows[:]
    random.shuffle(shuffled)
    assert split(shuffled, spec, settled) == fates
    by_group = {}
    for number, group, _, _ in rows:
        if group >= 0:
            by_group.setdefault(group, set()).add(fates[number])
        elif number in settled:
            assert fates[number] == settled[number]
    assert all(len(names) == 1 for names in by_group.values())


@given(ROWS, st.integers(0, 99))
def test_shares_hold_within_every_value_up_to_one_group(rows, seed):
    spec = SplitSpec(test=0.2, validation=0.3, seed=seed, stratify="类别")
    rows = [(number, group if value is None else -1, value, date) for number, group, value, date in rows]
    fates = split(rows, spec)
    for value in {row[2] for row in rows}:
        members = [row for row in rows if row[2] == value]
        counts = Counter(fates[row[0]] for row in members)
        sizes = Counter(row[1] for row in members if row[1] >= 0)
        slack = max([1, *sizes.values()])
        for name, share in spec.shares.items():
            off = abs(counts[name] - share * len(members))
            assert off < 1 + 1e-9 if slack == 1 else off <= slack + 1e-9


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.integers(0, 99))
def test_a_value_made_of_groups_is_split_up_to_its_greatest_group(sizes, seed):
    spec = SplitSpec(test=0.25, validation=0.15, seed=seed, stratify="topic")
    rows = [(1000 * g + k, g, "发票", None) for g, size in enumerate(sizes) for k in range(size)]
    counts = Counter(split(rows, spec).values())
    for name, share in spec.shares.items():
        assert abs(counts[name] - share * len(rows)) <= max(sizes)


def test_many_small_values_together_still_give_the_test_its_share():
    rows = [(k, -1, f"类别{k // 3}", None) for k in range(6_000)]
    counts = Counter(split(rows, SplitSpec(test=0.1, seed=1, stratify="c")).values())
    assert abs(counts["test"] - 600) < 60


def test_a_rare_value_gets_its_share_where_a_plain_draw_may_not():
    rows = [(k, -1, "rare" if k < 40 else "common", None) for k in range(2_000)]

    def rare(spec):
        fates = split(rows, spec)
        return sum(fates[k] == "test" for k in range(40))

    assert {rare(SplitSpec(test=0.1, seed=seed, stratify="c")) for seed in range(20)} == {4}
    assert len({rare(SplitSpec(test=0.1, seed=seed)) for seed in range(20)}) > 3


def test_growing_data_moves_few_and_settled_data_none():
    spec = SplitSpec(test=0.1, seed=3, stratify="c")
    old = [(k, -1, f"v{k % 5}", None) for k in range(5_000)]
    grown = old + [(k, -1, f"v{k % 5}", None) for k in range(5_000, 6_000)]
    before, after = split(old, spec), split(grown, spec)
    assert sum(before[k] != after[k] for k in range(5_000)) < 100
    again = split(grown, spec, before)
    assert all(again[k] == before[k] for k in range(5_000))
    assert abs(Counter(again.values())["test"] - 600) <= 5


def test_a_group_counts_for_the_value_of_most_of_its_rows():
    rows = [(k, 0, "甲" if k < 3 else "乙", None) for k in range(4)] + [
        (k, -1, "乙", None) for k in range(4, 104)
    ]
    for seed in range(10):
        fates = split(rows, SplitSpec(test=0.2, seed=seed, stratify="c"))
        assert sum(fates[k] == "test" for k in range(4, 104)) == 20


@given(ROWS)
def test_no_training_row_is_later_than_the_test(rows):
    fates = split(rows, SplitSpec(test=0.3, validation=0.2, by="time"))
    dated = [(fates[number], group, date) for number, group, _, date in rows if date is not None]
    order = ["train", "validation", "test"]
    for k, earlier in enumerate(order):
        latest = max((date for name, _, date in dated if name == earlier), default=-1)
        for later in order[k + 1 :]:
            newest = {}
            for position, (name, group, date) in enumerate(dated):
                if name == later:
                    key = group if group >= 0 else -2 - position
                    newest[key] = max(newest.get(key, -1), date)
            assert all(date > latest for date in newest.values())
    grouped = {group for _, group, _, _ in rows if group >= 0}
    dated_groups = {group for _, group, _, date in rows if group >= 0 and date is not None}
    for number, group, _, date in rows:
        if date is None and (group < 0 or group in grouped - dated_groups):
            assert fates[number] == "train"


@given(st.lists(st.integers(0, 300), min_size=10, max_size=80, unique=True), st.floats(0.05, 0.6))
def test_without_groups_the_cut_is_clean_and_of_the_right_size(days, share):
    rows = [(k, -1, None, day) for k, day in enumerate(days)]
    fates = split(rows, SplitSpec(test=share, by="time"))
    test = [day for k, day in enumerate(days) if fates[k] == "test"]
    train = [day for k, day in enumerate(days) if fates[k] == "train"]
    assert abs(len(test) - share * len(days)) <= 0.5 + 1e-9
    assert not test or max(train) < min(test)


def test_a_clean_cut_is_preferred_when_it_is_near():
    rows = [(k, -1, None, k) for k in range(100)]
    rows[88] = (88, 5, None, 88)
    rows[91] = (91, 5, None, 91)
    fates = split(rows, SplitSpec(test=0.1, by="time"))
    test = [k for k in range(100) if fates[k] == "test"]
    assert test == list(range(92, 100))


def test_a_group_over_the_whole_time_does_not_take_the_test_away():
    rows = [(k, 5 if k in (0, 99) else -1, None, k) for k in range(100)]
    fates = split(rows, SplitSpec(test=0.1, by="time"))
    test = [k for k in range(100) if fates[k] == "test"]
    assert test == [0, *range(91, 100)]


def test_rows_of_one_moment_are_not_parted():
    rows = [(k, -1, None, 1 if k < 80 else 2) for k in range(100)]
    fates = split(rows, SplitSpec(test=0.15, by="time"))
    assert [k for k in range(100) if fates[k] == "test"] == list(range(80, 100))
    same = [(k, -1, None, 1) for k in range(10)]
    assert set(split(same, SplitSpec(test=0.9, by="time")).values()) == {"train"}


def test_what_comes_later_goes_to_a_settled_test():
    old = [(k, -1, None, k) for k in range(100)]
    spec = SplitSpec(test=0.1, by="time")
    before = split(old, spec)
    new = [(200, -1, None, 50), (201, -1, None, 95), (202, -1, None, 300), (203, -1, None, None)]
    after = split(old + new, spec, before)
    assert all(after[k] == before[k] for k in range(100))
    assert [after[k] for k in range(200, 204)] == ["train", "test", "test", "train"]


def test_a_settled_test_alone_lets_older_rows_into_train():
    rows = [(0, -1, None, 50), (1, -1, None, 10), (2, -1, None, 60)]
    fates = split(rows, SplitSpec(test=0.1, by="time"), {0: "test"})
    assert fates == {0: "test", 1: "train", 2: "test"}


def test_values_become_labels_and_dates():
    labels = labels_of(["退款", None, "退款", " ", 3, 3.0, "3"])
    assert (labels == -1).tolist() == [False, True, False, True, False, False, False]
    assert labels[0] == labels[2] and labels[4] == labels[5] == labels[6] != labels[0]
    dates = dates_of(["1970-01-02", "1970年1月2日", None, "soon"])
    assert dates[:2].tolist() == [DAY, DAY] and np.isnan(dates[2:]).all()


def test_recipes_that_do_not_ask_for_more_keep_their_digest():
    recipe = Recipe.model_validate(
        {"stages": [{"near_dedup": {"threshold": 0.8}}], "split": {"test": 0.1, "seed": 42}}
    )
    assert recipe.as_json()["split"] == {"test": 0.1, "seed": 42}
    assert recipe.digest == "sha256:ace50dea7185209b5d6d8aa645388e983c54bf73ee8d0b08cd258f07b60ee237"
    richer = Recipe.model_validate(
        {"stages": [], "split": {"test": 0.1, "stratify": "类别", "group": "user"}}
    )
    assert richer.as_json()["split"] == {"test": 0.1, "seed": 0, "stratify": "类别", "group": "user"}
    assert Recipe.model_validate(richer.as_json()) == richer
    assert richer.split.fields == {"strata": "类别", "group": "user"}
    assert SplitSpec(test=0.1, by="time").fields == {"date": "created"}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"test": 0.1, "by": "time", "stratify": "c"}, "contradict"),
        ({"test": 0.1, "column": "created"}, "no by: time"),
        ({"test": 0.1, "by": "size"}, "time"),
        ({"test": 0.1, "stratify": ""}, "stratify"),
    ],
)
def test_what_a_split_may_not_say(spec, said):
    with pytest.raises(InvalidRecipe, match=said):
        parse_recipe({"stages": [], "split": spec})


def test_a_split_that_lacks_what_it_needs_says_so():
    with pytest.raises(ValueError, match="dates"):
        assign(ids_of([1]), np.array([0]), SplitSpec(test=0.1, by="time"), {})
    with pytest.raises(ValueError, match="strata"):
        assign(ids_of([1]), np.array([0]), SplitSpec(test=0.1, stratify="c"), {})
