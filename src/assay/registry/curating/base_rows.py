"""The version a curation starts from: which ids it holds, in which split, and their texts when they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.carried import Carried
from assay.curate.chunk import BASE
from assay.curate.evaluate import Evaluated, join_failures
from assay.curate.gather import Gathered
from assay.curate.split import Standing
from assay.curate.spool import Spool
from assay.curate.stored import STORED_COLUMNS, StoredChunk, batch_of
from assay.kernels.ids import IdArray, contains, find, ids_of, order
from assay.kernels.texts import Texts
from assay.model.version import Manifest, Part
from assay.registry.store import Store
from assay.store.erased import erased
from assay.store.members import part_tables
from assay.store.segments import read_ids, read_rows

_DECODED = 20_000
"""Rows of a segment of which those that are wanted are fetched at a time."""
_FETCHED = 50_000
"""Texts that are brought at a time."""


class BaseRows:
    """The rows of a version, or of none."""

    def __init__(self, store: Store, manifest: Manifest | None) -> None:
        self._store = store
        self.manifest = manifest

    @cached_property
    def ids(self) -> dict[str, npt.NDArray[np.bytes_]]:
        """Split → sorted S32 ids."""
        if self.manifest is None:
            return {}
        all_of = {split: self._store.split_ids(self.manifest, split) for split in self.manifest.splits}
        if not len(self._forgotten):
            return all_of
        gone = self._forgotten
        kept = {
            name: ids[~contains(gone, np.ascontiguousarray(ids).view("V32"))] for name, ids in all_of.items()
        }
        return {split: ids for split, ids in kept.items() if len(ids)}

    @cached_property
    def _forgotten(self) -> IdArray:
        """Ids whose rows are empty: the next version does not hold them."""
        return erased(self._store.objects, self._store.log.entries()).ids

    def standing(self, gathered: Gathered) -> Standing:
        """Where each row stands in the version."""
        wanted = np.ascontiguousarray(gathered.ids[gathered.by_id]).view("V32")
        code = np.full(len(gathered), -1, np.int64)
        for position, known in enumerate(self.ids.values()):
            code[gathered.by_id[contains(np.ascontiguousarray(known).view("V32"), wanted)]] = position
        return Standing(code, list(self.ids))

    @cached_property
    def all_ids(self) -> npt.NDArray[np.bytes_]:
        """S32, sorted, of all splits."""
        ids = np.concatenate([np.empty(0, "S32"), *self.ids.values()])
        return ids[order(np.ascontiguousarray(ids).view("V32"))]

    def evaluated(self, found: Carried) -> Evaluated:
        """All rows as they were carried, with what is remembered of them and without their texts."""
        rows = pa.table(
            {"record": pa.array(np.zeros(len(found.ids), np.int64)), "key": self._keys(found.ids)}
        )
        keys = {position: dict(columns) for position, columns in found.keys.items()}
        return Evaluated(
            BASE, rows, found.ids, Texts.of([]), (), join_failures([]), keys, found.inputs, found.length,
            reused=True, split_fields={}, unread=True,
        )  # fmt: skip

    def _keys(self, ids: npt.NDArray[np.bytes_]) -> pa.Array:
        """The users' own keys of ids, in their order; nothing where no row has one."""
        tables = self._tables(["id", "key"])
        table = pa.concat_tables(tables)
        if table.column("key").null_count == len(table):
            return pa.nulls(len(ids), pa.string())
        at = np.empty(len(ids), np.int64)
        at[order(np.ascontiguousarray(ids).view("V32"))] = order(ids_of(table.column("id")))
        return table.column("key").combine_chunks().take(pa.array(at)).cast(pa.string())

    def texts(self, ids: npt.NDArray[np.bytes_]) -> Texts:
        """The texts of some examples, given by id (S32), in that order."""
        by_id = order(np.ascontiguousarray(ids).view("V32"))
        wanted = np.ascontiguousarray(ids[by_id]).view("V32")
        held: list[pa.Table] = []
        for part in dict.fromkeys(part for parts in self._splits.values() for part in parts):
            at = find(read_ids(self._store.objects, part.segment), wanted)
            rows = np.sort(at[at >= 0])
            near = np.split(rows, np.flatnonzero(np.diff(rows // _DECODED)) + 1)
            held += [
                read_rows(self._store.objects, part.segment, some, ["id", "payload"])
                for some in near
                if len(some)
            ]
        table = pa.concat_tables(held)
        found = ids_of(table.column("id"))
        sorts = order(found)
        place = np.empty(len(ids), np.int64)
        place[by_id] = sorts[find(found[sorts], wanted)]
        return batch_of(table.column("payload")).text_bytes.take(place)

    @property
    def _splits(self) -> Mapping[str, Sequence[Part]]:
        return {} if self.manifest is None else self.manifest.splits

    def _tables(self, columns: list[str]) -> Iterator[pa.Table]:
        assert self.manifest is not None
        for split in sorted(self.manifest.splits):
            for part in self.manifest.splits[split]:
                for table in part_tables(self._store.objects, part, columns):
                    if len(self._forgotten):
                        table = table.filter(pa.array(~contains(self._forgotten, ids_of(table.column("id")))))
                    yield table

    def chunks(self, batch_rows: int) -> Iterator[StoredChunk]:
        """The version's rows as chunks of source `BASE`, in id order within each segment."""
        if self.manifest is None:
            return
        # No chunk goes beyond a segment, so that what was measured in one holds however many come behind it.
        for split in sorted(self.manifest.splits):
            for part in self.manifest.splits[split]:
                waiting: list[pa.Table] = []
                for table in part_tables(self._store.objects, part, STORED_COLUMNS):
                    waiting.append(table)
                    if sum(map(len, waiting)) >= batch_rows:
                        yield StoredChunk(BASE, pa.concat_tables(waiting))
                        waiting = []
                if waiting:
                    yield StoredChunk(BASE, pa.concat_tables(waiting))


class BaseTexts:
    """The full texts of all rows where base rows come first, `ids` (S32), whose texts lie in the version."""

    def __init__(self, base: BaseRows, spool: Spool, ids: npt.NDArray[np.bytes_]) -> None:
        self._base = base
        self._spool = spool
        self._ids = ids
        self._have = np.zeros(len(spool), np.bool_)
        self._have[len(ids) :] = True

    def __len__(self) -> int:
        return len(self._have)

    def __getitem__(self, row: int) -> str:
        return self._spool.all_texts[row] if self._have[row] else self.fetched(np.array([row]))[row]

    def fetched(self, rows: npt.NDArray[Any]) -> Texts:
        """All texts, those of `rows` at hand; of base rows only those that were asked for so far."""
        wanted = np.zeros(len(self), np.bool_)
        wanted[rows] = True
        missing = np.flatnonzero(wanted & ~self._have)
        for start in range(0, len(missing), _FETCHED):
            some = missing[start : start + _FETCHED]
            self._spool.supply(some, self._base.texts(self._ids[some]))
            self._have[some] = True
        return self._spool.all_texts
