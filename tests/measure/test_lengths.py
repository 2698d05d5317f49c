"""Lengths against figures worked out by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.measure.lengths import Bin, Lengths, bins, percentiles, round_width


def summed(values):
    lengths = Lengths()
    lengths.add(values)
    return lengths.summary()


def test_percentiles_by_nearest_rank():
    found = summed(range(1, 101))
    assert (found.p1, found.p10, found.p25, found.p50, found.p75, found.p90, found.p99) == (
        1,
        10,
        25,
        50,
        75,
        90,
        99,
    )
    assert found.mean == 50.5
    # Five values: p50 is the third, p10 the first, p90 the fifth.
    five = summed([15, 20, 35, 40, 50])
    assert (five.p10, five.p50, five.p75, five.p90) == (15, 35, 40, 50)
    assert five.spread == 50 / 15


def test_nothing_was_added():
    assert Lengths().summary() is None


def test_a_p10_of_nothing_counts_as_one_unit():
    assert summed([0, 0, 0, 0, 60]).spread == 60


def test_bins_are_round_and_the_last_is_open():
    assert bins({0: 1, 3: 2, 9: 1}, 9) == tuple(Bin(k, k, {0: 1, 3: 2, 9: 1}.get(k, 0)) for k in range(10))
    found = bins({5: 99, 1_000: 1}, 5)
    assert found[-1] == Bin(6, None, 1)
    assert sum(one.count for one in found) == 100
    assert [round_width(x) for x in (0.1, 1, 1.1, 4, 6, 11, 51)] == [1, 1, 2, 5, 10, 20, 100]


def test_long_lengths_are_kept_to_three_figures_and_the_mean_is_exact():
    found = summed([123_456, 123_999, 10_000])
    assert (found.p50, found.p99) == (123_000, 123_000)
    assert found.mean == (123_456 + 123_999 + 10_000) / 3


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60), st.integers(1, 100))
def test_a_percentile_covers_its_share_and_no_smaller_value_does(values, p):
    counts = {value: values.count(value) for value in set(values)}
    (found,) = percentiles(counts, [p])
    assert sum(v <= found for v in values) * 100 >= p * len(values)
    assert sum(v < found for v in values) * 100 < p * len(values)


@given(st.lists(st.lists(st.integers(0, 10**7), max_size=20), max_size=6))
def test_how_values_are_batched_changes_nothing(batches):
    apart = Lengths()
    for batch in reversed(batches):
        apart.add(batch)
    together = Lengths()
    together.add([value for batch in batches for value in batch])
    assert apart.summary() == together.summary()
