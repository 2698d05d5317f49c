"""The Merkle tree that makes proofs: every full subtree's hash is kept, so that a proof costs the tree's height."""

from __future__ import annotations

from collections.abc import Iterable

from assay.govern.proofs.merkle import EMPTY_ROOT, leaf_hash, node_hash


class Tree:
    """A growing RFC 6962 tree over entries' bytes; 64 bytes an entry. Proofs and roots are of any size so far."""

    def __init__(self, entries: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = []  # level k: hashes of the full subtrees of 2**k leaves, in order
        self.size = 0
        for data in entries:
            self.append(data)

    def append(self, data: bytes) -> None:
        """One more leaf: an entry's bytes. Amortised constant time."""
        found, level, at = leaf_hash(data), 0, self.size
        while True:
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += found
            if not at & 1:
                break
            found = node_hash(self._node(level, at - 1), found)
            level, at = level + 1, at >> 1
        self.size += 1

    def leaf(self, index: int) -> bytes:
        """The hash of leaf `index`, from 0."""
        self._check(index + 1)
        return self._node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves. Raises ValueError when there are fewer."""
        size = self.size if size is None else size
        self._check(size)
        return self._hash(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The path from leaf `index` (from 0) to the root of `size` leaves: RFC 9162 §2.1.3.1. Raises ValueError."""
        size = self.size if size is None else size
        self._check(size)
        if not 0 <= index < size:
            raise ValueError(f"leaf {index} is not among the first {size}")
        return self._path(index, 0, size)

    def consistency(self, first: int, second: int | None = None) -> list[bytes]:
        """The proof that `first` leaves became `second`: RFC 9162 §2.1.4.1. Raises ValueError."""
        second = self.size if second is None else second
        self._check(second)
        if not 0 <= first <= second:
            raise ValueError(f"a tree of {first} leaves cannot become one of {second}")
        return self._sub_proof(first, 0, second, True) if first else []

    def _check(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise ValueError(f"the tree has {self.size} leaves, not {size}")

    def _node(self, level: int, at: int) -> bytes:
        return bytes(self._levels[level][32 * at : 32 * at + 32])

    def _hash(self, start: int, end: int) -> bytes:
        """The root of leaves start … end-1, a range that the recursion of RFC 6962 §2.1 makes."""
        count = end - start
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self._node(level, start >> level)
        middle = start + _split(count)
        return node_hash(self._hash(start, middle), self._hash(middle, end))

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._hash(middle, end)]
        return [*self._path(index, middle, end), self._hash(start, middle)]

    def _sub_proof(self, first: int, start: int, end: int, whole: bool) -> list[bytes]:
        """RFC 9162's SUBPROOF(m, D, b), where the old tree ends at leaf `first`."""
        if first == end:
            return [] if whole else [self._hash(start, end)]
        middle = start + _split(end - start)
        if first <= middle:
            return [*self._sub_proof(first, start, middle, whole), self._hash(middle, end)]
        return [*self._sub_proof(first, middle, end, False), self._hash(start, middle)]


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)
