"""Rank correlation, plain and with a third value held fixed, and seeded bootstrap intervals of any figure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.kernels.agreement_intervals import Estimate

DRAWS: Final = 1_000
_LEAST_DRAWS: Final = 200
_WORK: Final = 5_000_000
_ENDS: Final = (2.5, 97.5)

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def ranks(values: Floats) -> Floats:
    """float64[n]: ranks from 1; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place], np.float64)


def spearman(a: Floats, b: Floats) -> float:
    """Spearman's rho (1904), ties at mean ranks; NaN where one side is constant or fewer than two values are there."""
    return _pearson(ranks(a), ranks(b))


def partial_spearman(a: Floats, b: Floats, given: Floats) -> float:
    """Spearman's rho of `a` and `b` with `given` held fixed (first-order partial correlation of ranks).

    A constant `given` holds nothing fixed. NaN where `a` or `b` is constant, or `given` explains one of them wholly.
    """
    both = spearman(a, b)
    left, right = spearman(a, given), spearman(b, given)
    if math.isnan(left) or math.isnan(right):
        return both
    rest = (1 - left * left) * (1 - right * right)
    return (both - left * right) / math.sqrt(rest) if rest > 1e-12 else math.nan


def bootstrap(figure: Callable[[Rows], float], n: int, seed: int = 0) -> Estimate:
    """`figure(rows)` of all `n` rows, with the 95 % percentile interval (Efron 1979) over rows drawn with replacement.

    1,000 draws; fewer, at least 200, above 5,000 rows. No interval where half of the draws have no value.
    """
    if not n:
        return Estimate(math.nan, math.nan, math.nan, 0)
    value = figure(np.arange(n, dtype=np.int64))
    if math.isnan(value) or n < 2:
        return Estimate(value, math.nan, math.nan, n)
    draws = max(_LEAST_DRAWS, min(DRAWS, _WORK // n))
    source = np.random.default_rng(seed)
    drawn = np.array([figure(source.integers(0, n, n)) for _ in range(draws)])
    defined = drawn[np.isfinite(drawn)]
    if len(defined) * 2 < draws:
        return Estimate(value, math.nan, math.nan, n)
    low, high = np.percentile(defined, _ENDS)
    return Estimate(value, float(low), float(high), n)


def _pearson(a: Floats, b: Floats) -> float:
    if len(a) < 2:
        return math.nan
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float(a @ a) * float(b @ b))
    return max(-1.0, min(1.0, float(a @ b) / size)) if size > 0 else math.nan
