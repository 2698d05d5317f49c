"""Clusters of a version: how many, which row is in which, which rows are typical and which lie on a border."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.errors import UsageError
from assay.kernels.clusters import fit, unit
from assay.kernels.lexical_vectors import I8

MOST: Final = 40
"""Clusters when nobody says how many."""
LARGEST: Final = 250
NONE: Final = 255
"""The cluster of rows whose texts give nothing to go by."""
SHOWN: Final = 5
"""Typical examples of a cluster, and as many on its border."""
_BEGINNINGS: Final = 4
_BLOCK: Final = 8_192

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def how_many(rows: int, asked: int | None = None) -> int:
    """`asked`, else √rows / 8, from 3 to 40: 4 for a thousand rows, 12 for ten thousand. Raises UsageError."""
    if asked is None:
        return min(MOST, max(3, round(math.sqrt(rows) / 8)))
    if not 1 <= asked <= LARGEST:
        raise UsageError(f"{asked} clusters", f"ask for 1 to {LARGEST}")
    return asked


def fit_clusters(reduced: I8, k: int, seed: int) -> I8:
    """int8[≤ k, r]: centres, the one with the most rows of the sample first. Rows by id; zero rows do not count."""
    some = reduced[reduced.any(axis=1)]
    if not len(some):
        return some
    # k-means ends where it began well or badly: the best of some beginnings, of equals the first.
    tried = [fit(some, k, seed + turn) for turn in range(_BEGINNINGS)]
    found = [nearest(some, centres) for centres in tried]
    best = max(range(_BEGINNINGS), key=lambda turn: (float(found[turn].close.sum(dtype=np.float64)), -turn))
    centres, own = tried[best], found[best]
    sizes = np.bincount(own.cluster, minlength=len(centres))
    first = np.full(len(centres), len(some))
    np.minimum.at(first, own.cluster, np.arange(len(some)))
    return centres[np.lexsort((first, -sizes))][: int((sizes > 0).sum())]


@dataclass(frozen=True, slots=True)
class Nearest:
    """Of each row its cluster (`NONE` for a zero row), the cosine to its centre, and by how much that beats the next
    centre's."""

    cluster: U8
    close: F32
    margin: F32


def nearest(reduced: I8, centres: I8) -> Nearest:
    """The nearest centre of each row, the first of equals."""
    means, inverse = unit(centres)
    cluster = np.full(len(reduced), NONE, np.uint8)
    close, margin = np.zeros(len(reduced), np.float32), np.zeros(len(reduced), np.float32)
    for start in range(0, len(reduced) if len(centres) else 0, _BLOCK):
        points, own = unit(reduced[start : start + _BLOCK])
        cosines = (points @ means.T) * inverse * own[:, None]
        best = cosines.argmax(axis=1)
        rows = np.arange(len(points))
        top = cosines[rows, best]
        cosines[rows, best] = -1
        some = own > 0
        here = slice(start, start + len(points))
        cluster[here] = np.where(some, best, NONE)
        close[here] = np.where(some, top, 0)
        margin[here] = np.where(some, top - cosines.max(axis=1), 0)
    return Nearest(cluster, close, margin)


def typical(found: Nearest, cluster: int) -> tuple[Ints, Ints]:
    """The rows nearest to a cluster's centre, and those nearest to another's; of equals the earlier row."""
    rows = np.flatnonzero(found.cluster == cluster)
    middle = rows[np.argsort(-found.close[rows], kind="stable")[:SHOWN]]
    border = rows[np.argsort(found.margin[rows], kind="stable")[:SHOWN]]
    return middle, border
