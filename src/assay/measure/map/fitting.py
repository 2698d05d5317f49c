"""What a map learns from a sample of a version, and how any row is then placed by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.kernels.ids import IdArray
from assay.kernels.lexical_vectors import I8
from assay.measure.map.grouping import Nearest, fit_clusters, nearest
from assay.measure.map.layout import How, Layout, fit_layout
from assay.measure.map.space import Space, fit_space

SAMPLE: Final = 20_000
"""Rows that a map is learnt from: those with the smallest ids, which are a draw that nothing else decides."""
STRAYS: Final = 0.005
"""The share of a sample that must lie far from all known clusters before they get clusters of their own."""
_FAR: Final = 0.02
_FEWEST: Final = 8

U16 = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Fit:
    """`centres`: int8[k, r]. `far`: float32[k], the cosine that all but 2 in 100 of the sample's rows reach."""

    space: Space
    layout: Layout
    centres: I8
    far: npt.NDArray[np.float32]

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
            "centres": self.centres, "far": self.far,
        }  # fmt: skip


def read_fit(held: Mapping[str, npt.NDArray[Any]]) -> Fit:
    """The fit of some columns. Raises KeyError."""
    how: Any = held["how"].tobytes().decode()
    layout = Layout(
        how, held["landmarks"], held["spots"], held["groups"], float(held["reach"][0]), held["frame"]
    )
    return Fit(Space(held["shift"], held["axes"]), layout, held["centres"], held["far"])


def fit(sample: I8, how: How, k: int, seed: int) -> Fit:
    """Learn from int8[n, d], in order of ids. Raises MissingExtra for a layout without its library."""
    space = fit_space(sample)
    reduced, flat = space.reduce(sample)
    centres = fit_clusters(reduced, k, seed)
    groups = nearest(reduced, centres).cluster
    return Fit(space, fit_layout(how, reduced, flat, groups, seed), centres, _far(reduced, centres))


def fit_like(other: Fit, sample: I8, k: int, seed: int) -> Fit:
    """Another map's fit for these rows: its space, its landmarks and its centres as they are, numbered as there.

    What lies far from all of them gets centres of its own behind them (at most `k`), if it is more than chance leaves.
    """
    reduced, _ = other.space.reduce(sample)
    found = nearest(reduced, other.centres)
    some = np.flatnonzero(reduced.any(axis=1))
    strange = some[found.close[some] < other.far[found.cluster[some]]] if len(other.centres) else some
    if len(strange) < max(_FEWEST, (_FAR + STRAYS) * len(some)):
        return other
    new = fit_clusters(reduced[strange], k, seed)
    own = nearest(reduced[strange], new)
    tight = [
        c for c in range(len(new))
        if (mine := own.cluster == c).sum() >= max(_FEWEST, STRAYS * len(some))
        and float(np.median(own.close[mine])) > float(np.median(found.close[strange][mine])) + 0.1
    ]  # fmt: skip
    if not tight:
        return other
    centres = np.concatenate([other.centres, new[tight]])
    return replace(
        other, centres=centres, far=np.concatenate([other.far, _far(reduced, centres)[len(other.far) :]])
    )


def _far(reduced: I8, centres: I8) -> npt.NDArray[np.float32]:
    found = nearest(reduced, centres)
    far = np.zeros(len(centres), np.float32)
    for cluster in range(len(centres)):
        close = np.sort(found.close[found.cluster == cluster])
        if len(close):
            far[cluster] = close[int(_FAR * len(close))]
    return far
