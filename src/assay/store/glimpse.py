"""A few rows for showing, straight from their files: each payload is held against its id, no file against its name.

Hashing a segment of 32 MB to show a row of it takes longer than the row. An id is the digest of its payload, and the
ids that are asked for are known already.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.errors import Damaged, NotFound
from assay.kernels.ids import IdArray, ids_of
from assay.model.version import SegmentRef
from assay.store.members import rows_of, shown
from assay.store.objects import Objects, object_key
from assay.store.parquet import DAMAGE
from assay.store.segments import check_rows
from assay.store.storage import HasFiles

_OPEN = 64


class Glimpse:
    """Rows of segments by place; remembers which files it has open. Not for several threads at once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._open: OrderedDict[str, pq.ParquetFile] = OrderedDict()

    def rows(
        self,
        places: Sequence[tuple[SegmentRef, int]],
        columns: Sequence[str] = (),
        ids: IdArray | None = None,
    ) -> pa.Table:
        """The rows at (segment, ordinal) in the order given, with `id`, `payload` and `columns`. With `ids` they have
        these.

        Page checksums are verified, and every payload against its id; an erased row has the payload `{}`. Raises
        Damaged.
        """
        names = list(dict.fromkeys(["id", "payload", *columns]))
        table = self._read(places, names)
        if ids is not None and not np.array_equal(ids_of(table["id"]), ids):
            raise Damaged("a segment does not hold the rows that were taken down of it", "run `assay verify`")
        check_rows(shown(table))
        return table

    def _read(self, places: Sequence[tuple[SegmentRef, int]], names: list[str]) -> pa.Table:
        files = {ref.object: self._file(ref) for ref, _ in places}
        if not files or any(file is None for file in files.values()):
            return rows_of(self._objects, places, names)
        wanted: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for position, (ref, ordinal) in enumerate(places):
            file = files[ref.object]
            assert file is not None
            group, start = _group_of(file, ordinal)
            wanted.setdefault((ref.object, group), []).append((position, ordinal - start))
        found, order = [], list[int]()
        for (name, group), rows in wanted.items():
            file = files[name]
            assert file is not None
            try:
                table = file.read_row_group(group, columns=names).select(names)
            except DAMAGE as error:
                raise Damaged(f"{object_key(name)} cannot be read as Parquet: {error}") from None
            found.append(table.take(pa.array([at for _, at in rows])))  # a copy: the group can go
            order += [position for position, _ in rows]
        return pa.concat_tables(found).take(pa.array(np.argsort(order))).combine_chunks()

    def _file(self, ref: SegmentRef) -> pq.ParquetFile | None:
        """The segment's file, open; None where storage has no files, or another stands in for it."""
        held = self._open.get(ref.object)
        if held is None:
            storage = self._objects.storage
            if not isinstance(storage, HasFiles):
                return None
            try:
                path = storage.path_of(object_key(ref.object))
                held = pq.ParquetFile(pa.OSFile(str(path)), page_checksum_verification=True)
            except (FileNotFoundError, NotFound):
                return None
            except DAMAGE as error:
                raise Damaged(f"{object_key(ref.object)} cannot be read as Parquet: {error}") from None
            self._open[ref.object] = held
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
        self._open.move_to_end(ref.object)
        return held


def _group_of(file: pq.ParquetFile, ordinal: int) -> tuple[int, int]:
    """The row group that holds a row, and the ordinal of its first."""
    start = 0
    for number in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        if ordinal < start + rows:
            return number, start
        start += rows
    raise Damaged(f"a segment of {start} rows was asked for row {ordinal}", "run `assay verify`")
