"""Near-duplicates among many texts: candidates by bands, every one of them verified exactly.

Nothing is decided on an estimate. A row is only ever compared with rows that share a band of its sketch; at
Jaccard 0.8 a pair of rows shares one of 25 bands of five with probability 1 − (1 − 0.8⁵)²⁵ = 0.99995.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from assay.kernels.jaccard import jaccard, shingles
from assay.kernels.normalise import fold
from assay.kernels.sketch import VALUES, band_keys, short_sketch, sketches

Ints = npt.NDArray[np.int64]
Texts = Callable[[Sequence[int]], list[str]]

_MARGIN = 0.15
"""How far the sketch's estimate may lie below the threshold before a candidate is dropped: four standard
deviations at 0.8, which loses one such pair in a hundred thousand, fewer than the bands do."""

_BLOCK = 1_024
_CACHED_CHARACTERS = 64_000_000
_CACHED_SETS = 1_024


def greedy(
    bands: npt.NDArray[np.uint64],
    sketch: npt.NDArray[np.uint8],
    order: Ints,
    may_stay: npt.NDArray[np.bool_],
    texts: Texts,
    threshold: float,
    n: int,
) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """Rows that go, the kept row in whose stead each goes, and their similarity.

    Rows are taken in `order`; a row goes when a row kept before it is at least `threshold` similar, the most
    similar of them (then the earliest in `order`) being named; else it is kept if it `may_stay`. Rows that may
    not stay must come last in `order`. `bands` uint64[n, bands] and `sketch` uint8[n, 128] as `keys_of` makes them.
    """
    shared = _shared(bands)
    buckets: dict[int, list[int]] = {}
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    out: list[tuple[int, int, float]] = []
    cache = _Shingled(texts, n)
    met: npt.NDArray[np.bool_] = np.any(shared, axis=1)
    for row in cache.reading(order[met[order]]):
        keys = bands[row, shared[row]].tolist()
        candidates = {other for key in keys for other in buckets.get(key, ())}
        found = _best(row, candidates, sketch, place, cache, threshold) if candidates else None
        if found is not None:
            out.append((row, *found))
        elif may_stay[row]:
            for key in keys:
                buckets.setdefault(key, []).append(row)
    return (
        np.array([o[0] for o in out], np.int64),
        np.array([o[1] for o in out], np.int64),
        np.array([o[2] for o in out], np.float64),
    )


def near_groups(texts: Texts, rows: Sequence[int], threshold: float = 0.8, n: int = 5) -> Ints:
    """Labels int64[len(rows)] of the groups that pairs of at least `threshold` make; the smallest position.

    Unlike `greedy` this follows chains: it is for keeping what belongs together on one side of a split.
    """
    bands, sketch = [], []
    for start in range(0, len(rows), _BLOCK):
        made = keys_of(texts(rows[start : start + _BLOCK]), n, threshold)
        bands.append(made["bands"])
        sketch.append(made["sketch"])
    if not bands:
        return np.empty(0, np.int64)
    return _groups(
        np.concatenate(bands),
        np.concatenate(sketch),
        lambda some: texts([rows[k] for k in some]),
        threshold,
        n,
    )


def _groups(
    bands: npt.NDArray[np.uint64], sketch: npt.NDArray[np.uint8], texts: Texts, threshold: float, n: int
) -> Ints:
    shared = _shared(bands)
    parent = list(range(len(bands)))
    buckets: dict[int, list[int]] = {}
    cache = _Shingled(texts, n)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for row in cache.reading(np.flatnonzero(shared.any(axis=1))):
        keys = bands[row, shared[row]].tolist()
        candidates = {other for key in keys for other in buckets.get(key, ())}
        for other in sorted(candidates):
            a, b = root(row), root(other)
            if a != b and cache.similarity(row, other) >= threshold:
                parent[max(a, b)] = min(a, b)
        for key in keys:
            buckets.setdefault(key, []).append(row)
    return np.fromiter((root(row) for row in range(len(bands))), np.int64, len(bands))


def keys_of(texts: Sequence[str], n: int, threshold: float) -> dict[str, npt.NDArray[np.generic]]:
    """The columns that `greedy` needs of some texts: `bands` and `sketch`."""
    sketch = sketches([fold(text) for text in texts], n)
    return {"bands": band_keys(sketch, threshold), "sketch": short_sketch(sketch)}


def _shared(bands: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """bool[n, bands]: whether another row has the same key in the same band."""
    shared = np.zeros(bands.shape, np.bool_)
    for band in range(bands.shape[1]):
        order = np.argsort(bands[:, band], kind="stable")
        ordered = bands[order, band]
        same = ordered[1:] == ordered[:-1]
        shared[order[1:][same], band] = True
        shared[order[:-1][same], band] = True
    return shared


def _best(
    row: int,
    candidates: set[int],
    sketch: npt.NDArray[np.uint8],
    place: Ints,
    cache: _Shingled,
    threshold: float,
) -> tuple[int, float] | None:
    """The most similar candidate at or above the threshold; of equals the one that came first."""
    others = np.fromiter(candidates, np.int64, len(candidates))
    agree = (sketch[others] == sketch[row]).sum(axis=1)
    likely = others[agree >= (threshold - _MARGIN) * VALUES]
    scored = [(-cache.similarity(row, other), int(place[other]), other) for other in likely.tolist()]
    if not scored:
        return None
    negative, _, other = min(scored)
    return (other, -negative) if -negative >= threshold else None


class _Shingled:
    """Texts by row, folded, fetched in blocks and remembered within a bound; and one row's set of shingles."""

    def __init__(self, texts: Texts, n: int) -> None:
        self._texts = texts
        self._n = n
        self._folded: OrderedDict[int, str] = OrderedDict()
        self._held = 0
        self._sets: OrderedDict[int, set[str]] = OrderedDict()

    def reading(self, rows: Ints) -> Iterator[int]:
        """The rows one by one, their texts fetched a block ahead."""
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK].tolist()
            for row, text in zip(block, self._texts(block), strict=True):
                self._keep(row, fold(text))
            yield from block

    def similarity(self, row: int, other: int) -> float:
        """Their exact Jaccard similarity."""
        return jaccard(self._set(row), self._set(other))

    def _set(self, row: int) -> set[str]:
        """A row's shingles; those asked for lately are remembered."""
        found = self._sets.get(row)
        if found is None:
            found = self._sets[row] = shingles(self._text(row), self._n)
            if len(self._sets) > _CACHED_SETS:
                self._sets.popitem(last=False)
        else:
            self._sets.move_to_end(row)
        return found

    def _text(self, row: int) -> str:
        found = self._folded.get(row)
        if found is None:
            found = fold(self._texts([row])[0])
            self._keep(row, found)
        else:
            self._folded.move_to_end(row)
        return found

    def _keep(self, row: int, text: str) -> None:
        if row in self._folded:
            return
        self._folded[row] = text
        self._held += len(text)
        while self._held > _CACHED_CHARACTERS and len(self._folded) > _BLOCK:
            self._held -= len(self._folded.popitem(last=False)[1])
