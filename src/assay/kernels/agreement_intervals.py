"""Coefficients of agreement with intervals: how far a figure from so few examples can be believed.

Coefficients are those of `assay.kernels.agreement`, nominal. Intervals of them are 95 % percentile bootstraps over the
items (Efron 1979), of shares Wilson's score interval (1927). Items are drawn as counts of equal items, so that the work
does not grow with them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.kernels.agreement import Label

DRAWS: Final = 2_000
Z95: Final = 1.959963984540054
_ENDS: Final = (2.5, 97.5)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure from `n` items and its 95 % interval; NaN where it is undefined."""

    value: float
    low: float
    high: float
    n: int

    def as_json(self) -> dict[str, Any]:
        """NaN becomes null."""
        told = {name: getattr(self, name) for name in ("value", "low", "high")}
        return {name: None if math.isnan(x) else round(x, 4) for name, x in told.items()} | {"n": self.n}


def wilson(part: float, whole: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927, equation 6); (0, 1) of nothing."""
    if not whole:
        return 0.0, 1.0
    share, z2 = part / whole, Z95 * Z95
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = Z95 * math.sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    return max(0.0, middle - half), min(1.0, middle + half)


def share_of(part: int, whole: int) -> Estimate:
    """`part` of `whole` with its interval."""
    low, high = wilson(part, whole) if whole else (math.nan, math.nan)
    return Estimate(part / whole if whole else math.nan, low, high, whole)


def coefficients(items: Sequence[Sequence[Label]], seed: int = 0) -> Mapping[str, Estimate]:
    """percent, fleiss_kappa, krippendorff_alpha and gwet_ac1 of items × annotators (None: no label).

    Items with fewer than two labels are left out. `percent` is the mean share of pairs that agree, with Wilson's
    interval (exact where each item has two labels). Fleiss' kappa is NaN where items have different numbers of labels.
    """
    kept = [labels for labels in (_known(item) for item in items) if len(labels) > 1]
    categories = sorted({label for labels in kept for label in labels}, key=repr)
    place = {label: k for k, label in enumerate(categories)}
    patterns = Counter(tuple(sorted(place[label] for label in labels)) for labels in kept)
    counts = np.zeros((len(patterns), len(categories)))
    for row, pattern in enumerate(patterns):
        for k in pattern:
            counts[row, k] += 1
    weights = np.array(list(patterns.values()), np.float64)
    formulas = {"fleiss_kappa": _fleiss, "krippendorff_alpha": _alpha, "gwet_ac1": _ac1}
    agreed = float(_percent(weights[None], counts)[0]) if len(kept) else math.nan
    low, high = wilson(agreed * len(kept), len(kept)) if kept else (math.nan, math.nan)
    found = {"percent": Estimate(agreed, low, high, len(kept))}
    drawn = _draws(weights, seed)
    for name, formula in formulas.items():
        found[name] = _estimate(formula, weights, drawn, counts, len(kept))
    return found


def cohen(a: Sequence[Label], b: Sequence[Label], seed: int = 0) -> Estimate:
    """Cohen's kappa of two annotators; items that either left out do not count."""
    pairs = Counter((x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None)
    categories = sorted({label for pair in pairs for label in pair}, key=repr)
    sides = np.zeros((2, len(pairs), len(categories)))
    for row, pair in enumerate(pairs):
        for side, label in enumerate(pair):
            sides[side, row, categories.index(label)] = 1
    weights = np.array(list(pairs.values()), np.float64)

    def kappa(w: Floats, _: Floats) -> Floats:
        total = w.sum(1)
        observed = w @ (sides[0] * sides[1]).sum(1) / total
        expected = ((w @ sides[0]) * (w @ sides[1])).sum(1) / total**2
        return _corrected(observed, expected)

    return _estimate(kappa, weights, _draws(weights, seed), sides[0], int(weights.sum()))


def weighted(a: Sequence[float | None], b: Sequence[float | None], seed: int = 0) -> Estimate:
    """Cohen's weighted kappa (1968) of two annotators' numbers, disagreement weighed by the squared difference.

    Items that either left out do not count. The weights are of the values themselves, not of their places.
    """
    pairs = Counter((x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None)
    both = np.array(list(pairs), np.float64).reshape(-1, 2)
    weights = np.array(list(pairs.values()), np.float64)
    if len(both):
        both -= both.mean()  # far from 0, squares would drown the differences

    def kappa(w: Floats, _: Floats) -> Floats:
        total = w.sum(1)
        apart = w @ (both[:, 0] - both[:, 1]) ** 2 / total
        means, squares = w @ both / total[:, None], w @ both**2 / total[:, None]
        # E(x - y)² of independent x and y, from their moments: no table of categories is needed.
        expected = squares.sum(1) - 2 * means[:, 0] * means[:, 1]
        return np.asarray(np.where(expected > 1e-12, 1 - apart / expected, math.nan))

    return _estimate(kappa, weights, _draws(weights, seed), both, int(weights.sum()))


def _known(item: Sequence[Label]) -> list[Hashable]:
    return [label for label in item if label is not None]


def _draws(weights: Floats, seed: int) -> Floats:
    n = int(weights.sum())
    if not n:
        return np.zeros((0, len(weights)))
    return np.random.default_rng(seed).multinomial(n, weights / n, DRAWS).astype(np.float64)


def _estimate(formula: Any, weights: Floats, drawn: Floats, counts: Floats, n: int) -> Estimate:
    if not n:
        return Estimate(math.nan, math.nan, math.nan, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(formula(weights[None], counts)[0])
        values = formula(drawn, counts)
    defined = values[np.isfinite(values)]
    # Where half of the draws have no value, what is left of them says little.
    if math.isnan(value) or n < 2 or len(defined) * 2 < len(values):
        return Estimate(value, math.nan, math.nan, n)
    low, high = np.percentile(defined, _ENDS)
    return Estimate(value, float(low), float(high), n)


def _percent(w: Floats, counts: Floats) -> Floats:
    n = counts.sum(1)
    agreed = ((counts**2).sum(1) - n) / (n * (n - 1))
    return np.asarray(w @ agreed / w.sum(1))


def _fleiss(w: Floats, counts: Floats) -> Floats:
    n = counts.sum(1)
    if np.any(n != n[0]):
        return np.full(len(w), math.nan)
    shares = w @ counts / (w.sum(1) * n[0])[:, None]
    return _corrected(_percent(w, counts), (shares**2).sum(1))


def _ac1(w: Floats, counts: Floats) -> Floats:
    q = counts.shape[1]
    if q < 2:
        return np.full(len(w), math.nan)
    shares = w @ (counts / counts.sum(1, keepdims=True)) / w.sum(1)[:, None]
    return _corrected(_percent(w, counts), (shares * (1 - shares)).sum(1) / (q - 1))


def _alpha(w: Floats, counts: Floats) -> Floats:
    n = counts.sum(1)
    apart = (n**2 - (counts**2).sum(1)) / (n - 1)
    totals = w @ counts
    whole = totals.sum(1)
    expected = (whole**2 - (totals**2).sum(1)) / (whole - 1)
    return np.asarray(np.where(expected > 0, 1 - w @ apart / expected, math.nan))


def _corrected(observed: Floats, expected: Floats) -> Floats:
    return np.asarray(np.where(expected < 1, (observed - expected) / (1 - expected), math.nan))
