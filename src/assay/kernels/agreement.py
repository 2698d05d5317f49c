"""Agreement between annotators, corrected for chance.

Where a coefficient is undefined (nothing to compare, or one category only where the formula divides by zero) it
is NaN, never 0 or 1. Labels may be any hashable values; a missing one is None.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

Label = Hashable | None
Level = Literal["nominal", "ordinal", "interval"]


def pairwise_agreement(labels: Sequence[Label]) -> float:
    """The share of pairs of annotators who gave one item the same label; NaN with fewer than two labels.

    It is Pᵢ of Fleiss (1971), equation 2.
    """
    counts = Counter(label for label in labels if label is not None)
    n = counts.total()
    return sum(c * (c - 1) for c in counts.values()) / (n * (n - 1)) if n > 1 else math.nan


def cohen_kappa(a: Sequence[Label], b: Sequence[Label]) -> float:
    """Cohen's kappa (1960) of two annotators; items that either left out are not counted.

    Raises ValueError when the sequences differ in length.
    """
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    n = len(pairs)
    if not n:
        return math.nan
    observed = sum(x == y for x, y in pairs) / n
    first, second = Counter(x for x, _ in pairs), Counter(y for _, y in pairs)
    expected = sum(first[label] * second[label] for label in first) / n**2
    return _corrected(observed, expected)


def fleiss_kappa(items: Sequence[Sequence[Label]]) -> float:
    """Fleiss' kappa (1971) of items × annotators; each item needs the same number of labels, at least two.

    Who gave which label does not matter. Raises ValueError when the numbers differ (use `krippendorff_alpha`).
    """
    counts = _counts(items)
    totals = counts.sum(1)
    if not len(counts) or totals.min(initial=2) < 2:
        return math.nan
    if np.any(totals != totals[0]):
        raise ValueError("Fleiss' kappa needs the same number of labels for each item")
    n = totals[0]
    observed = float(((counts**2).sum(1) - n).mean() / (n * (n - 1)))
    shares = counts.sum(0) / counts.sum()
    return _corrected(observed, float((shares**2).sum()))


def gwet_ac1(items: Sequence[Sequence[Label]]) -> float:
    """Gwet's AC1 (2008) of items × annotators; labels may be missing. It stays stable where kappa's paradox strikes.

    Observed agreement is taken over items with two labels or more, chance over all labels of all labelled items.
    """
    counts = _counts(items)
    counts = counts[counts.sum(1) > 0]
    q = counts.shape[1]
    totals = counts.sum(1, keepdims=True)
    several = counts[totals[:, 0] > 1]
    if not len(several) or q < 2:
        return math.nan
    n = several.sum(1)
    observed = float((((several**2).sum(1) - n) / (n * (n - 1))).mean())
    shares = (counts / totals).mean(0)
    return _corrected(observed, float((shares * (1 - shares)).sum() / (q - 1)))


def krippendorff_alpha(items: Sequence[Sequence[Label]], level: Level = "nominal") -> float:
    """Krippendorff's alpha (2011, "Computing Krippendorff's Alpha-Reliability") of items × annotators.

    Any number of annotators, missing labels, small samples. `ordinal` takes labels in their sorted order,
    `interval` their values as numbers. Items with one label are not pairable and left out.
    """
    categories = _categories(items)
    counts = _counts(items, categories)
    counts = counts[counts.sum(1) > 1]
    n = counts.sum()
    if n < 2:
        return math.nan
    marginal = counts.sum(0)
    distance = _distances(categories, marginal, level)
    weights = 1.0 / (counts.sum(1) - 1)
    coincidence = np.einsum("ic,ik,i->ck", counts, counts, weights) - np.diag(counts.T @ weights)
    observed = float((coincidence * distance).sum())
    expected = float(marginal @ distance @ marginal) / (n - 1)
    return 1.0 - observed / expected if expected > 0 else math.nan


def _corrected(observed: float, expected: float) -> float:
    return (observed - expected) / (1 - expected) if expected < 1 else math.nan


def _categories(items: Sequence[Sequence[Label]]) -> list[Hashable]:
    """All labels, sorted where they can be, else in the order of their spelling."""
    found = {label for item in items for label in item if label is not None}
    try:
        return sorted(found)  # type: ignore[type-var]
    except TypeError:
        return sorted(found, key=repr)


def _counts(
    items: Sequence[Sequence[Label]], categories: list[Hashable] | None = None
) -> npt.NDArray[np.float64]:
    """float64[items, categories]: how many annotators gave each label."""
    place = {label: k for k, label in enumerate(_categories(items) if categories is None else categories)}
    counts = np.zeros((len(items), len(place)))
    for row, item in enumerate(items):
        for label in item:
            if label is not None:
                counts[row, place[label]] += 1
    return counts


def _distances(
    categories: list[Hashable], marginal: npt.NDArray[np.float64], level: Level
) -> npt.NDArray[np.float64]:
    """δ² between categories (Krippendorff 2011, section E)."""
    if level == "nominal":
        return 1.0 - np.eye(len(categories))
    if level == "interval":
        values = np.array(categories, np.float64)
        return np.asarray((values[:, None] - values[None, :]) ** 2)
    middle = np.cumsum(marginal) - marginal / 2
    return np.asarray((middle[:, None] - middle[None, :]) ** 2)
