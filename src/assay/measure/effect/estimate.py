"""The difference that a version made, from runs of several seeds on the same items, with its interval.

A training run is luck twice over: its seed shifts all of its scores together, and each item of an evaluation falls
this way or that. The interval is of the difference that other seeds and other items of the same kind would show. Runs
and items are crossed random factors (Owen 2007, "The pigeonhole bootstrap"), so the variance of the difference is

    V = M + K    M: the variance of the runs' means, over the number of runs; it holds all that a new run brings
                 K: what other items would bring beyond that: the variance over items of the difference, over their
                    number, less the share of it that is left over after run and item and stands in M already

M is known from few runs (f degrees of freedom), K from many items. Student's t for all of V would be far too wide
where items make the luck, the normal's too narrow where seeds do. Banerjee (1961) gives each part its own quantile,
half² = t(f)² M + t(items - 1)² K, and covers at least 95 % whatever the shares; where both parts weigh alike it
covers up to 97.7 % with two runs a side. So the way from one quantile to the other is bent: half² = V (q² + (t² -
q²) (M/V)^1.5), which covers 94.8 to 96.4 % of normal luck with two runs a side, and less far from 95 with more
(docs/design/0034-effects.md has what was measured, and what a bootstrap covers).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.measure.drift.chance import student_quantile, student_tail

Scores = npt.NDArray[np.float32] | npt.NDArray[np.float64]
"""Runs × items: what each run scored on each item."""
LEVEL: Final = 0.95
_BEND: Final = 1.5
_CERTAIN: Final = 1e-12
"""Of the means: a spread below it is what rounding left."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The two parts of the variance of a difference. `runs`: M, with `free` degrees of freedom; `items`: K."""

    runs: float
    items: float
    free: float
    item_free: float

    @property
    def variance(self) -> float:
        return self.runs + self.items

    @property
    def half(self) -> float:
        """Half the length of the interval at 95 %."""
        if self.variance <= 0:
            return 0.0
        q, t = _quantile(self.item_free) if self.item_free else 0.0, _quantile(self.free)
        share = self.runs / self.variance
        return math.sqrt(self.variance * (q * q + (t * t - q * q) * share**_BEND))


@dataclass(frozen=True, slots=True)
class Difference:
    """`value`: the mean of the later runs less that of the earlier ones; `low` to `high`: its interval at 95 %, None
    where nothing tells how much other seeds would differ. `runs`: of either side; `items`: on how many both were
    measured, 0 where only the runs' figures are known. `means`: of either side."""

    value: float
    low: float | None
    high: float | None
    runs: tuple[int, int]
    items: int
    means: tuple[float, float]
    parts: Parts | None = None

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out no difference."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high

    def untold(self) -> Difference:
        """The same without an interval: where there is too little to go by."""
        return replace(self, low=None, high=None, parts=None)

    @property
    def p(self) -> float | None:
        """How often chance alone would show as much; below 0.05 just where the interval leaves out no difference."""
        if self.parts is None or self.high is None:
            return None
        half = self.high - self.value
        if not half:
            return 0.0 if self.value else 1.0
        spread = math.sqrt(self.parts.variance)
        return student_tail(self.value / spread, _free_of(half / spread))

    @property
    def by_seeds(self) -> float | None:
        """The share of the variance that comes with the runs, which more of them would lessen."""
        if self.parts is None:
            return None
        return self.parts.runs / self.parts.variance if self.parts.variance > 0 else 0.0


def difference(before: Scores, after: Scores) -> Difference:
    """What the later runs score beyond the earlier ones on the same items. Both have the same items, one or more,
    in the same order, and at least one run. Raises ValueError otherwise."""
    if (
        before.ndim != 2
        or after.ndim != 2
        or before.shape[1] != after.shape[1]
        or not before.size * after.size
    ):
        raise ValueError("runs of two versions must be measured on the same items")
    sides = (before, after)
    runs, items = (len(before), len(after)), before.shape[1]
    by_item = [side.mean(0, dtype=np.float64) for side in sides]
    if min(runs) < 2 or items < 2:
        return _untold(float(by_item[0].mean()), float(by_item[1].mean()), runs, items)
    by_run = [side.mean(1, dtype=np.float64) for side in sides]
    left_over = sum(_left_over(s, i, r) / s.size for s, i, r in zip(sides, by_item, by_run, strict=True))
    of_items = float((by_item[1] - by_item[0]).var(ddof=1)) / items
    of_runs, free = _of_runs(by_run)
    return _told(by_run, Parts(of_runs, max(0.0, of_items - left_over), free, items - 1), items)


