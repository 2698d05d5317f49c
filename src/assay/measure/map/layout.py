"""From rows to places in the plane: by two axes, or by landmarks that were laid out and all others placed near them.

Landmarks as in de Silva and Tenenbaum, "Sparse multidimensional scaling using landmark points", 2004, but placed by
the nearest of them, as t-SNE and UMAP keep neighbours and not distances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from assay.kernels.clusters import unit
from assay.kernels.ids import IdArray
from assay.kernels.lexical_vectors import I8
from assay.measure.map.tsne import tsne

F64 = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]

How = Literal["tsne", "pca", "umap"]
LANDMARKS: Final[dict[str, int]] = {"tsne": 1_200, "umap": 20_000, "pca": 0}
"""Rows that are laid out, at most; all others are placed by them."""
SIDE: Final = 65_535
WIDTH: Final = 860
HEIGHT: Final = 640
"""The picture's size; x and y have one scale there."""
_NEAREST: Final = 8
_SHARP: Final = 6.0
_MOVED: Final = 0.4
_TOGETHER: Final = 0.88
"""What squared distances within a cluster are multiplied with."""
_MARGIN: Final = 0.06
_BLOCK: Final = 4_096


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are placed. `landmarks`: int8[L, r] and `spots`: float64[L, 2], none with `pca`, and the
    clusters they are in. `reach`: how far from a
    row's nearest landmark others still pull it. `frame`: left, bottom, width and height of what becomes 0 … 65,535."""

    how: How
    landmarks: I8
    spots: F64
    groups: U8
    reach: float
    frame: F64

    def place(self, reduced: I8, flat: F64, groups: U8, ids: IdArray) -> tuple[U16, U16]:
        """uint16[n], uint16[n] of rows as `Space.reduce` gives them; what lies outside the frame lies on its edge.

        Between landmarks a row is moved a little, by what its id says, so that rows alike do not hide each other.
        """
        places = flat if self.how == "pca" else self._near(reduced, groups, ids)
        scaled = (places - self.frame[:2]) / self.frame[2:] * SIDE
        fixed = np.clip(np.rint(scaled), 0, SIDE).astype(np.uint16)
        return np.ascontiguousarray(fixed[:, 0]), np.ascontiguousarray(fixed[:, 1])

    def _near(self, reduced: I8, groups: U8, ids: IdArray) -> F64:
        marks, inverse = unit(self.landmarks)
        out = np.empty((len(reduced), 2))
        nearest = min(_NEAREST, len(marks))
        for start in range(0, len(reduced), _BLOCK):
            block, own = unit(reduced[start : start + _BLOCK])
            cosines = (block @ marks.T) * inverse * own[:, None]
            cosines -= (
                groups[start : start + len(block), None] != self.groups
            )  # landmarks of its own cluster first
            # Of equals the first landmark: argpartition would choose as it likes, so ties are taken away.
            some = np.empty((len(block), nearest), np.int64)
            kept = np.empty((len(block), nearest), np.float64)
            rows = np.arange(len(block))
            for k in range(nearest):
                some[:, k] = cosines.argmax(axis=1)
                kept[:, k] = cosines[rows, some[:, k]]
                cosines[rows, some[:, k]] = -9
            spots = self.spots[some]
            apart = np.sqrt(np.square(spots - spots[:, :1]).sum(axis=2))
            weight = np.exp(_SHARP * (kept - kept[:, :1])) * (apart <= self.reach)
            middle = (spots * weight[:, :, None]).sum(axis=1) / weight.sum(axis=1, keepdims=True)
            out[start : start + len(block)] = middle + self._moved(ids[start : start + len(block)])
        return out

    def _moved(self, ids: IdArray) -> F64:
        raw = np.ascontiguousarray(ids).view(np.uint8).reshape(-1, 32)
        drawn = np.ascontiguousarray(raw[:, :8]).view(">u4").astype(np.float64) / 2**32
        angle, far = 2 * np.pi * drawn[:, 0], np.sqrt(drawn[:, 1]) * self.reach * _MOVED
        return np.stack([far * np.cos(angle), far * np.sin(angle)], axis=1)


def fit_layout(how: How, reduced: I8, flat: F64, groups: U8, seed: int) -> Layout:
    """The layout of a sample in order of ids, and of the clusters its rows are in: rows of two clusters count as
    farther apart than they are, so that a cluster is a place on the map. Raises MissingExtra for `umap` without it."""
    nothing = np.zeros((0, reduced.shape[1]), np.int8)
    if how == "pca" or len(reduced) < 8:
        return Layout("pca", nothing, np.zeros((0, 2)), groups[:0], 0.0, _frame(flat))
    marks, first = reduced[: LANDMARKS[how]], flat[: LANDMARKS[how]]
    if how == "umap":
        from assay.measure.map.neighbours import umap

        spots = umap(marks, first, seed)
    else:
        apart = groups[: len(marks), None] != groups[: len(marks)]
        spots = tsne(_distances(marks) * np.where(apart, 1.0, _TOGETHER), first)
    spots = _lying(spots)
    reach = 3 * _spacing(spots)
    return Layout(how, marks, spots, groups[: len(marks)].copy(), reach, _frame(spots))


def _distances(reduced: I8) -> F64:
    """float64[n, n]: squared distances of the rows' directions, 0 to 4."""
    floats, inverse = unit(reduced)
    cosines = (floats @ floats.T).astype(np.float64) * inverse * inverse[:, None]
    return np.maximum(2 - 2 * cosines, 0)


def _spacing(spots: F64) -> float:
    """The median distance from a spot to its nearest neighbour."""
    nearest = []
    for start in range(0, len(spots), 512):
        apart = np.square(spots[start : start + 512, None] - spots[None]).sum(axis=2)
        apart[np.arange(len(apart)), np.arange(start, start + len(apart))] = np.inf
        nearest.append(np.sqrt(apart.min(axis=1)))
    return float(np.median(np.concatenate(nearest))) or 1e-9


def _frame(places: F64) -> F64:
    """Around all but the outermost half a per cent on each side, with a margin, in the picture's shape."""
    if not len(places):
        return np.array([-1.0, -1.0, 2.0, 2.0])
    low, high = np.quantile(places, [0.005, 0.995], axis=0)
    wide, tall = np.maximum(high - low, 1e-9) * (1 + 2 * _MARGIN)
    wide = max(wide, tall * WIDTH / HEIGHT)
    size = np.array([wide, wide * HEIGHT / WIDTH])
    return np.concatenate([(low + high) / 2 - size / 2, size])


def _lying(spots: F64) -> F64:
    """The spots turned so that they are widest from left to right."""
    own = spots - spots.mean(axis=0)
    _, axes = np.linalg.eigh(own.T @ own)
    axes = axes[:, ::-1]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(2)]
    turned: F64 = own @ (axes * np.where(largest < 0, -1.0, 1.0))
    return turned
