"""How many runs it would take to tell a difference from chance."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from assay.measure.effect.estimate import Parts, Scores, left_over_of

POWER: Final = 0.8
MOST: Final = 1_000
"""Runs a side beyond which nobody is told a number."""


@dataclass(frozen=True, slots=True)
class Needed:
    """`runs`: a side, the fewest that would show a difference of the observed size `POWER` of the time; None when no
    number up to `MOST` would, because the items are too few: `items` would do, where they are what is short."""

    runs: int | None
    items: int | None


def needed(before: Scores, after: Scores) -> Needed | None:
    """What it would take if spread and difference were those observed, of runs × items, or of runs with a figure each.

    One side with two runs is enough to go by: the other is taken to spread alike. None where neither has two, or there
    is no difference. An estimate from few runs: it may well be out by a factor of two.
    """
    sides = [side[:, None] if side.ndim == 1 else side for side in (before, after)]
    value = abs(float(sides[1].mean(dtype=np.float64) - sides[0].mean(dtype=np.float64)))
    several = [side for side in sides if len(side) > 1]
    items = sides[0].shape[1]
    if not several or not value:
        return None
    free = sum(len(side) - 1 for side in several)
    one_run = (
        sum(float(side.mean(1, dtype=np.float64).var(ddof=1)) * (len(side) - 1) for side in several) / free
    )
    of_items = 0.0
    if items > 1:
        left_over = sum(left_over_of(side) * (len(side) - 1) for side in several) / free
        apart = sides[1].mean(0, dtype=np.float64) - sides[0].mean(0, dtype=np.float64)
        of_items = (
            max(0.0, float(apart.var(ddof=1)) - left_over * sum(1 / len(side) for side in sides)) / items
        )
    if one_run + of_items <= 0:
        return None
    runs = _fewest(one_run, of_items, items, value)
    if runs is not None or not of_items:
        return Needed(runs, None)
    z = NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(POWER)
    return Needed(None, round(of_items * items * (z / value) ** 2) + 1)


def _fewest(one_run: float, of_items: float, items: int, value: float) -> int | None:
    """Runs a side, by halving."""

    def shows(runs: int) -> bool:
        parts = Parts(2 * one_run / runs, of_items, 2.0 * (runs - 1), max(0, items - 1))
        return bool(parts.half + NormalDist().inv_cdf(POWER) * parts.variance**0.5 <= value)

    if not shows(MOST):
        return None
    low, high = 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high
