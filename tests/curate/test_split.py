"""Splits: groups never straddle, order never matters, settled examples stay."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.split import Standing, join_groups
from assay.curate.split import assign as assign_rows
from assay.model.recipe import SplitSpec

SPEC = SplitSpec(test=0.3, seed=42)


def assign(ids, groups, spec, before):
    """`assign` with ids as bytes and a mapping of where they stand."""
    names = sorted(set(before.values()))
    code = np.array([names.index(before[i]) if i in before else -1 for i in ids], np.int64)
    return assign_rows(np.array(ids, "S32"), groups, spec, Standing(code, names)).tolist()


def ids_of(numbers: list[int]) -> list[bytes]:
    return [hashlib.sha256(str(n).encode()).digest() for n in numbers]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 8)), min_size=1, unique_by=lambda t: t[0]),
    st.randoms(use_true_random=False),
)
def test_a_group_never_straddles_and_order_never_matters(rows, random):
    def by_id(rows):
        ids = ids_of([number for number, _ in rows])
        labels = np.array([group for _, group in rows], np.int64)
        groups = join_groups(len(rows), [labels])
        return dict(zip(ids, assign(ids, groups, SPEC, {}), strict=True))

    fates = by_id(rows)
    shuffled = rows[:]
    random.shuffle(shuffled)
    assert by_id(shuffled) == fates
    for group in {group for _, group in rows if group >= 0}:
        members = ids_of([number for number, g in rows if g == group])
        assert len({fates[m] for m in members}) == 1


def test_shares_are_about_what_was_asked():
    ids = ids_of(list(range(20_000)))
    fates = assign(ids, np.arange(len(ids)), SplitSpec(test=0.1, validation=0.05, seed=1), {})
    assert abs(fates.count("test") / len(ids) - 0.1) < 0.01
    assert abs(fates.count("validation") / len(ids) - 0.05) < 0.01


def test_a_settled_example_stays_and_takes_its_group_along():
    ids = ids_of([1, 2, 3])
    groups = np.array([0, 0, 2])
    assert assign(ids, groups, SPEC, {ids[1]: "test"})[:2] == ["test", "test"]


def test_a_group_settled_on_both_sides_goes_to_train():
    ids = ids_of([1, 2])
    assert assign(ids, np.array([0, 0]), SPEC, {ids[0]: "test", ids[1]: "train"}) == ["train", "train"]


def test_two_relations_join_through_a_shared_row():
    groups = join_groups(4, [np.array([7, 7, -1, -1]), np.array([-1, 3, 3, -1])])
    assert groups.tolist() == [0, 0, 0, 3]
