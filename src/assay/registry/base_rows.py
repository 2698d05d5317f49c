"""The version a curation starts from: which ids it holds, in which split, and their texts when they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.carried import Carried
from assay.curate.chunk import BASE
from assay.curate.evaluate import Evaluated, join_failures
from assay.curate.gather import Gathered
from assay.curate.reading import ROW_SCHEMA
from assay.curate.split import Standing
from assay.curate.stored import STORED_COLUMNS, StoredChunk, read_stored
from assay.kernels.ids import contains, ids_of, order
from assay.kernels.texts import Texts
from assay.model.version import Manifest
from assay.registry.store import Store
from assay.store.members import part_tables


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
        return {split: self._store.split_ids(self.manifest, split) for split in self.manifest.splits}

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
        n = len(found.ids)
        columns = {name: pa.nulls(n, ROW_SCHEMA.field(name).type) for name in ROW_SCHEMA.names}
        data = pa.py_buffer(np.ascontiguousarray(found.ids).tobytes())
        columns["id"] = pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), n, [None, data])
        columns["record"] = pa.array(np.zeros(n, np.int64))
        columns["key"] = self._keys(found.ids)
        rows = pa.table([columns[name] for name in ROW_SCHEMA.names], schema=ROW_SCHEMA)
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
        held = [
            table.filter(pa.array(contains(wanted, ids_of(table.column("id")))))
            for table in self._tables(list(STORED_COLUMNS))
        ]
        table = pa.concat_tables(held)
        table = table.take(pa.array(order(ids_of(table.column("id")))))
        back = np.empty(len(ids), np.int64)
        back[by_id] = np.arange(len(ids))
        return read_stored(StoredChunk(BASE, table)).batch.text_bytes.take(back)

    def _tables(self, columns: list[str]) -> Iterator[pa.Table]:
        assert self.manifest is not None
        for split in sorted(self.manifest.splits):
            for part in self.manifest.splits[split]:
                yield from part_tables(self._store.objects, part, columns)

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
