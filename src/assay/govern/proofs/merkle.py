"""The Merkle tree of RFC 6962: its hashes, its root, and the checks of proofs (RFC 9162 §2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(00 ‖ data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A growing tree of which only the right edge is kept: at most one hash a level."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []  # roots of the full subtrees from the left, the largest first

    def append(self, leaf: bytes) -> None:
        """One more leaf, given as its hash. Amortised constant time."""
        size = self.size
        while size & 1:
            leaf = node_hash(self._edge.pop(), leaf)
            size >>= 1
        self._edge.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the leaves so far."""
        if not self._edge:
            return EMPTY_ROOT
        found = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            found = node_hash(left, found)
        return found


def check_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that the leaf with hash `leaf` is number `index` (from 0) of the tree's `size`.

    RFC 9162 §2.1.3.2. Wrong lengths are a no, never an error.
    """
    if not 0 <= index < size or any(len(part) != 32 for part in (leaf, root, *path)):
        return False
    at, last, found = index, size - 1, leaf
    for part in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(part, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, part)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def check_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether `path` proves that the tree of `first` leaves is how the tree of `second` began.

    RFC 9162 §2.1.4.2; two equal trees need, and take, an empty path, as does the tree without leaves.
    """
    if not 0 <= first <= second or any(len(part) != 32 for part in (first_root, second_root, *path)):
        return False
    if first in (0, second):
        same = first_root == (EMPTY_ROOT if first == 0 else second_root)
        return same and not path and (second > 0 or second_root == EMPTY_ROOT)
    parts = list(path) if first & (first - 1) else [first_root, *path]
    if not parts:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = parts[0]
    for part in parts[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(part, old), node_hash(part, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, part)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
