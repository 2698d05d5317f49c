"""How many different words or pairs of words there are, in a fixed amount of memory.

The k smallest hashes are kept (Bar-Yossef et al., "Counting distinct elements in a data stream", 2002). Up to
k different values the count is exact; above, it is an estimate with a standard error of 1/√k = 0.4 %. The
result depends on the set of values only, never on their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

KEPT: Final = 65_536
REMEMBERED: Final = 500_000
"""Words whose hash is remembered; then they are hashed again, which changes no result."""

Hashes = npt.NDArray[np.uint64]
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX2: Final = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT: Final = np.uint64(29)


class Distinct:
    """Counts different 64-bit hashes."""

    def __init__(self, kept: int = KEPT) -> None:
        self._room = kept
        self._smallest: Hashes = np.empty(0, dtype=np.uint64)

    def add(self, hashes: Hashes) -> None:
        if len(self._smallest) == self._room:
            hashes = hashes[hashes < self._smallest[-1]]
        if len(hashes):
            ordered = np.sort(np.concatenate([self._smallest, hashes]))  # faster than np.unique, which hashes
            first = np.ones(len(ordered), dtype=bool)
            np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
            self._smallest = ordered[first][: self._room]

    @property
    def exact(self) -> bool:
        return len(self._smallest) < self._room

    def count(self) -> int:
        """Exact while `exact`, an estimate after."""
        if self.exact:
            return len(self._smallest)
        return round((self._room - 1) / (float(self._smallest[-1]) / 2.0**64))


class _WordHashes(dict[str, int]):
    """Word → hash. New ones are put aside for the count."""

    def __init__(self) -> None:
        super().__init__()
        self.fresh: list[int] = []

    def __missing__(self, word: str) -> int:
        found = int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        self[word] = found
        self.fresh.append(found)
        return found


class Vocabulary:
    """Counts words and different words, pairs of neighbours and different pairs. Pairs never span two rows."""

    def __init__(self) -> None:
        self._hashes = _WordHashes()
        self._words = Distinct()
        self._pairs = Distinct()
        self.words = 0
        self.pairs = 0

    def add(self, rows: Sequence[list[str]] | Iterable[list[str]]) -> None:
        rows = list(rows)
        flat = np.fromiter(map(self._hashes.__getitem__, chain.from_iterable(rows)), dtype=np.uint64)
        self._words.add(np.array(self._hashes.fresh, dtype=np.uint64))
        self._hashes.fresh.clear()
        if len(self._hashes) > REMEMBERED:
            self._hashes.clear()
        lengths = np.fromiter(map(len, rows), dtype=np.int64)
        inside = np.ones(max(0, len(flat) - 1), dtype=bool)
        ends = np.cumsum(lengths)[:-1]
        inside[ends[(ends > 0) & (ends < len(flat))] - 1] = False
        mixed = (flat[:-1] * _MIX + flat[1:])[inside]
        mixed = (mixed ^ (mixed >> _SHIFT)) * _MIX2
        self._pairs.add(mixed ^ (mixed >> _SHIFT))
        self.words += len(flat)
        self.pairs += len(mixed)

    @property
    def exact(self) -> tuple[bool, bool]:
        """Whether different words, and different pairs, are counted and not estimated."""
        return self._words.exact, self._pairs.exact

    def distinct(self) -> tuple[int, int]:
        """Different words, different pairs; never more than there are."""
        return min(self.words, self._words.count()), min(self.pairs, self._pairs.count())
