"""Arrays of example ids, and the set algebra on them.

An `IdArray` is a NumPy array of dtype V32: `bytes(array[i])` is the 32-byte id. (NumPy's own S32 strips
trailing zero bytes when an element is taken out, so it never leaves this file; it sorts the same.)
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numpy.typing import NDArray

IdArray: TypeAlias = NDArray[np.void]
Positions: TypeAlias = NDArray[np.int64]


def as_ids(ids: Iterable[bytes]) -> IdArray:
    """An array of the given 32-byte ids, in their order. Raises ValueError when one is not 32 bytes."""
    listed = list(ids)
    if any(len(i) != 32 for i in listed):
        raise ValueError("an example id is 32 bytes")
    return np.frombuffer(b"".join(listed), dtype="V32")


def sorted_ids(ids: Iterable[bytes]) -> IdArray:
    """The distinct ids, sorted."""
    return as_ids(sorted(set(ids)))


def id_list(ids: IdArray) -> list[bytes]:
    """The ids as a list of bytes."""
    raw = ids.tobytes()
    return [raw[i : i + 32] for i in range(0, len(raw), 32)]


def ids_of(column: pa.ChunkedArray[Any] | pa.Array[Any]) -> IdArray:
    """The ids of an Arrow column of type fixed_size_binary(32) without nulls."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = []
    for chunk in chunks:
        buffer = chunk.buffers()[1]
        if len(chunk):
            assert buffer is not None
            raw = memoryview(buffer)[chunk.offset * 32 :]
            parts.append(np.frombuffer(raw, dtype="V32", count=len(chunk)))
    return np.concatenate(parts) if parts else np.empty(0, dtype="V32")


def ids_from_hex(column: pa.ChunkedArray[Any] | pa.Array[Any]) -> IdArray:
    """The ids of an Arrow column of text, 64 lower-case hexadecimal digits each, without nulls."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    raw = b"".join(
        memoryview(data)[offsets[0] : offsets[-1]]
        for chunk in chunks
        if len(chunk)
        for _, spelled, data in [chunk.buffers()]
        for offsets in [np.frombuffer(spelled, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]]
    )
    return np.frombuffer(bytes.fromhex(raw.decode("ascii")), dtype="V32")


def concat(arrays: Sequence[IdArray]) -> IdArray:
    """One array after the other."""
    return np.concatenate(arrays) if arrays else np.empty(0, dtype="V32")


def order(ids: IdArray) -> Positions:
    """The positions that sort `ids`; equal ids keep their order."""
    words = _words(ids)
    first = words[:, 0].copy()
    by_first = np.argsort(first, kind="stable")
    same = first[by_first[1:]] == first[by_first[:-1]]
    if same.any():
        tied = np.flatnonzero(np.concatenate([same, [False]]) | np.concatenate([[False], same]))
        rows = by_first[tied]
        by_first[tied] = rows[np.lexsort((rows, *(words[rows, k] for k in (3, 2, 1, 0))))]
    return by_first


def flat(splits: Mapping[str, IdArray]) -> tuple[list[str], IdArray, Positions]:
    """Names of splits, all their ids in one sorted array, and the position of each one's split."""
    names = list(splits)
    ids = concat([splits[n] for n in names])
    split = np.concatenate(
        [np.full(len(splits[n]), i) for i, n in enumerate(names)] or [np.empty(0, dtype=np.int64)]
    )
    by_id = order(ids)
    return names, ids[by_id], split[by_id]


def is_increasing(ids: IdArray) -> bool:
    """Whether `ids` is sorted and no two are equal."""
    keys = _keys(ids)
    return bool(np.all(keys[:-1] < keys[1:]))


def duplicates(ids: IdArray) -> IdArray:
    """The ids that occur more than once in `ids` (sorted, repeats allowed)."""
    keys = _keys(ids)
    repeated: IdArray = ids[1:][keys[1:] == keys[:-1]]
    return repeated


def position(ids: IdArray, wanted: bytes) -> int:
    """Where one id stands in `ids` (sorted), or -1: for a few of them, without a look at all the others."""
    at = bisect_left(range(len(ids)), wanted, key=lambda k: bytes(ids[k]))
    return at if at < len(ids) and bytes(ids[at]) == wanted else -1


def find(ids: IdArray, wanted: IdArray) -> Positions:
    """Where each of `wanted` stands in `ids` (sorted): the first position, or -1."""
    if not len(ids):
        return np.full(len(wanted), -1, dtype=np.int64)
    known, sought = _words(ids), _words(wanted)
    at = np.searchsorted(known[:, 0].copy(), sought[:, 0].copy()).astype(np.int64)
    at[at == len(known)] = 0
    there = (known[at] == sought).all(axis=1)
    # Ids that agree in eight bytes and not in all: somebody took pains to make them, and they get the long way.
    odd = np.flatnonzero(~there & (known[at, 0] == sought[:, 0]))
    found = np.where(there, at, -1)
    if len(odd):
        keys, rest = _keys(ids), _keys(wanted[odd])
        place = np.minimum(np.searchsorted(keys, rest), len(keys) - 1)
        found[odd] = np.where(keys[place] == rest, place, -1)
    return found


def contains(ids: IdArray, wanted: IdArray) -> NDArray[np.bool_]:
    """Whether each of `wanted` is among `ids` (sorted)."""
    return find(ids, wanted) >= 0


def first_of_each(ids: IdArray, by_id: Positions | None = None) -> Positions:
    """For each id the first position at which it stands; `by_id` as `order` gives it, where somebody has it."""
    by_id = order(ids) if by_id is None else by_id
    words = _words(ids)[by_id]
    new = np.ones(len(ids), np.bool_)
    new[1:] = (words[1:] != words[:-1]).any(axis=1)
    first = np.empty(len(ids), np.int64)
    first[by_id] = by_id[np.maximum.accumulate(np.where(new, np.arange(len(ids)), 0))]
    return first


def _words(ids: IdArray) -> npt.NDArray[np.uint64]:
    """uint64[n, 4] that sort as the ids do."""
    raw = np.ascontiguousarray(ids).view(np.uint8).reshape(-1, 32)
    words: npt.NDArray[np.uint64] = raw.view(">u8").astype(np.uint64)
    return words


def _keys(ids: IdArray) -> NDArray[Any]:
    return np.ascontiguousarray(ids).view("S32")
