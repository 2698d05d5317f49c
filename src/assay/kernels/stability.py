"""The population stability index: how far a distribution moved, and how far chance alone would have moved it.

    PSI = Σ (p − q) · ln(p / q)      p, q: the shares of a bin in the two populations

Siddiqi, *Credit Risk Scorecards* (Wiley, 2006): below 0.1 little has changed, from 0.25 on much has. Both counts of
every bin are raised by ½, so that an empty bin does not make the sum infinite.

With B bins and n and m rows drawn from one distribution, PSI / (1/n + 1/m) is about χ² with B − 1 degrees of freedom
(Yurdakul and Naranjo, "Statistical properties of the population stability index", Journal of Risk Model
Validation 14(4), 2020). `noise` is its 99.9th percentile: a smaller PSI says nothing about a small version.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

BINS: Final = 10

_Bin = TypeVar("_Bin", bound=Hashable)

_Z: Final = 3.0902
"""The 99.9th percentile of the normal distribution."""


def stability_index(now: Mapping[_Bin, int], before: Mapping[_Bin, int]) -> float:
    """The PSI of two counts by bin; 0 where either is empty."""
    bins = sorted({*now, *before}, key=repr)
    n, m = sum(now.values()), sum(before.values())
    if not n or not m:
        return 0.0
    total = 0.0
    for name in bins:
        p = (now.get(name, 0) + 0.5) / (n + 0.5 * len(bins))
        q = (before.get(name, 0) + 0.5) / (m + 0.5 * len(bins))
        total += (p - q) * math.log(p / q)
    return total


def noise(now: Mapping[_Bin, int], before: Mapping[_Bin, int]) -> float:
    """The PSI that chance alone passes once in a thousand times (Wilson and Hilferty's χ²)."""
    free = len({*now, *before}) - 1
    n, m = sum(now.values()), sum(before.values())
    if free < 1 or not n or not m:
        return 0.0
    share = 2 / (9 * free)
    return float(free * (1 - share + _Z * math.sqrt(share)) ** 3 * (1 / n + 1 / m))


def tenths(values: npt.NDArray[Any], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Distinct edges that cut numbers into tenths: `numpy.quantile` of `values` (increasing), each `counts` times."""
    if not len(values):
        return np.empty(0)
    covered = np.cumsum(counts)
    at = np.arange(1, BINS) / BINS * (covered[-1] - 1)
    low = values[np.searchsorted(covered, np.floor(at), "right")]
    high = values[np.searchsorted(covered, np.ceil(at), "right")]
    return np.unique(low + (high - low) * (at - np.floor(at)))
