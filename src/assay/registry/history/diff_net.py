"""What several changes one after the other come to, as arrays: for pages, where half a million changes would be too
many values of Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.kernels.ids import IdArray, as_ids, concat, contains, find, ids_of, order
from assay.model.diff import Change
from assay.store.change import change_table
from assay.store.diff import changes_between

if TYPE_CHECKING:
    from assay.model.version import Manifest
    from assay.store.objects import Objects

Codes = npt.NDArray[np.int16]
NOWHERE: Final = -1


@dataclass(frozen=True)
class Net:
    """Per id (sorted, each once) its split before and after, as positions in `splits`, -1 for none. `edits`: new id →
    old id, of pairs that both differ; such ids stand in `ids` too."""

    ids: IdArray
    before: Codes
    after: Codes
    splits: Sequence[str]
    edits: dict[bytes, bytes]

    def rows(self, kind: str) -> npt.NDArray[np.int64]:
        """The rows of one kind, by id: added, removed, moved; edited: those of the new ids."""
        if kind == "moved":
            return np.flatnonzero((self.before >= 0) & (self.after >= 0))
        came = (self.before < 0) if kind != "removed" else (self.after < 0)
        if not self.edits:
            return np.flatnonzero(came) if kind != "edited" else np.empty(0, np.int64)
        ours = as_ids(sorted(self.edits.values() if kind == "removed" else self.edits))
        linked = contains(ours, self.ids)
        return np.flatnonzero(came & (linked if kind == "edited" else ~linked))

    def changes(self, rows: Sequence[int]) -> Iterator[Change]:
        """Some rows as values."""
        for row in rows:
            id_ = bytes(self.ids[row])
            old = self.edits.get(id_) if self.before[row] < 0 else None
            was = self.before[int(find(self.ids, as_ids([old]))[0])] if old is not None else self.before[row]
            yield Change(id_, self._split(self.after[row]), self._split(was), old)

    def _split(self, code: int) -> str | None:
        return None if code < 0 else self.splits[int(code)]


def net(objects: Objects, a: Manifest, b: Manifest) -> Net | None:
    """What leads from `a` to `b`; None when `b` was not made from `a`, step by step. Raises Damaged."""
    steps = changes_between(objects, a, b)
    return None if steps is None else _composed([change_table(objects, step) for step in steps])


def _composed(tables: Sequence[pa.Table]) -> Net:
    names: dict[str, int] = {}
    ids, before, after = list[IdArray](), list[Codes](), list[Codes]()
    origin: dict[bytes, bytes] = {}
    for table in tables:
        own, olds = ids_of(table["id"]), table["old_id"]
        was, now = (_coded(table[name], names) for name in ("old_split", "split"))
        edited = np.flatnonzero(pc.equal(table["op"], "edited").to_numpy())
        if len(edited):
            taken = olds.take(pa.array(edited))
            old_ids = ids_of(taken)
            ids += [own, old_ids]
            before += [
                np.where(np.isin(np.arange(len(own)), edited), NOWHERE, was).astype(np.int16),
                was[edited],
            ]
            after += [now, np.full(len(edited), NOWHERE, np.int16)]
        else:
            ids.append(own)
            before.append(was)
            after.append(now)
        _follow(origin, table, own, edited)
    every = concat(ids)
    by_id = order(every)
    every = every[by_id]
    was, now = (np.concatenate([np.empty(0, np.int16), *arrays])[by_id] for arrays in (before, after))
    first = np.ones(len(every), np.bool_)
    first[1:] = every[1:] != every[:-1]
    last = np.append(first[1:], True)[: len(every)]
    every, was, now = every[first], was[first], now[last]
    differs = was != now
    every, was, now = every[differs], was[differs], now[differs]
    return Net(every, was, now, list(names), _linked(origin, every, was, now))


def _follow(origin: dict[bytes, bytes], table: pa.Table, ids: IdArray, edited: npt.NDArray[np.int64]) -> None:
    """Where edits lead back to, one step further."""
    found = {}
    if len(edited):
        pairs = zip(ids[edited].tolist(), table["old_id"].take(pa.array(edited)).to_pylist(), strict=True)
        found = {bytes(new): origin.get(old, old) for new, old in pairs}
    if origin:  # what was added came back for another reason
        known = as_ids(sorted(origin))
        added = ids[pc.equal(table["op"], "added").to_numpy()]
        for back in known[contains(added, known)].tolist():
            origin.pop(bytes(back), None)
    origin |= found


def _linked(origin: dict[bytes, bytes], ids: IdArray, before: Codes, after: Codes) -> dict[bytes, bytes]:
    """The links whose old id left and whose new one came; an id takes part in one, the smallest pair first."""
    if not origin:
        return {}
    left = {bytes(one) for one in ids[after < 0].tolist()}
    came = {bytes(one) for one in ids[before < 0].tolist()}
    links: dict[bytes, bytes] = {}
    for old, new in sorted((old, new) for new, old in origin.items()):
        if old in left and new in came:
            links[new] = old
            left.discard(old)
            came.discard(new)
    return links


def _coded(column: pa.ChunkedArray, names: dict[str, int]) -> Codes:
    held = column.combine_chunks().dictionary_encode()
    if isinstance(held, pa.ChunkedArray):
        held = held.combine_chunks()
    own = np.array(
        [names.setdefault(name, len(names)) for name in held.dictionary.to_pylist()] or [0], np.int16
    )
    codes = held.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(codes < 0, NOWHERE, own[codes]).astype(np.int16)