def difference_by_seed(before: Scores, after: Scores) -> Difference:
    """`difference` where run k of either side had the same seed, and what the seed brings to both falls out. Both
    have the same shape; raises ValueError otherwise."""
    if before.ndim != 2 or before.shape != after.shape or not before.size:
        raise ValueError("runs that are paired by seed must be equally many, on the same items")
    runs, items = (len(before), len(after)), before.shape[1]
    by_run = [side.mean(1, dtype=np.float64) for side in (before, after)]
    if min(runs) < 2 or items < 2:
        return _untold(float(by_run[0].mean()), float(by_run[1].mean()), runs, items)
    apart = after.astype(np.float64) - before
    by_item, of_seeds = apart.mean(0), apart.mean(1)
    left_over = _left_over(apart, by_item, of_seeds) / apart.size
    of_items = max(0.0, float(by_item.var(ddof=1)) / items - left_over)
    parts = Parts(float(of_seeds.var(ddof=1)) / len(apart), of_items, len(apart) - 1, items - 1)
    return _told(by_run, parts, items)


def difference_of_means(before: Scores, after: Scores, by_seed: bool = False) -> Difference:
    """The same of runs of which only one figure each is known: Student's test, or Welch's where the sides have not
    equally many; with `by_seed`, Student's of pairs. At least one run of each; raises ValueError for pairs that do
    not match."""
    runs = (len(before), len(after))
    if by_seed and runs[0] != runs[1]:
        raise ValueError("runs that are paired by seed must be equally many")
    if min(runs) < 2:
        return _untold(float(before.mean()), float(after.mean()), runs, 0)
    sides = [before.astype(np.float64), after.astype(np.float64)]
    of_runs, free = _of_runs(sides)
    if by_seed:
        of_runs, free = float((sides[1] - sides[0]).var(ddof=1)) / runs[0], runs[0] - 1.0
    return _told(sides, Parts(of_runs, 0.0, free, 0.0), 0)


def _left_over(scores: Scores, by_item: npt.NDArray[np.float64], by_run: npt.NDArray[np.float64]) -> float:
    """The variance that neither the run nor the item explains; a run at a time, so that no second matrix is made."""
    mean = float(by_run.mean())
    total = 0.0
    for row, of_run in zip(scores, by_run.tolist(), strict=True):
        rest = row - by_item
        rest -= of_run - mean
        total += float(rest @ rest)
    free: int = (scores.shape[0] - 1) * (scores.shape[1] - 1)
    return total / free


def left_over_of(scores: Scores) -> float:
    """The variance of one score that neither its run nor its item explains, of two or more of each."""
    return _left_over(scores, scores.mean(0, dtype=np.float64), scores.mean(1, dtype=np.float64))


def _of_runs(by_run: list[npt.NDArray[np.float64]]) -> tuple[float, float]:
    """The variance of the difference of the sides' means, and its degrees of freedom.

    With equally many runs a side both estimates of it are the same number, whose degrees of freedom are best taken
    as if the sides spread alike; else each side has its own variance (Welch 1947), and the degrees of freedom are
    Satterthwaite's.
    """
    of_side = [float(side.var(ddof=1)) / len(side) for side in by_run]
    total, free = sum(of_side), float(sum(len(side) - 1 for side in by_run))
    if len(by_run[0]) != len(by_run[1]) and total > 0:
        free = total**2 / sum(v**2 / (len(side) - 1) for v, side in zip(of_side, by_run, strict=True))
    return total, free


def _told(by_run: list[npt.NDArray[np.float64]], parts: Parts, items: int) -> Difference:
    means = float(by_run[0].mean()), float(by_run[1].mean())
    runs, value = (len(by_run[0]), len(by_run[1])), means[1] - means[0]
    scale = max(abs(means[0]), abs(means[1])) ** 2
    half = parts.half if parts.variance > _CERTAIN**2 * scale else 0.0
    return Difference(value, value - half, value + half, runs, items, means, parts)


def _untold(before: float, after: float, runs: tuple[int, int], items: int) -> Difference:
    return Difference(after - before, None, None, runs, items, (before, after))


@lru_cache(maxsize=4_096)
def _quantile(free: float) -> float:
    return student_quantile(LEVEL, free)


def _free_of(quantile: float) -> float:
    """The degrees of freedom whose quantile at 95 % this is: p then agrees with the interval."""
    low, high = 0.5, 1e6
    if quantile <= student_quantile(LEVEL, high):
        return high
    for _ in range(40):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if student_tail(quantile, middle) > 1 - LEVEL else (low, middle)
    return high
