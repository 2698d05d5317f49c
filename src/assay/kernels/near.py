"""Near-duplicates among many texts: candidates by bands, every one of them verified exactly.

Nothing is decided on an estimate. A row is only ever compared with rows that share a band of its sketch; at
Jaccard 0.8 a pair of rows shares one of 25 bands of five with probability 1 − (1 − 0.8⁵)²⁵ = 0.99995.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from assay.kernels import native
from assay.kernels.jaccard import jaccard, shingles
from assay.kernels.normalise import fold
from assay.kernels.sketch import VALUES, band_keys, bands_for, short_sketch, sketches
from assay.kernels.texts import Texts

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint32]
Short = npt.NDArray[np.uint8]

Allocate = Callable[[tuple[int, int], type[np.int32]], npt.NDArray[np.int32]]

USUAL = 0.8
_MARGIN = 0.15
"""How far the sketch's estimate may lie below the threshold before a candidate is dropped: four standard
deviations at 0.8, which loses one such pair in a hundred thousand, fewer than the bands do."""


def keys_of(texts: Texts, n: int, threshold: float) -> dict[str, npt.NDArray[np.generic]]:
    """The columns that `greedy` needs of some texts: `bands` uint32[rows, bands], `sketch` uint8[rows, 128]."""
    if native.available():
        bands, short = native.sketch(texts, n, *bands_for(threshold))
        return {"bands": bands, "sketch": short}
    sketch = sketches([fold(text) for text in texts], n)
    return {"bands": band_keys(sketch, threshold), "sketch": short_sketch(sketch)}


def greedy(  # noqa: PLR0913 - what the decision depends on, by name
    bands: Keys,
    sketch: Short,
    order: Ints,
    may_stay: npt.NDArray[np.bool_],
    texts: Texts,
    threshold: float,
    n: int,
    stays: npt.NDArray[np.bool_] | None = None,
    allocate: Allocate = np.empty,
) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """Rows that go, the kept row in whose stead each goes, and their similarity.

    Rows are taken in `order`; a row goes when a row kept before it is at least `threshold` similar, the most
    similar of them (then the earliest in `order`) being named; else it is kept if it `may_stay`. Rows that may
    not stay must come last in `order`. Rows that `stays` names are kept whatever they are like. `bands` and
    `sketch` are as `keys_of` makes them. `allocate` makes the one large array that is needed on the way.
    """
    groups, count = _groups_of_keys(bands, allocate)
    fixed = np.zeros(len(texts), np.bool_) if stays is None else stays
    if native.available():
        twin, similarity = native.greedy(
            texts,
            n,
            groups,
            count,
            sketch,
            order,
            np.where(fixed, 2, may_stay).astype(np.uint8),
            threshold,
            least_agreeing(threshold),
        )
        gone = order[twin[order] >= 0]
        return gone, twin[gone], similarity[gone]
    return _greedy(groups, sketch, order, may_stay, fixed, texts, threshold, n)


def near_groups(texts: Texts, threshold: float = 0.8, n: int = 5) -> Ints:
    """Labels int64[rows] of the groups that pairs of at least `threshold` make; the smallest row of each.

    Unlike `greedy` this follows chains: it is for keeping what belongs together on one side of a split.
    """
    keys = keys_of(texts, n, threshold)
    groups, _ = _groups_of_keys(keys["bands"].astype(np.uint32, copy=False))
    sketch = keys["sketch"].astype(np.uint8, copy=False)
    parent = list(range(len(texts)))
    members: dict[int, list[int]] = {}

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    similar = _similarity(texts, n)
    for row in np.flatnonzero((groups >= 0).any(axis=0)).tolist():
        mine = [group for group in groups[:, row].tolist() if group >= 0]
        for other in _likely(row, {o for g in mine for o in members.get(g, ())}, sketch, threshold):
            a, b = root(row), root(other)
            if a != b and similar(row, other) >= threshold:
                parent[max(a, b)] = min(a, b)
        for group in mine:
            members.setdefault(group, []).append(row)
    return np.fromiter(map(root, range(len(texts))), np.int64, len(texts))


def beside_others(bands: Keys, new: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """bool[rows]: which rows share a key in some band with a row that is `new`."""
    groups, count = _groups_of_keys(bands)
    found = np.zeros(len(new), np.bool_)
    for band in groups:
        grouped = np.flatnonzero(band >= 0)
        with_new = np.zeros(count, np.bool_)
        with_new[band[grouped[new[grouped]]]] = True
        found[grouped[with_new[band[grouped]]]] = True
    return found


def _groups_of_keys(bands: Keys, allocate: Allocate = np.empty) -> tuple[npt.NDArray[np.int32], int]:
    """int32[bands, rows]: which rows share a key in a band, −1 for a key that no other row has; how many groups."""
    rows, width = bands.shape
    groups = allocate((width, rows), np.int32)
    if native.available():
        keys = np.ascontiguousarray(bands)
        # Numbers must not overlap: a band has at most rows / 2 groups. They are closed up afterwards.
        with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
            ends = list(pool.map(lambda band: native.group_keys(keys, band, 0, groups[band]), range(width)))
    else:
        ends = [_group_band(bands[:, band], groups[band]) for band in range(width)]
    first = 0
    for band, count in enumerate(ends):
        row = groups[band]
        row[row >= 0] += first
        first += count
    return groups, first


def _group_band(keys: Keys, out: npt.NDArray[np.int32]) -> int:
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    shared = counts > 1
    number = np.where(shared, np.cumsum(shared) - 1, -1)
    out[:] = number[inverse]
    return int(shared.sum())


def lowest(threshold: float) -> float:
    """The threshold down to which pairs are found along with those at `threshold`: the usual one, where its keys are
    the same."""
    return USUAL if threshold > USUAL and bands_for(threshold) == bands_for(USUAL) else threshold


def least_agreeing(threshold: float) -> int:
    """Of 128 sketch values, how many must agree before two texts are compared."""
    return math.ceil((threshold - _MARGIN) * VALUES - 1e-9)


def _greedy(  # noqa: PLR0913
    groups: npt.NDArray[np.int32],
    sketch: Short,
    order: Ints,
    may_stay: npt.NDArray[np.bool_],
    fixed: npt.NDArray[np.bool_],
    texts: Texts,
    threshold: float,
    n: int,
) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    members: dict[int, list[int]] = {}
    place = np.empty(len(texts), np.int64)
    place[order] = np.arange(len(order))
    similar = _similarity(texts, n)
    out: list[tuple[int, int, float]] = []
    for row in order.tolist():
        mine = [group for group in groups[:, row].tolist() if group >= 0]
        met = set() if fixed[row] else {o for g in mine for o in members.get(g, ())}
        others = _likely(row, met, sketch, threshold)
        best = min(((-similar(row, o), int(place[o]), o) for o in others), default=None)
        if best is not None and -best[0] >= threshold:
            out.append((row, best[2], -best[0]))
        elif may_stay[row] or fixed[row]:
            for group in mine:
                members.setdefault(group, []).append(row)
    return (
        np.array([o[0] for o in out], np.int64),
        np.array([o[1] for o in out], np.int64),
        np.array([o[2] for o in out], np.float64),
    )


def _likely(row: int, others: set[int], sketch: Short, threshold: float) -> list[int]:
    """Those whose sketch agrees with the row's well enough to be worth a comparison."""
    if not others:
        return []
    candidates = np.array(sorted(others), np.int64)
    agree = (sketch[candidates] == sketch[row]).sum(axis=1)
    found: list[int] = candidates[agree >= least_agreeing(threshold)].tolist()
    return found


def _similarity(texts: Texts, n: int) -> Callable[[int, int], float]:
    """Exact similarity by row, each row's set made once."""
    sets: dict[int, set[str]] = {}

    def of(row: int) -> set[str]:
        if row not in sets:
            sets[row] = shingles(fold(texts[row]), n)
        return sets[row]

    return lambda a, b: jaccard(of(a), of(b))
