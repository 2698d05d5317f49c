"""Every pair of texts that are near-duplicates, and the greedy choice among them at any threshold.

The pairs depend on the texts alone; order, threshold and who may stay come in afterwards and cost little. So pairs that
are remembered answer for another threshold, or for a few more rows, without a look at the texts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.kernels import native
from assay.kernels.texts import AnyTexts

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_STEPS = 20
"""Comparisons a row that finding pairs may take in a band, on average; where rows are more alike, `find` gives up."""


@dataclass(frozen=True)
class Pairs:
    """All pairs of a row that is `covered` (bool[rows]) with another such row, or with one that was fixed, that share a
    key, whose sketches agree in `agree` (uint8) values, at least as many as `floor` asks for, and whose exact
    similarity (float64) is at least `floor`. `a`, `b`: int32, each pair once."""

    covered: Bools
    a: npt.NDArray[np.int32]
    b: npt.NDArray[np.int32]
    agree: npt.NDArray[np.uint8]
    similarity: npt.NDArray[np.float64]
    floor: float


def nothing(rows: int, floor: float) -> Pairs:
    """No pairs, of no rows."""
    none = np.empty(0, np.int32)
    return Pairs(np.zeros(rows, np.bool_), none, none, np.empty(0, np.uint8), np.empty(0), floor)


def find(  # noqa: PLR0913
    known: Pairs,
    bands: npt.NDArray[np.uint32],
    sketch: npt.NDArray[np.uint8],
    rows: Bools,
    fixed: Bools,
    texts: AnyTexts,
    n: int,
    least: int,
) -> Pairs | None:
    """`known` with the pairs that `rows` (bool) add to it. None when there are too many.

    `fixed`: rows that are not asked for pairs among themselves. `least`: how many sketch values must agree. Only the
    texts of rows that share a key with a new one are looked at.
    """
    new = np.flatnonzero(rows & ~known.covered & ~fixed)
    before = np.flatnonzero(rows & (known.covered | fixed))
    covered = known.covered | (rows & ~fixed)
    order = np.concatenate([before, new])
    found = native.find_pairs(bands, sketch, order, least, len(before), _STEPS * (len(order) + 10_000))
    if found is None:
        return None
    found = found[_by_crowd(found[:, 0].astype(np.int64), found[:, 1].astype(np.int64), len(rows))]
    a, b = found[:, 0].astype(np.int64), found[:, 1].astype(np.int64)
    similarity = native.similar_pairs(texts.fetched(found[:, :2]), n, a, b, known.floor)
    good = similarity >= known.floor
    return Pairs(
        covered,
        np.concatenate([known.a, found[good, 0]]),
        np.concatenate([known.b, found[good, 1]]),
        np.concatenate([known.agree, found[good, 2].astype(np.uint8)]),
        np.concatenate([known.similarity, similarity[good]]),
        known.floor,
    )


def _by_crowd(a: Ints, b: Ints, rows: int) -> Ints:
    """An order of pairs in which equal a[k] stand together, and those of one crowd follow each other, so that its texts
    are cut up once: by the first row that row a[k] meets."""
    least = np.full(rows, rows, np.int64)
    np.minimum.at(least, a, b)
    return np.argsort(least[a] * rows + a, kind="stable")


def choose(
    pairs: Pairs, order: Ints, may_stay: Bools, fixed: Bools, threshold: float, least: int
) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """What `assay.kernels.near.greedy` gives, by pairs: rows that go, their twins, their similarities. All rows of
    `order` must be covered."""
    n = len(pairs.covered)
    near = np.flatnonzero((pairs.similarity >= threshold) & (pairs.agree >= least))
    a, b = pairs.a[near], pairs.b[near]
    row, other = np.concatenate([a, b]), np.concatenate([b, a])
    by_row = np.argsort(row, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))]).astype(np.int64)
    similarity = np.ascontiguousarray(np.tile(pairs.similarity[near], 2)[by_row], np.float64)
    stay = np.where(fixed, 2, may_stay).astype(np.uint8)
    twin, value = native.settle_pairs(starts, other[by_row].astype(np.int32), similarity, order, stay)
    gone = order[twin[order] >= 0]
    return gone, twin[gone], value[gone]
