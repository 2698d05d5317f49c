"""Groups of alike vectors: spherical k-means that gives the same groups on every machine.

Dhillon and Modha, "Concept decompositions for large sparse text data using clustering", Machine Learning 42,
2001; seeds as in Arthur and Vassilvitskii, "k-means++", SODA 2007. Vectors and centres are int8, so that every
dot product is an integer that float32 holds exactly.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from assay.kernels.lexical_vectors import I8, quantised

_SAMPLE: Final = 20_000
"""Rows that the centres are learnt on, at most."""
_ROUNDS: Final = 25
_BLOCK: Final = 4_096


def unit(vectors: I8) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The vectors as float32[n, d], not scaled, and float32[n]: one over each length (0 for a zero vector)."""
    floats = vectors.astype(np.float32)
    squares = np.einsum("nd,nd->n", floats, floats)
    return floats, np.where(squares > 0, 1 / np.sqrt(np.maximum(squares, 1)), 0).astype(np.float32)


def _directions(vectors: I8) -> npt.NDArray[np.int64]:
    """int64[n, d]: unit vectors in fixed point. Sums of integers do not depend on the order of rows."""
    _, inverse = unit(vectors)
    return np.rint(vectors * (inverse[:, None] * np.float32(4096))).astype(np.int64)


def common(vectors: I8) -> npt.NDArray[np.float64]:
    """float64[d]: what all rows have in common, the mean of their directions."""
    mean: npt.NDArray[np.float64] = _directions(vectors).sum(axis=0) / max(len(vectors), 1)
    return mean


def without(vectors: I8, shift: npt.NDArray[np.float64]) -> I8:
    """int8[n, d]: the rows less `shift` (of `common`), so that cosines tell differences; zero vectors stay zero."""
    out = np.zeros_like(vectors)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        some = block.any(axis=1, keepdims=True)
        out[start : start + _BLOCK] = quantised(np.where(some, _directions(block) - shift, 0.0))
    return out


def fit(vectors: I8, k: int, seed: int) -> I8:
    """int8[≤ k, d]: the centres. `vectors` are in an order that is no accident (by id), as the sample depends on it."""
    if not len(vectors):
        return vectors[:0]
    draw = np.random.Generator(np.random.PCG64(seed))
    sample = vectors
    if len(vectors) > _SAMPLE:
        sample = vectors[np.sort(draw.choice(len(vectors), _SAMPLE, replace=False))]
    centres = _spread(sample, min(k, len(sample)), draw)
    before: npt.NDArray[np.int64] | None = None
    for _ in range(_ROUNDS):
        nearest = assign(sample, centres)
        if before is not None and np.array_equal(nearest, before):
            break
        before = nearest
        sums = np.zeros((len(centres), sample.shape[1]), np.int64)
        np.add.at(sums, nearest, _directions(sample))
        moved = quantised(sums.astype(np.float64))
        alive = np.bincount(nearest, minlength=len(centres)) > 0
        centres = np.where(alive[:, None], moved, centres)
    return centres


def assign(vectors: I8, centres: I8) -> npt.NDArray[np.int64]:
    """int64[n]: the nearest centre of each row, the first of equals."""
    points, _ = unit(vectors)
    means, inverse = unit(centres)
    out = np.empty(len(vectors), np.int64)
    for start in range(0, len(vectors), _BLOCK):
        dots = points[start : start + _BLOCK] @ means.T
        out[start : start + _BLOCK] = np.argmax(dots * inverse, axis=1)
    return out


def cosine_to_own(vectors: I8, centres: I8, of_row: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """float64[n]: the cosine of each row to the centre it was assigned to."""
    _, inverse = unit(vectors)
    _, inverse_of_centre = unit(centres)
    dots = np.empty(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        own = centres[of_row[start : start + _BLOCK]].astype(np.int64)
        dots[start : start + _BLOCK] = (vectors[start : start + _BLOCK] * own).sum(axis=1)
    return dots * inverse * inverse_of_centre[of_row]


def _spread(sample: I8, k: int, draw: np.random.Generator) -> I8:
    """k-means++: each next centre is drawn with a chance that grows with its distance from those chosen."""
    points, inverse = unit(sample)
    chosen = [int(draw.integers(len(sample)))]
    nearest = np.full(len(sample), -1.0, np.float32)
    while True:
        last = chosen[-1]
        np.maximum(nearest, (points @ points[last]) * inverse * inverse[last], out=nearest)
        if len(chosen) == k:
            return sample[chosen]
        far = np.maximum(1.0 - nearest, 0.0).astype(np.float64)
        far[chosen] = 0.0
        total = np.cumsum(far)
        if total[-1] <= 0:
            return sample[chosen]
        chosen.append(
            int(np.searchsorted(total, draw.random() * total[-1], "right").clip(0, len(sample) - 1))
        )
