"""The difference that a version made, from runs of several seeds on the same items, with its interval.

A training run is luck twice over: the seed shifts all of its scores together, and each item of an evaluation falls
this way or that. The interval is of the difference that other seeds and other items of the same kind would show, so both
kinds of luck are in it, and what is left over is not counted twice (two crossed random factors: Owen 2007, "The
pigeonhole bootstrap"; degrees of freedom after Satterthwaite 1946). A bootstrap over three seeds knows too little of
seeds: docs/design/0030 has what each covers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.measure.drift.chance import student_quantile, student_tail

Scores = npt.NDArray[np.float64]
"""Runs × items: what each run scored on each item."""
LEVEL: Final = 0.95
_LEFT_OVER: Final = 0.5
"""The share of the left-over variance that counts as unknown in what is known of seeds: by simulation, see 0030."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`value`: the mean of the later runs less that of the earlier ones; `low` to `high`: its interval at 95 %, None
    where nothing tells how much other seeds would differ. `p`: of no difference at all. `by_seeds`: the share of the
    variance that more seeds would lessen; `items`: on how many both were measured."""

    value: float
    low: float | None
    high: float | None
    p: float | None
    seeds: tuple[int, int]
    items: int
    by_seeds: float | None

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out no difference."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def difference(before: Scores, after: Scores) -> Difference:
    """What the later runs score beyond the earlier ones on the same items. Both have the same items, one or more, in the
    same order, and at least one run. Raises ValueError otherwise."""
    if before.ndim != 2 or after.ndim != 2 or before.shape[1] != after.shape[1] or not before.size * after.size:
        raise ValueError("runs of two versions must be measured on the same items")
    seeds, items = (len(before), len(after)), before.shape[1]
    apart = after.mean(0) - before.mean(0)
    value = float(apart.mean())
    if min(seeds) < 2 or items < 2:
        return Difference(value, None, None, None, seeds, items, None)
    by_items = float(apart.var(ddof=1)) / items
    means = tuple(float(runs.mean(1).var(ddof=1)) / len(runs) for runs in (before, after))
    left_over = sum(_left_over(runs) / runs.size for runs in (before, after))
    by_seeds = max(0.0, sum(means) - left_over)
    variance = by_items + by_seeds
    free = _free(by_seeds + _LEFT_OVER * left_over, means, seeds, by_items, items)
    return _told(value, variance, free, seeds, items, by_seeds)


def difference_of_means(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> Difference:
    """The same of runs of which only one figure each is known: Welch's test. At least one run of each."""
    seeds, value = (len(before), len(after)), float(after.mean() - before.mean())
    if min(seeds) < 2:
        return Difference(value, None, None, None, seeds, 0, None)
    means = tuple(float(runs.var(ddof=1)) / len(runs) for runs in (before, after))
    return _told(value, sum(means), _free(sum(means), means, seeds, 0.0, 2), seeds, 0, sum(means))


def _left_over(runs: Scores) -> float:
    """The variance that neither the run nor the item explains."""
    rest = runs - runs.mean(0) - runs.mean(1)[:, None] + runs.mean()
    return float((rest**2).sum()) / ((runs.shape[0] - 1) * (runs.shape[1] - 1))


def _free(
    of_seeds: float, means: tuple[float, ...], seeds: tuple[int, int], by_items: float, items: int
) -> float:
    """Degrees of freedom of the variance: few where seeds make most of it, many where items do."""
    known = sum(mean**2 / (n - 1) for mean, n in zip(means, seeds, strict=True))
    seed_free = sum(means) ** 2 / known if known else float(min(seeds) - 1)
    unsure = of_seeds**2 / seed_free + by_items**2 / (items - 1)
    return (of_seeds + by_items) ** 2 / unsure if unsure else float(items - 1)


def _told(
    value: float, variance: float, free: float, seeds: tuple[int, int], items: int, by_seeds: float
) -> Difference:
    if not variance:
        p = 0.0 if value else 1.0
        return Difference(value, value, value, p, seeds, items, 0.0)
    spread = math.sqrt(variance)
    half = student_quantile(LEVEL, free) * spread
    p = student_tail(value / spread, free)
    return Difference(value, value - half, value + half, p, seeds, items, by_seeds / variance)
