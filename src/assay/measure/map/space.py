"""The space of a map: what vectors have in common is taken away, and what is left is turned onto its main axes.

Principal components (Pearson 1901) of a sample. Vectors are int8 and the axes fixed-point integers, so that a row's
coordinates depend on the row alone: not on its batch, its neighbours or the order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.kernels.clusters import common, unit, without
from assay.kernels.lexical_vectors import I8, quantised

AXES: Final = 64
"""Dimensions that are left, at most."""
_ONE: Final = 4096
_BLOCK: Final = 8_192

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Space:
    """`shift`: float64[d], what all have in common. `axes`: int32[d, r], orthogonal, in 4096ths, the widest first."""

    shift: F64
    axes: npt.NDArray[np.int32]

    def reduce(self, vectors: I8) -> tuple[I8, F64]:
        """int8[n, r]: the rows on the axes, each scaled to its largest; float64[n, 2]: their place on the first two,
        as cosines. Rows without anything of their own are zero."""
        out = np.zeros((len(vectors), self.axes.shape[1]), np.int8)
        flat = np.zeros((len(vectors), 2))
        axes = self.axes.astype(np.float64)
        for start in range(0, len(vectors), _BLOCK):
            own = without(vectors[start : start + _BLOCK], self.shift)
            dots = own.astype(np.float64) @ axes  # of integers below 2^53: exact in any order
            out[start : start + len(own)] = quantised(dots)
            _, inverse = unit(own)
            first = dots[:, :2] * inverse[:, None].astype(np.float64) / _ONE
            flat[start : start + len(own), : first.shape[1]] = first
        return out, flat


def fit_space(sample: I8) -> Space:
    """The space of a sample, int8[n, d] in any order. An axis points to where its largest component is positive."""
    width = sample.shape[1]
    if not len(sample):
        return Space(np.zeros(width), np.zeros((width, 1), np.int32))
    shift = common(sample)
    spread = np.zeros((width, width))
    for start in range(0, len(sample), _BLOCK):
        own = without(sample[start : start + _BLOCK], shift)
        _, inverse = unit(own)
        fixed = np.rint(own * (inverse[:, None] * np.float32(_ONE))).astype(np.float64)
        spread += fixed.T @ fixed  # integers again, so that no order of rows changes a bit
    values, vectors = np.linalg.eigh(spread)
    kept = max(1, min(AXES, width, int((values > values[-1] * 1e-9).sum())))
    axes = vectors[:, ::-1][:, :kept]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(kept)]
    axes = axes * np.where(largest < 0, -1.0, 1.0)
    return Space(shift, np.rint(axes * _ONE).astype(np.int32))
