"""The fingerprint of a set of example ids: a Merkle trie whose shape depends on the set alone.

    node(S, d) = SHA256(0x00 ‖ ids of S in order)                      when |S| ≤ 16
               = SHA256(0x01 ‖ node(S₀, d+1) ‖ … ‖ node(S₁₅, d+1))     else; Sₖ: d-th hex digit is k
    split(S)   = SHA256(0x02 ‖ |S| as 8 bytes, big-endian ‖ node(S, 0))
    version    = SHA256(0x03 ‖ for each non-empty split by name: len(name) as 2 bytes ‖ name ‖ split)

Ids are SHA-256 digests, so the trie is balanced; equal sets have equal fingerprints whatever the order of
rows, the files they lie in or the program that wrote them. A proof lists the bucket of at most 16 ids in
which an id stands (or would stand) and the siblings on the way up; it is checked with SHA-256 alone.
After RFC 6962's separation of leaf and node hashing.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

BUCKET = 16


def split_digest(ids: Sequence[bytes]) -> bytes:
    """The digest of one split. `ids`: 32-byte ids, sorted, no two equal."""
    return _split(len(ids), _node(ids, b"".join(ids), 0, len(ids), 0))


def version_digest(splits: Mapping[str, bytes]) -> str:
    """The fingerprint of a version, given `split_digest` of each non-empty split: "sha256:…"."""
    out = hashlib.sha256(b"\x03")
    for name in sorted(splits):
        spelled = name.encode()
        out.update(len(spelled).to_bytes(2, "big") + spelled + splits[name])
    return "sha256:" + out.hexdigest()


def fingerprint(splits: Mapping[str, Sequence[bytes]]) -> str:
    """The fingerprint of named splits of sorted ids; empty splits do not count."""
    return version_digest({name: split_digest(ids) for name, ids in splits.items() if len(ids)})


@dataclass(frozen=True, slots=True)
class Proof:
    """That an id is, or is not, in a split.

    `bucket` holds the sorted ids of the leaf where the id belongs; `siblings` the 16 child digests of every
    node from the root down (the child on the path included, and recomputed when checking); `count` the
    number of ids in the split.
    """

    id: bytes
    present: bool
    count: int
    bucket: tuple[bytes, ...]
    siblings: tuple[tuple[bytes, ...], ...]

    def holds(self, digest: bytes) -> bool:
        """Whether this proof and `digest` (of `split_digest`) agree. Needs nothing but SHA-256.

        Never raises: a proof comes from somebody else, and may have any shape.
        """
        if not self._is_well_formed() or (self.id in self.bucket) != self.present:
            return False
        depths = range(len(self.siblings))
        if any(_nibble(i, d) != _nibble(self.id, d) for i in self.bucket for d in depths):
            return False
        value = hashlib.sha256(b"\x00" + b"".join(self.bucket)).digest()
        for depth in range(len(self.siblings) - 1, -1, -1):
            children = list(self.siblings[depth])
            children[_nibble(self.id, depth)] = value
            value = hashlib.sha256(b"\x01" + b"".join(children)).digest()
        return _split(self.count, value) == digest

    def _is_well_formed(self) -> bool:
        """Whether all lengths are as they must be: the same bytes cut elsewhere would hash the same."""
        digests = [self.id, *self.bucket, *(child for level in self.siblings for child in level)]
        return (
            all(len(d) == 32 for d in digests)
            and all(len(level) == 16 for level in self.siblings)
            and len(self.siblings) <= 64
            and len(self.bucket) <= BUCKET
            and all(a < b for a, b in pairwise(self.bucket))
            and 0 <= self.count < 2**64
        )


def prove(ids: Sequence[bytes], example: bytes) -> Proof:
    """The proof that `example` is or is not among `ids` (sorted, 32 bytes each)."""
    low, high, depth = 0, len(ids), 0
    siblings: list[tuple[bytes, ...]] = []
    raw = b"".join(ids)
    while high - low > BUCKET:
        bounds = _bounds(ids, low, high, depth)
        siblings.append(tuple(_node(ids, raw, bounds[k], bounds[k + 1], depth + 1) for k in range(16)))
        k = _nibble(example, depth)
        low, high, depth = bounds[k], bounds[k + 1], depth + 1
    bucket = tuple(ids[low:high])
    return Proof(example, example in bucket, len(ids), bucket, tuple(siblings))


def _node(ids: Sequence[bytes], raw: bytes, low: int, high: int, depth: int) -> bytes:
    """The digest of ids[low:high]; `raw` is all of them joined. A million ids have 400,000 leaves, hence the loop."""
    if high - low <= BUCKET:
        return hashlib.sha256(b"\x00" + raw[low * 32 : high * 32]).digest()
    bounds = _bounds(ids, low, high, depth)
    joined = [b"\x01"]
    for start, end in pairwise(bounds):
        if end - start <= BUCKET:
            joined.append(hashlib.sha256(b"\x00" + raw[start * 32 : end * 32]).digest())
        else:
            joined.append(_node(ids, raw, start, end, depth + 1))
    return hashlib.sha256(b"".join(joined)).digest()


def _bounds(ids: Sequence[bytes], low: int, high: int, depth: int) -> list[int]:
    """Where each hex digit begins among ids[low:high], which agree on their first `depth` digits."""
    prefix = ids[low]
    bounds = [low]
    for k in range(1, 16):
        if depth % 2 == 0:
            probe = prefix[: depth // 2] + bytes([k << 4])
        else:
            probe = prefix[: depth // 2] + bytes([(prefix[depth // 2] & 0xF0) | k])
        bounds.append(bisect_left(ids, probe, bounds[-1], high))
    bounds.append(high)
    return bounds


def _nibble(example: bytes, depth: int) -> int:
    byte = example[depth // 2]
    return byte >> 4 if depth % 2 == 0 else byte & 15


def _split(count: int, root: bytes) -> bytes:
    return hashlib.sha256(b"\x02" + count.to_bytes(8, "big") + root).digest()
