"""Cosine similarity among many vectors, the same to the last bit on every machine.

Vectors are kept as int8, each scaled to its own largest component. The cosine of two is defined on those
integers, a · b / √(|a|² |b|²), so that no order of summation can change it. The search itself runs in float32
with a margin, and every candidate is then scored exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from assay.errors import MissingExtra

Int8s = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

_BLOCK = 1_024
"""Rows settled together; the search holds _BLOCK × _CHUNK scores at a time, 32 MB."""
_CHUNK = 8_192
_PAIRS = 65_536
_NEIGHBOURS = 16


def quantise(vectors: npt.NDArray[np.floating[Any]]) -> Int8s:
    """int8[n, d] from float[n, d]: each row scaled so that its largest component is ±127; zero rows stay zero."""
    wide = vectors.astype(np.float64)
    largest = np.abs(wide).max(axis=1, keepdims=True, initial=0.0)
    scaled = np.divide(wide * 127.0, largest, out=np.zeros_like(wide), where=largest > 0)
    whole: Int8s = np.rint(scaled).astype(np.int8)
    return whole


def cosines(a: Int8s, b: Int8s) -> Floats:
    """float64[m]: the cosine of row k of `a` with row k of `b`, not below 0; 0 where either is all zero."""
    x, y = a.astype(np.int32), b.astype(np.int32)
    dot, square_a, square_b = (
        np.einsum("ij,ij->i", p, q).astype(np.float64) for p, q in ((x, y), (x, x), (y, y))
    )
    return _cosine(dot, square_a * square_b)


def greedy(
    vectors: Int8s,
    order: Ints,
    may_stay: npt.NDArray[np.bool_],
    threshold: float,
    exact_up_to: int,
) -> tuple[Ints, Ints, Floats]:
    """Rows that go, the kept row in whose stead each goes, and their cosine.

    Rows are taken in `order`; a row goes when the cosine with a row kept before it is at least `threshold` (above
    0), the most similar of them (then the earliest in `order`) being named; else it is kept if it `may_stay`.
    Rows that may not stay must come last in `order`. Up to `exact_up_to` rows the search is exhaustive; above, an
    index of faiss proposes 16 candidates a row, and what it misses stays. Raises MissingExtra without faiss.
    """
    found: list[tuple[int, int, float]] = []
    near = _near(vectors, order[may_stay[order]], threshold, len(order) <= exact_up_to)
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        twin, similarity = near.best(vectors[block])
        kept = _settle(block, vectors[block], may_stay[block], twin, similarity, threshold)
        gone = np.flatnonzero(twin >= 0)
        found += zip(block[gone].tolist(), twin[gone].tolist(), similarity[gone].tolist(), strict=True)
        near.add(block[kept], vectors[block[kept]])
    return (
        np.array([f[0] for f in found], np.int64),
        np.array([f[1] for f in found], np.int64),
        np.array([f[2] for f in found], np.float64),
    )


def _settle(
    block: Ints,
    vectors: Int8s,
    may_stay: npt.NDArray[np.bool_],
    twin: Ints,
    similarity: Floats,
    threshold: float,
) -> Ints:
    """Settle a block among itself: completes `twin` and `similarity` in place, returns the positions kept."""
    scores = _square(vectors)
    hits = np.tril(scores >= threshold, -1)
    kept = np.zeros(len(block), np.bool_)
    for k in range(len(block)):
        inside = np.flatnonzero(hits[k, :k] & kept[:k])
        if len(inside):
            best = int(inside[np.argmax(scores[k, inside])])
            if scores[k, best] > similarity[k]:  # of equals the one from an earlier block came first
                twin[k], similarity[k] = block[best], scores[k, best]
        kept[k] = twin[k] < 0 and may_stay[k]
    return np.flatnonzero(kept)


def _square(vectors: Int8s) -> Floats:
    """float64[n, n]: the exact cosine of each row with each."""
    whole = vectors.astype(np.float64)  # products of integers: sums below 2**53 are exact in any order
    dots = whole @ whole.T
    squares = np.diagonal(dots)
    return _cosine(dots, squares[:, None] * squares[None, :])


def _cosine(dot: Floats, squares: Floats) -> Floats:
    made: Floats = np.divide(dot, np.sqrt(squares), out=np.zeros_like(dot), where=squares > 0)
    return np.maximum(made, 0.0)


class _Near(Protocol):
    """The kept rows, and which of them is nearest."""

    def add(self, rows: Ints, vectors: Int8s) -> None: ...

    def best(self, queries: Int8s) -> tuple[Ints, Floats]:
        """For each query the nearest kept row at or above the threshold, −1 without, and their cosine (0)."""
        ...


def _near(vectors: Int8s, may_stay: Ints, threshold: float, exact: bool) -> _Near:
    return _Exact(vectors.shape[1], threshold) if exact else _Indexed(vectors, may_stay, threshold)


class _Exact:
    """Every query against every kept row, a block of the matrix of scores at a time."""

    def __init__(self, dimensions: int, threshold: float) -> None:
        self._threshold = threshold
        self._floor = np.float32(threshold - max(1e-4, 3e-7 * dimensions))
        self._chunks: list[Singles] = []
        self._filled = _CHUNK
        self._held = _Held(dimensions)

    def add(self, rows: Ints, vectors: Int8s) -> None:
        self._held.add(rows, vectors)
        units = _units(vectors)
        while len(units):
            if self._filled == _CHUNK:
                self._chunks.append(np.empty((_CHUNK, units.shape[1]), np.float32))
                self._filled = 0
            take = units[: _CHUNK - self._filled]
            self._chunks[-1][self._filled : self._filled + len(take)] = take
            self._filled += len(take)
            units = units[len(take) :]

    def best(self, queries: Int8s) -> tuple[Ints, Floats]:
        units = _units(queries)
        best = _Best(len(queries))
        for number, chunk in enumerate(self._chunks):
            used = chunk if number < len(self._chunks) - 1 else chunk[: self._filled]
            hit = np.flatnonzero(units @ used.T >= self._floor)
            query, place = np.divmod(hit, len(used))
            best.take(query, place + number * _CHUNK, queries, self._held, self._threshold)
        return best.named(self._held)


class _Indexed:
    """An inverted file of faiss over the kept rows: approximate in what it proposes, exact in what is claimed."""

    def __init__(self, vectors: Int8s, may_stay: Ints, threshold: float) -> None:
        try:
            import faiss
        except ImportError:
            raise MissingExtra(
                "so many rows need faiss, which is not installed",
                "pip install 'assay-data[semantic]', or raise exact_up_to and wait",
            ) from None
        self._threshold = threshold
        lists = max(1, min(4_096, 4 * int(len(may_stay) ** 0.5), len(may_stay) // 39))
        sample = may_stay[:: max(1, len(may_stay) // (64 * lists))]
        dimensions = vectors.shape[1]
        self._index = faiss.IndexIVFFlat(
            faiss.IndexFlatIP(dimensions), dimensions, lists, faiss.METRIC_INNER_PRODUCT
        )
        self._index.nprobe = max(1, lists // 32)
        if len(sample):
            self._index.train(_units(vectors[sample]))
        self._held = _Held(dimensions)

    def add(self, rows: Ints, vectors: Int8s) -> None:
        self._held.add(rows, vectors)
        if len(rows):
            self._index.add(_units(vectors))

    def best(self, queries: Int8s) -> tuple[Ints, Floats]:
        best = _Best(len(queries))
        if len(self._held):
            _, places = self._index.search(_units(queries), _NEIGHBOURS)
            query = np.repeat(np.arange(len(queries)), places.shape[1])
            met = places.ravel() >= 0
            best.take(query[met], places.ravel()[met], queries, self._held, self._threshold)
        return best.named(self._held)


class _Held:
    """The kept rows in the order in which they were kept."""

    def __init__(self, dimensions: int) -> None:
        self._vectors = np.empty((_CHUNK, dimensions), np.int8)
        self._rows = np.empty(_CHUNK, np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Ints, vectors: Int8s) -> None:
        while self._count + len(rows) > len(self._rows):
            self._vectors = np.concatenate([self._vectors, np.empty_like(self._vectors)])
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._vectors[self._count : self._count + len(rows)] = vectors
        self._rows[self._count : self._count + len(rows)] = rows
        self._count += len(rows)

    def vectors(self, places: Ints) -> Int8s:
        return self._vectors[places]

    def rows(self, places: Ints) -> Ints:
        return self._rows[places]


class _Best:
    """For each query the place with the highest exact cosine; of equals the first."""

    def __init__(self, queries: int) -> None:
        self._place = np.full(queries, -1, np.int64)
        self._cosine = np.zeros(queries)

    def take(self, query: Ints, place: Ints, queries: Int8s, held: _Held, threshold: float) -> None:
        for some, there in _slices(query, place):
            exact = cosines(queries[some], held.vectors(there))
            true = exact >= threshold
            some, there, exact = some[true], there[true], exact[true]
            ahead = np.lexsort((there, -exact, some))
            some, there, exact = some[ahead], there[ahead], exact[ahead]
            first = np.concatenate([[True], some[1:] != some[:-1]])[: len(some)]
            some, there, exact = some[first], there[first], exact[first]
            better = (exact > self._cosine[some]) | (
                (exact == self._cosine[some]) & (there < self._place[some])
            )
            self._place[some[better]], self._cosine[some[better]] = there[better], exact[better]

    def named(self, held: _Held) -> tuple[Ints, Floats]:
        met = self._place >= 0
        rows = np.where(met, held.rows(np.maximum(self._place, 0)), -1)
        return rows.astype(np.int64), self._cosine


def _slices(query: Ints, place: Ints) -> Iterator[tuple[Ints, Ints]]:
    for start in range(0, len(query), _PAIRS):
        yield query[start : start + _PAIRS], place[start : start + _PAIRS]


def _units(vectors: Int8s) -> Singles:
    """float32 rows of length 1; zero rows stay zero."""
    wide = vectors.astype(np.float32)
    norm = np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
    units: Singles = np.divide(wide, norm, out=np.zeros_like(wide), where=norm > 0)
    return units
