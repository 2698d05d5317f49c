"""A bootstrap of the difference between runs on two versions: over items and over runs at once.

Each draw takes the items, and the runs of either side, anew with replacement (the pigeonhole bootstrap of Owen
2007), so that what a run's scores have in common stays in common. Three intervals at 95 % are made of the same
draws: percentiles; BCa (Efron 1987), with the acceleration from the influence of every run and item; and
bootstrap-t, each draw in units of its own spread. With few runs none of the three covers what it says:
docs/design/0034-effects.md has what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.measure.effect.estimate import LEVEL, Scores, difference

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]
DRAWS: Final = 2_000
LEAST_RUNS: Final = 5
"""Runs a side below which no interval of a bootstrap is told."""
_CELLS: Final = 2_000_000
"""Of the matrices that are held at a time."""


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """Intervals at 95 % from `draws` draws."""

    draws: int
    percentile: Interval
    bca: Interval
    t: Interval


def bootstrap(before: Scores, after: Scores, rng: np.random.Generator, draws: int = DRAWS) -> Bootstrapped:
    """Intervals for the difference of two or more runs each (rows), on two or more items (columns).

    `rng` makes the draws: the same state, the same answer. Raises ValueError as `difference` does, and for fewer
    runs or items.
    """
    found = difference(before, after)
    if found.parts is None:
        raise ValueError("a bootstrap needs two runs of each side, and two items")
    values, spreads = np.empty(draws), np.empty(draws)
    at = 0
    for values_of, spreads_of in _drawn(before, after, rng, draws):
        values[at : at + len(values_of)], spreads[at : at + len(values_of)] = values_of, spreads_of
        at += len(values_of)
    outside = (1 - LEVEL) / 2
    spread = math.sqrt(found.parts.variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        studied = np.nan_to_num((values - found.value) / spreads, nan=0.0)
    low, high = np.quantile(studied, (1 - outside, outside), method="inverted_cdf")
    return Bootstrapped(
        draws,
        _pair(np.quantile(values, (outside, 1 - outside))),
        _pair(np.quantile(values, _corrected(values, found.value, _influence(before, after), outside))),
        (found.value - float(low) * spread, found.value - float(high) * spread),
    )


def _pair(found: Floats) -> Interval:
    return float(found[0]), float(found[1])


def _drawn(
    before: Scores, after: Scores, rng: np.random.Generator, draws: int
) -> Iterator[tuple[Floats, Floats]]:
    """Differences of the draws and their spreads, some at a time."""
    items = before.shape[1]
    at_once = max(1, _CELLS // max(items, 1))
    for start in range(0, draws, at_once):
        number = min(at_once, draws - start)
        weights = rng.multinomial(items, np.full(items, 1 / items), number).astype(np.float64)
        sides = [_side(side.astype(np.float64), weights, rng) for side in (before, after)]
        apart = sides[1].by_item - sides[0].by_item
        value = sides[1].mean - sides[0].mean
        of_items = ((weights * apart**2).sum(1) - items * value**2) / (items - 1) / items
        left_over = sides[0].left_over + sides[1].left_over
        variance = sides[0].of_runs + sides[1].of_runs + np.maximum(0, of_items - left_over)
        yield value, np.sqrt(np.maximum(0, variance))


@dataclass(frozen=True, slots=True)
class _Side:
    """Of each draw (rows): its mean, the means by item, the variance that runs bring and what is left over."""

    mean: Floats
    by_item: Floats
    of_runs: Floats
    left_over: Floats


def _side(scores: Floats, weights: Floats, rng: np.random.Generator) -> _Side:
    runs, items = scores.shape
    of_run = rng.multinomial(runs, np.full(runs, 1 / runs), len(weights)).astype(np.float64)
    by_run = weights @ scores.T / items  # draws × runs
    by_item = of_run @ scores / runs  # draws × items
    mean = (of_run * by_run).sum(1) / runs
    of_runs = ((of_run * by_run**2).sum(1) - runs * mean**2) / (runs - 1) / runs
    squares = (of_run * (weights @ (scores**2).T)).sum(1)
    rest = squares - items * (of_run * by_run**2).sum(1) - runs * (weights * by_item**2).sum(1)
    rest += runs * items * mean**2
    return _Side(
        mean, by_item, np.maximum(0, of_runs), np.maximum(0, rest) / ((runs - 1) * (items - 1) * runs * items)
    )


def _influence(before: Scores, after: Scores) -> Floats:
    """How much the difference would move were an item, or a run, left out a little."""
    by_item = after.mean(0, dtype=np.float64) - before.mean(0, dtype=np.float64)
    runs = [side.mean(1, dtype=np.float64) for side in (before, after)]
    return np.concatenate([
        (by_item - by_item.mean()) / len(by_item),
        (runs[1] - runs[1].mean()) / len(runs[1]),
        -(runs[0] - runs[0].mean()) / len(runs[0]),
    ])  # fmt: skip


def _corrected(values: Floats, value: float, influence: Floats, outside: float) -> Floats:
    """Which quantiles BCa takes."""
    normal = NormalDist()
    below = float((values < value).mean() + (values == value).mean() / 2)
    bias = normal.inv_cdf(min(max(below, 0.5 / len(values)), 1 - 0.5 / len(values)))
    squared = float((influence**2).sum())
    bent = float((influence**3).sum()) / (6 * squared**1.5) if squared > 0 else 0.0
    out = []
    for share in (outside, 1 - outside):
        z = bias + normal.inv_cdf(share)
        out.append(normal.cdf(bias + z / (1 - bent * z)))
    return np.array(out)
