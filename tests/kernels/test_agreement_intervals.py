"""Coefficients with intervals: the same figures as the plain formulas, and intervals that hold."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.kernels.agreement import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    pairwise_agreement,
)
from assay.kernels.agreement_intervals import coefficients, cohen, share_of, wilson

LABELS = st.sampled_from(["accept", "reject", "编辑"])
ITEMS = st.lists(st.lists(st.one_of(LABELS, st.none()), min_size=3, max_size=3), min_size=1, max_size=25)


def _same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, abs_tol=1e-9)


@settings(deadline=None, max_examples=80)
@given(ITEMS)
def test_the_figures_are_those_of_the_plain_formulas(items: list[list[str | None]]) -> None:
    kept = [item for item in items if sum(label is not None for label in item) > 1]
    found = coefficients(items)
    assert _same(found["krippendorff_alpha"].value, krippendorff_alpha(kept))
    assert _same(found["gwet_ac1"].value, gwet_ac1(kept))
    shares = [pairwise_agreement(item) for item in kept]
    assert _same(found["percent"].value, sum(shares) / len(shares) if shares else math.nan)
    if len({sum(label is not None for label in item) for item in kept}) == 1:
        assert _same(found["fleiss_kappa"].value, fleiss_kappa(kept))
    for one in found.values():
        assert one.n == len(kept) and (math.isnan(one.low) or one.low <= one.high)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(st.one_of(LABELS, st.none()), LABELS), max_size=30))
def test_kappa_of_two_is_that_of_the_plain_formula(pairs: list[tuple[str | None, str]]) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    assert _same(cohen(a, b).value, cohen_kappa(a, b))


def test_wilson_is_what_is_published() -> None:
    low, high = wilson(81, 263)  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) == (0.0, 1.0) and math.isnan(share_of(0, 0).value)
    assert wilson(20, 20)[1] == pytest.approx(1.0) and round(wilson(0, 20)[1], 4) == 0.1611


def test_the_interval_covers_the_true_value_about_as_often_as_it_says() -> None:
    draw = random.Random(3)
    truth, hits, rounds = _alpha_of(draw, 20_000), 0, 120
    for _ in range(rounds):
        one = coefficients(_items(draw, 150))["krippendorff_alpha"]
        hits += one.low <= truth <= one.high
    assert hits / rounds > 0.88


def _items(draw: random.Random, n: int) -> list[list[str]]:
    out = []
    for _ in range(n):
        truth = draw.random() < 0.3
        out.append(["no" if (draw.random() < 0.15) != truth else "yes" for _ in range(2)])
    return out


def _alpha_of(draw: random.Random, n: int) -> float:
    return krippendorff_alpha(_items(draw, n))
