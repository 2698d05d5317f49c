"""Rows put into named groups: by label, by bins of length, by cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.kernels import clusters
from assay.kernels.lexical_vectors import I8

Columns = Mapping[str, npt.NDArray[Any]]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Grouping:
    """`names` of g groups, `of_row` int64[n] into them; `group_again(columns)` names the groups of rows that were not
    here; `typical`: group → the row that shows best what it is about, where its name does not say it."""

    names: list[str]
    of_row: I64
    group_again: Callable[[Columns], list[str]]
    typical: Mapping[str, int] = field(default_factory=dict)

    def mix_of(self, columns: Columns) -> dict[str, float]:
        """The shares of the groups among other rows; they add up to 1."""
        names, counts = np.unique(np.array(self.group_again(columns), dtype=object), return_counts=True)
        return {str(name): float(count / counts.sum()) for name, count in zip(names, counts, strict=True)}


def grouping(
    columns: Columns, *, missing: str, bins: int, edges: Sequence[int], k: int, seed: int
) -> Grouping:
    """By the first of the columns `group` (S64), `units` (int64), `vector` (int8[n, d]) that is there.

    `missing` names the group of rows without a label. Rows must be in an order that is no accident (by id).
    """
    if "group" in columns:
        return by_label(columns["group"], missing)
    if "units" in columns:
        return by_length(columns["units"].astype(np.int64), bins, edges)
    if "vector" in columns:
        return by_cluster(columns["vector"].astype(np.int8), k, seed)
    return Grouping([], np.empty(0, np.int64), lambda _: [])


def by_label(labels: npt.NDArray[np.bytes_], missing: str) -> Grouping:
    """One group a label, by name."""

    def spelled(some: npt.NDArray[np.bytes_]) -> list[str]:
        return [label.decode("utf-8", "replace") or missing for label in some.tolist()]

    found, of_row = np.unique(labels, return_inverse=True)
    names = spelled(found)
    return Grouping(names, of_row.astype(np.int64), lambda columns: spelled(columns["group"]))


def by_length(units: I64, bins: int, edges: Sequence[int]) -> Grouping:
    """Bins between `edges`; without edges, bins with about as many rows each. A bin is named by its bounds."""
    if not edges and len(units):
        ordered = np.sort(units)
        cuts = ordered[[len(ordered) * k // bins for k in range(1, bins)]]
        # A cut at the smallest value would leave the bin before it empty.
        edges = [int(cut) for cut in np.unique(cuts) if cut > ordered[0]]
    bounds = np.array(edges, np.int64)
    starts = [0, *bounds.tolist()]
    names = [f"{low}-{high - 1}" for low, high in zip(starts, bounds.tolist(), strict=False)]
    names.append(f"{starts[-1]}+")

    def bin_of(some: I64) -> I64:
        return np.searchsorted(bounds, some, "right").astype(np.int64)

    return Grouping(names, bin_of(units), lambda c: [names[b] for b in bin_of(c["units"]).tolist()])


def by_cluster(vectors: I8, k: int, seed: int) -> Grouping:
    """k-means on what distinguishes the texts; clusters are numbered by size, the greatest first."""
    shift = clusters.common(vectors)
    plain = clusters.without(vectors, shift)
    centres = clusters.fit(plain, k, seed)
    nearest = clusters.assign(plain, centres)
    counts = np.bincount(nearest, minlength=len(centres))
    order = np.lexsort((np.arange(len(centres)), -counts))
    order = order[counts[order] > 0]
    centres = centres[order]
    width = len(str(max(len(centres), 1)))
    names = [f"cluster {position + 1:0{width}}" for position in range(len(centres))]

    def again(columns: Columns) -> list[str]:
        found = clusters.assign(clusters.without(columns["vector"].astype(np.int8), shift), centres)
        return [names[c] for c in found.tolist()]

    of_row = clusters.assign(plain, centres)
    near = clusters.cosine_to_own(plain, centres, of_row)
    best = np.lexsort((-near, of_row))
    found, first = np.unique(of_row[best], return_index=True)
    typical = {names[c]: int(best[at]) for c, at in zip(found.tolist(), first.tolist(), strict=True)}
    return Grouping(names, of_row, again, typical)
