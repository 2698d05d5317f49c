"""t-SNE of a few hundred rows, exactly and in NumPy: no library, no downloads, no randomness.

van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008; the start from principal components and the
learning rate as in Kobak and Berens, "The art of using t-SNE for single-cell transcriptomics", 2019.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

PERPLEXITY: Final = 30.0
ROUNDS: Final = 450
_EARLY: Final = 120
_EXAGGERATION: Final = 12.0
_TINY: Final = np.float32(1e-12)

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]


def tsne(distances: F64, start: F64, perplexity: float = PERPLEXITY, rounds: int = ROUNDS) -> F64:
    """float64[n, 2] from squared distances, float64[n, n], and first places, float64[n, 2]. n² floats of memory."""
    n = len(distances)
    if n < 4:
        return start.astype(np.float64)
    near = _affinities(distances, min(perplexity, (n - 1) / 3))
    scale = float(np.abs(start[:, 0]).max()) or 1.0
    places = (start / scale * 1e-2).astype(np.float32)
    places[:, 1] += np.linspace(-1e-4, 1e-4, n, dtype=np.float32)  # rows in one place have to come apart
    speed = np.zeros_like(places)
    gain = np.ones_like(places)
    rate = np.float32(max(n / _EXAGGERATION, 50.0))
    for turn in range(rounds):
        early = turn < _EARLY
        slope = _slope(near * np.float32(_EXAGGERATION) if early else near, places)
        gain = np.where(np.sign(slope) != np.sign(speed), gain + np.float32(0.2), gain * np.float32(0.8))
        np.maximum(gain, np.float32(0.01), out=gain)
        speed = np.float32(0.5 if early else 0.8) * speed - rate * gain * slope
        places = places + speed
        places -= places.mean(axis=0)
    return places.astype(np.float64)


def _slope(near: F32, places: F32) -> F32:
    """Four times the gradient's sum, in the Student kernel."""
    squares = np.einsum("ij,ij->i", places, places)
    kernel = squares[:, None] + squares[None, :]
    kernel -= 2 * (places @ places.T)
    np.maximum(kernel, 0, out=kernel)
    kernel += 1
    np.reciprocal(kernel, out=kernel)
    np.fill_diagonal(kernel, 0)
    pull = near - kernel / max(float(kernel.sum()), 1e-12)
    pull *= kernel
    slope: F32 = 4 * (pull.sum(axis=1)[:, None] * places - pull @ places)
    return slope


def _affinities(distances: F64, perplexity: float) -> F32:
    """float32[n, n], symmetric, adding up to 1: each row's width is found by bisection so that its entropy fits."""
    n = len(distances)
    wanted = np.log(perplexity)
    low, high = np.zeros(n), np.full(n, np.inf)
    sharp = 1.0 / np.maximum(np.median(distances, axis=1), 1e-9)
    shifted = distances.copy()
    np.fill_diagonal(shifted, np.inf)
    shifted -= shifted.min(axis=1, keepdims=True)
    finite = np.where(np.isfinite(shifted), shifted, 0.0)
    weights = np.zeros_like(shifted)
    for _ in range(50):
        weights = np.exp(-shifted * sharp[:, None])
        total = weights.sum(axis=1)
        entropy = np.log(total) + sharp * (weights * finite).sum(axis=1) / total
        wide = entropy > wanted
        low, high = np.where(wide, sharp, low), np.where(wide, high, sharp)
        sharp = np.where(np.isinf(high), sharp * 2, (low + np.where(np.isinf(high), 0, high)) / 2)
        if np.abs(entropy - wanted).max() < 1e-4:
            break
    share = weights / weights.sum(axis=1, keepdims=True)
    both: F32 = np.maximum((share + share.T) / (2 * n), float(_TINY)).astype(np.float32)
    return both
