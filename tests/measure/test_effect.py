"""The difference between runs on two versions: what its intervals cover, and when it says nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assay.measure.drift.chance import benjamini_hochberg, holm, student_quantile, student_tail
from assay.measure.effect.bootstrap import bootstrap
from assay.measure.effect.estimate import difference, difference_by_seed, difference_of_means
from assay.measure.effect.power import needed
from tests.measure.planted_runs import planted, truth

EXPERIMENTS = 500


@pytest.mark.parametrize(
    ("kind", "runs", "items", "spread", "effect"),
    [
        ("binary", (2, 2), 200, "large", 0.4), ("binary", (3, 3), 200, "small", 0.0),
        ("number", (3, 3), 30, "large", 0.4), ("number", (5, 5), 200, "middle", 0.4),
        ("binary", (3, 5), 200, "middle", 0.4),
    ],
)  # fmt: skip
def test_intervals_cover_what_was_planted(kind, runs, items, spread, effect):
    """A few cells of the grid that `make soak` measures with more experiments."""
    rng = np.random.default_rng([*runs, items])
    real, held = truth(kind, spread, effect), 0
    for _ in range(EXPERIMENTS):
        found = difference(*planted(rng, kind, runs, items, spread, effect))
        held += found.low <= real <= found.high
    assert 0.93 <= held / EXPERIMENTS <= 0.97


def test_a_planted_difference_is_found_and_none_is_not_made_up():
    rng = np.random.default_rng(5)
    found = [difference(*planted(rng, "number", (5, 5), 200, "small", 0.5)) for _ in range(50)]
    assert sum(one.clear and one.value > 0 for one in found) == 50
    none = [difference(*planted(rng, "number", (5, 5), 200, "small", 0.0)) for _ in range(100)]
    assert sum(one.clear for one in none) <= 12


def test_one_run_of_each_tells_nothing_of_others():
    found = difference(np.zeros((1, 50)), np.ones((3, 50)))
    assert (found.value, found.low, found.p, found.clear, found.by_seeds) == (1.0, None, None, False, None)
    assert difference_of_means(np.array([1.0]), np.array([2.0, 3.0])).low is None
    assert difference_by_seed(np.zeros((1, 5)), np.ones((1, 5))).low is None


def test_figures_alone_are_compared_as_student_and_welch_did():
    before, after = np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 6.0, 7.0])
    found = difference_of_means(before, after)
    part = (1 / 3, 10 / 3 / 4)
    free = sum(part) ** 2 / (part[0] ** 2 / 2 + part[1] ** 2 / 3)
    half = student_quantile(0.95, free) * sum(part) ** 0.5
    assert found.value == 3.0
    assert found.low == pytest.approx(3 - half) and found.high == pytest.approx(3 + half)
    even = difference_of_means(before, after[:3])
    assert even.high - even.value == pytest.approx(student_quantile(0.95, 4) * (1 / 3 + 7 / 9) ** 0.5)
    pairs = difference_of_means(before, after[:3], by_seed=True)  # 2, 2, 3: mean 7/3, variance 1/3
    assert pairs.high - pairs.value == pytest.approx(student_quantile(0.95, 2) / 3)


def test_where_all_luck_is_left_over_it_is_students_test_of_the_means():
    rng = np.random.default_rng(2)
    before, after = rng.normal(0, 1, (2, 4, 5_000))
    found = difference(before, after)
    alone = difference_of_means(before.mean(1), after.mean(1))
    assert found.by_seeds == pytest.approx(1, abs=0.5) and found.value == pytest.approx(alone.value)
    crossed = difference(
        np.tile(before.mean(1), (2, 1)).T, np.tile(after.mean(1), (2, 1)).T
    )  # items do nothing
    assert (crossed.low, crossed.high) == pytest.approx((alone.low, alone.high))


def test_what_a_seed_brings_to_both_sides_falls_out_in_pairs():
    rng = np.random.default_rng(4)
    before, after = planted(rng, "number", (4, 4), 100, "small", 0.3)
    shift = np.array([-3.0, 1.0, 2.0, 5.0])[:, None]
    apart, paired = (
        difference(before + shift, after + shift),
        difference_by_seed(before + shift, after + shift),
    )
    assert paired.high - paired.low < (apart.high - apart.low) / 5
    assert paired.value == pytest.approx(apart.value)


@pytest.mark.parametrize(
    ("measure", "before", "after"),
    [
        (difference, np.zeros((2, 5)), np.zeros((2, 6))), (difference, np.zeros((0, 5)), np.zeros((2, 5))),
        (difference_by_seed, np.zeros((2, 5)), np.zeros((3, 5))), (bootstrap, np.zeros((1, 5)), np.zeros((3, 5))),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(measure, before, after):
    with pytest.raises(ValueError, match=r"runs|bootstrap"):
        measure(before, after, *([np.random.default_rng(0)] if measure is bootstrap else []))
    with pytest.raises(ValueError, match="equally many"):
        difference_of_means(np.zeros(2), np.zeros(3), by_seed=True)


def test_no_luck_at_all_leaves_no_doubt():
    found = difference(np.full((3, 4), 0.1), np.full((3, 4), 0.3))
    assert (found.low, found.high, found.p) == (found.value, found.value, 0.0) and found.clear
    none = difference(np.zeros((3, 4)), np.zeros((3, 4)))
    assert not none.clear and none.p == 1.0 and none.by_seeds == 0.0


scores = arrays.arrays(np.float64, (3, 6), elements=st.floats(-10, 10, width=32))


@settings(deadline=None, max_examples=60)
@given(scores, scores, st.permutations(range(6)), st.floats(0.01, 100), st.floats(-5, 5))
def test_order_direction_and_scale_do_not_matter(before, after, order, times, shift):
    one, back = difference(before, after), difference(after, before)
    assert one.value == pytest.approx(-back.value)
    assert (one.low, one.high) == pytest.approx((-back.high, -back.low))
    mixed = difference(before[::-1][:, order], after[:, order])
    assert (mixed.low, mixed.high) == pytest.approx((one.low, one.high), abs=1e-5)
    moved = difference(before * times + shift, after * times + shift)
    assert (moved.low, moved.high) == pytest.approx(
        (one.low * times, one.high * times), abs=1e-5 * max(1, times)
    )


@settings(deadline=None, max_examples=60)
@given(scores, scores)
def test_p_says_what_the_interval_says(before, after):
    found = difference(before, after)
    assert 0 <= found.p <= 1
    if abs(found.p - 0.05) > 1e-4:
        assert (found.p < 0.05) == found.clear


@pytest.mark.parametrize(
    ("within", "free", "t"), [(0.95, 30, 2.042272), (0.95, 1, 12.7062), (0.99, 7, 3.499483)]
)
def test_quantiles_are_those_of_the_tables(within, free, t):
    assert student_quantile(within, free) == pytest.approx(t, rel=1e-5)
    assert student_tail(student_quantile(within, free + 0.5), free + 0.5) == pytest.approx(1 - within)


def test_corrections():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert benjamini_hochberg([0.5, 0.9]) == pytest.approx([0.9, 0.9]) and benjamini_hochberg([]) == []


def test_a_bootstrap_draws_alike_from_the_same_state_and_holds_the_difference():
    before, after = planted(np.random.default_rng(3), "binary", (6, 6), 300, "small", 0.5)
    one, again = (bootstrap(before, after, np.random.default_rng(1), 500) for _ in range(2))
    assert one == again
    found = difference(before, after)
    for low, high in (one.percentile, one.bca, one.t):
        assert low < found.value < high
        assert (high - low) / (found.high - found.low) == pytest.approx(1, abs=0.6)


def test_a_bootstrap_of_draws_counts_as_one_of_rows_would():
    """Its fast sums against the plain ones: a draw taken row by row."""
    before, after = np.random.default_rng(8).normal(0, 1, (2, 3, 12))
    fixed = _Fixed()
    found = bootstrap(before, after, fixed, 4)
    values = []
    for k in range(4):
        items = np.repeat(np.arange(12), fixed.drawn[0][k])
        sides = [np.repeat(np.arange(3), fixed.drawn[n][k]) for n in (1, 2)]
        values.append(difference(before[sides[0]][:, items], after[sides[1]][:, items]).value)
    assert found.percentile == pytest.approx(tuple(np.quantile(values, (0.025, 0.975))))


class _Fixed:
    """Draws that are remembered."""

    def __init__(self):
        self._rng, self.drawn = np.random.default_rng(1), []

    def multinomial(self, *args):
        self.drawn.append(self._rng.multinomial(*args))
        return self.drawn[-1]


def test_what_it_would_take_is_told():
    rng = np.random.default_rng(6)
    before, after = planted(rng, "number", (60, 60), 400, "large", 0.4)  # so many that their spread is known
    found, effect = needed(before, after), abs(after.mean() - before.mean())
    assert found.runs is not None and 5 < found.runs < 100 and found.items is None
    again = (planted(rng, "number", (found.runs,) * 2, 400, "large", effect) for _ in range(100))
    assert 0.65 < np.mean([difference(*one).clear for one in again]) < 0.92  # four times in five was promised
    few = planted(np.random.default_rng(1), "number", (3, 3), 12, "small", 0.05)
    assert needed(*few).runs is None and needed(*few).items > 12
    assert needed(before[:1], after).runs is not None
    assert needed(before[:1], after[:1]) is None and needed(before, before) is None
    assert needed(np.array([0.5]), np.array([0.6, 0.7, 0.65])).runs >= 2
