"""Arithmetic of mixes: how far two are apart, and how many rows of each group make a wanted one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


def shares(counts: npt.NDArray[np.generic]) -> F64:
    """float64[g] that add up to 1, or all 0."""
    amounts = counts.astype(np.float64)
    total = amounts.sum()
    return amounts / total if total > 0 else amounts


def total_variation(p: F64, q: F64) -> float:
    """Half the sum of absolute differences of two mixes: the share of rows that are in the wrong group, 0 to 1."""
    return float(np.abs(p - q).sum() / 2)


def jensen_shannon(p: F64, q: F64) -> float:
    """The Jensen–Shannon divergence in bits, 0 to 1 (Lin, IEEE Transactions on Information Theory 37, 1991)."""
    middle = (p + q) / 2
    return max(0.0, (_bits(p, middle) + _bits(q, middle)) / 2)


def _bits(p: F64, q: F64) -> float:
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())


def evenness(p: F64) -> float:
    """Entropy over its greatest possible value: 1 when all groups are equal, 0 when there is one alone."""
    some = p[p > 0]
    if len(some) < 2:
        return 0.0
    return float(-(some * np.log2(some)).sum() / np.log2(len(some)))


def caps_for_share(counts: I64, share: float) -> tuple[int, bool]:
    """The greatest cap c at which no group has more than `share` of the rows that stay, and whether there is one.

    With fewer than 1/share groups there is none but zero; then the cap is `share` of the rows that came in.
    """

    def holds(cap: int) -> bool:
        return cap <= share * float(np.minimum(counts, cap).sum()) + 1e-9

    if not len(counts):
        return 0, True
    most = int(counts.max())
    if holds(most):
        return most, True
    # share · Σ min(c_g, c) − c is concave in c and 0 at 0: what holds is one interval from 0.
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    if low > 0:
        return low, True
    return max(1, int(share * float(counts.sum()))), False


def caps_for_mix(counts: I64, wanted: F64, keep: float) -> I64:
    """int64[g]: how many rows of each group may stay so that the mix is as `wanted`.

    The caps are N·wanted with the greatest N that every wanted group with rows can fill. When that leaves less than
    `keep` of all rows, N grows until it does not; groups that are too small then stay whole and fall short.
    """
    present = (wanted > 0) & (counts > 0)
    if not present.any():
        return counts.copy()
    size = float((counts[present] / wanted[present]).min())
    least = keep * float(counts.sum())

    def caps(n: float) -> I64:
        rounded: I64 = np.minimum(counts, np.floor(n * wanted + 0.5).astype(np.int64))
        return rounded

    most = float((counts[present] / wanted[present]).max()) + 1
    if caps(size).sum() < least:
        low, high = size, most
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (low, middle) if caps(middle).sum() >= least else (middle, high)
        size = high
    return caps(size)
