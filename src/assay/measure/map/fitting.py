"""What a map learns from a sample of a version, and how any row is then placed by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.kernels.clusters import common, cosine_to_own
from assay.kernels.ids import IdArray
from assay.kernels.lexical_vectors import I8, quantised
from assay.measure.map.grouping import LARGEST, NONE, Nearest, fit_clusters, nearest
from assay.measure.map.layout import How, Layout, fit_layout
from assay.measure.map.space import Space, fit_space

SAMPLE: Final = 20_000
"""Rows that a map is learnt from: those with the smallest ids, which are a draw that nothing else decides."""
STRAYS: Final = 0.005
"""The share of a sample that must lie far from all known clusters before they get clusters of their own."""
_FAR: Final = 0.02
_FEWEST: Final = 8

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
U16 = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Fit:
    """`centres`: int8[k, r]. `whole`: int8[k, d], the clusters' means as vectors; `far`: float32[k], the cosine to it
    that all but 2 in 100 of a cluster's rows reach."""

    space: Space
    layout: Layout
    centres: I8
    whole: I8
    far: F32

    def place(self, vectors: I8, ids: IdArray) -> tuple[U16, U16, Nearest]:
        """x, y and cluster of rows; each row's answer is its own, whatever comes with it."""
        reduced, flat = self.space.reduce(vectors)
        found = nearest(reduced, self.centres)
        x, y = self.layout.place(reduced, flat, found.cluster, ids)
        return x, y, found

    def columns(self) -> dict[str, npt.NDArray[np.generic]]:
        """All of it as arrays, which `read_fit` reads."""
        how = np.frombuffer(self.layout.how.encode(), np.uint8)
        return {
            "shift": self.space.shift, "axes": self.space.axes, "how": how, "landmarks": self.layout.landmarks,
            "spots": self.layout.spots, "groups": self.layout.groups,
            "reach": np.array([self.layout.reach]), "frame": self.layout.frame,
            "centres": self.centres, "whole": self.whole, "far": self.far,
        }  # fmt: skip


def read_fit(held: Mapping[str, npt.NDArray[Any]]) -> Fit:
    """The fit of some columns. Raises KeyError."""
    how: Any = held["how"].tobytes().decode()
    layout = Layout(
        how, held["landmarks"], held["spots"], held["groups"], float(held["reach"][0]), held["frame"]
    )
    return Fit(Space(held["shift"], held["axes"]), layout, held["centres"], held["whole"], held["far"])


def fit(sample: I8, how: How, k: int, seed: int) -> Fit:
    """Learn from int8[n, d], in order of ids. Raises MissingExtra for a layout without its library."""
    space = fit_space(sample)
    reduced, flat = space.reduce(sample)
    centres = fit_clusters(reduced, k, seed)
    groups = nearest(reduced, centres).cluster
    whole, far = _means(sample, groups, len(centres))
    return Fit(space, fit_layout(how, reduced, flat, groups, seed), centres, whole, far)


def fit_like(other: Fit, sample: I8, k: int, seed: int) -> Fit:
    """Another map's fit for these rows: its space, its landmarks and its centres as they are, numbered as there.

    What lies far from all of them gets centres of its own behind them (at most `k`), if it is more than chance leaves.
    """
    reduced, _ = other.space.reduce(sample)
    found = nearest(reduced, other.centres)
    some = np.flatnonzero(found.cluster != NONE)
    if not len(some) or not len(other.centres):
        return other
    own = cosine_to_own(sample[some], other.whole, found.cluster[some].astype(np.int64))
    strange = some[own < other.far[found.cluster[some]]]
    least = max(_FEWEST, STRAYS * len(some))
    if len(strange) < max(_FEWEST, _FAR * len(some)) + least:
        return other
    new = fit_clusters(reduced[strange], k, seed)
    theirs = nearest(reduced[strange], new)
    many = [
        c for c in range(len(new))
        if (mine := theirs.cluster == c).sum() >= least
        and np.median(theirs.close[mine]) > np.median(found.close[strange[mine]])
    ]  # fmt: skip
    if not many:
        return other
    centres = np.concatenate([other.centres, new[many]])[:LARGEST]
    whole, far = _means(sample, nearest(reduced, centres).cluster, len(centres))
    kept = len(other.centres)
    return replace(
        other, centres=centres, whole=np.concatenate([other.whole, whole[kept:]]),
        far=np.concatenate([other.far, far[kept:]]),
    )  # fmt: skip


def _means(sample: I8, groups: U8, k: int) -> tuple[I8, F32]:
    """Each cluster's mean before anything was taken away, and the cosine to it that all but 2 in 100 rows reach."""
    whole = np.zeros((k, sample.shape[1]), np.int8)
    far = np.zeros(k, np.float32)
    for cluster in range(k):
        mine = sample[groups == cluster]
        if len(mine):
            whole[cluster] = quantised(common(mine)[None, :])[0]
            close = cosine_to_own(mine, whole[cluster : cluster + 1], np.zeros(len(mine), np.int64))
            far[cluster] = np.sort(close)[int(_FAR * len(close))]
    return whole, far
