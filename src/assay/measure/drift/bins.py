"""Where numbers are cut into bins that people read: single values, half octaves, or steps of a round width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.measure.drift.spread import Counts, Spread
from assay.measure.scores import bin_width

SINGLE: Final = 12
"""So many different values are bins by themselves."""
STEPS: Final = 10

Edges = npt.NDArray[np.float64]


def edges_for(spread: Spread) -> Edges:
    """float64[bins]: where each bin begins, the last one open. Depends on the values only, not on how many rows have
    them."""
    values = spread.values
    if len(values) <= SINGLE:
        edges: Edges = values.astype(np.float64)
        return edges
    whole = bool((values == np.floor(values)).all()) and values[0] >= 0
    if whole and values[-1] > 2 * SINGLE:
        octaves = [float(m * 2**k) for k in range(1, 40) for m in (2, 3) if m * 2**k <= values[-1]]
        return np.array([0.0, 1.0, 2.0, 3.0, *octaves])
    width = bin_width(float(values[-1] - values[0]) / STEPS) or 1.0
    first = np.floor(values[0] / width + 1e-9)
    steps: Edges = first + np.arange(int(np.floor(values[-1] / width + 1e-9) - first) + 1)
    return steps * width


def binned(spread: Spread, edges: Edges) -> Counts:
    """int64[bins]: rows in each bin."""
    if not len(edges):
        return np.zeros(0, np.int64)
    return np.bincount(place(spread.values, edges), weights=spread.counts, minlength=len(edges)).astype(
        np.int64
    )


def place(values: npt.NDArray[np.float64], edges: Edges) -> npt.NDArray[np.int64]:
    """int64[len(values)]: the bin of each, a hair's breadth taken as on the edge."""
    hair = 1e-9 * np.maximum(np.abs(values), 1.0)
    return np.maximum(np.searchsorted(edges, values + hair, "right") - 1, 0).astype(np.int64)


def labels(edges: Edges, values: Sequence[float] | npt.NDArray[np.float64]) -> list[str]:
    """What each bin is called; `values` are all that were seen."""
    whole = bool((np.asarray(values) == np.floor(values)).all())
    single = len(values) <= SINGLE
    out = []
    for k, low in enumerate(edges.tolist()):
        if k + 1 == len(edges):
            out.append(f"{low:,g}" if single else f"{low:,g} and more")
        else:
            high = edges[k + 1] - (1 if whole else 0)
            out.append(f"{low:,g}" if single or high == low else f"{low:,g} to {high:,g}")
    return out
