"""The difference between runs on two versions: what its intervals cover, and when it says nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assay.measure.drift.chance import student_quantile, student_tail
from assay.measure.effect.estimate import difference, difference_of_means

EXPERIMENTS = 500


def planted(rng, seeds, items, by_seed, by_item, effect, chance):
    """Scores of runs on two versions, and the difference that was put in between them."""
    base, own = rng.normal(0, 1.2, items), rng.normal(effect, by_item, items)
    before = base + rng.normal(0, by_seed, seeds[0])[:, None]
    after = base + own + rng.normal(0, by_seed, seeds[1])[:, None]
    if chance:
        return before + rng.normal(0, 0.5, before.shape), after + rng.normal(0, 0.5, after.shape)
    return before, after


@pytest.mark.parametrize(
    ("seeds", "items", "by_seed", "by_item", "effect"),
    [
        ((3, 3), 200, 0.1, 0.5, 0.2), ((5, 5), 200, 0.1, 0.5, 0.2), ((3, 3), 200, 0.02, 0.5, 0.0),
        ((5, 5), 50, 0.1, 0.3, -0.4), ((3, 5), 200, 0.2, 0.3, 0.2), ((10, 10), 200, 0.1, 0.1, 0.0),
    ],
)  # fmt: skip
def test_intervals_cover_what_was_planted(seeds, items, by_seed, by_item, effect):
    rng = np.random.default_rng([*seeds, items])
    held = 0
    for _ in range(EXPERIMENTS):
        found = difference(*planted(rng, seeds, items, by_seed, by_item, effect, True))
        held += found.low <= effect <= found.high
    assert 0.93 <= held / EXPERIMENTS <= 0.97


def test_one_run_of_each_tells_nothing_of_others():
    found = difference(np.zeros((1, 50)), np.ones((3, 50)))
    assert (found.value, found.low, found.p, found.clear) == (1.0, None, None, False)
    assert difference_of_means(np.array([1.0]), np.array([2.0, 3.0])).low is None


def test_figures_alone_are_compared_as_welch_did():
    # Welch's t by hand: means 2 and 5, variances 1 and 4 over 3 and 4 runs.
    before, after = np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 6.0, 7.0])
    found = difference_of_means(before, after)
    part = (1 / 3, 10 / 3 / 4)
    free = sum(part) ** 2 / (part[0] ** 2 / 2 + part[1] ** 2 / 3)
    half = student_quantile(0.95, free) * sum(part) ** 0.5
    assert found.value == 3.0
    assert found.low == pytest.approx(3 - half) and found.high == pytest.approx(3 + half)


def test_other_items_are_no_comparison():
    with pytest.raises(ValueError, match="same items"):
        difference(np.zeros((2, 5)), np.zeros((2, 6)))


def test_no_luck_at_all_leaves_no_doubt():
    found = difference(np.zeros((3, 4)), np.ones((3, 4)))
    assert (found.low, found.high, found.p, found.clear) == (1.0, 1.0, 0.0, True)
    assert not difference(np.zeros((3, 4)), np.zeros((3, 4))).clear


scores = arrays.arrays(np.float64, (3, 6), elements=st.floats(-10, 10, width=32))


@settings(deadline=None, max_examples=60)
@given(scores, scores, st.permutations(range(6)))
def test_order_and_direction_do_not_matter(before, after, order):
    one, back = difference(before, after), difference(after, before)
    assert one.value == pytest.approx(-back.value)
    assert (one.low, one.high) == pytest.approx((-back.high, -back.low))
    mixed = difference(before[::-1][:, order], after[:, order])
    assert (mixed.low, mixed.high) == pytest.approx((one.low, one.high), abs=1e-6)


@pytest.mark.parametrize(
    ("within", "free", "t"), [(0.95, 30, 2.042272), (0.95, 1, 12.7062), (0.99, 7, 3.499483)]
)
def test_quantiles_are_those_of_the_tables(within, free, t):
    assert student_quantile(within, free) == pytest.approx(t, rel=1e-5)
    assert student_tail(student_quantile(within, free + 0.5), free + 0.5) == pytest.approx(1 - within)
