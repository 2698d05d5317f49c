"""The spool: rows on disk between the row pass and the decision, so that memory grows with keys, not text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.curate.evaluate import ROW_SCHEMA
from assay.model.example import views

_PAYLOAD = ROW_SCHEMA.get_field_index("payload")


class Spool:
    """Rows in an Arrow file: first `append` them all, then `seal`, then `take` and `texts` at will."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._sink, ROW_SCHEMA)
        self._batches: list[pa.RecordBatch] = []
        self._starts: npt.NDArray[np.int64] = np.zeros(1, np.int64)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, rows: pa.Table) -> None:
        """Add rows of ROW_SCHEMA at the end."""
        if len(rows):
            self._writer.write_table(rows)
            self._length += len(rows)

    def seal(self) -> None:
        """No more rows; from here on the file is read through a memory map."""
        self._writer.close()
        self._sink.close()
        reader = pa.ipc.open_file(pa.memory_map(str(self._path)))
        self._batches = [reader.get_batch(k) for k in range(reader.num_record_batches)]
        self._starts = np.cumsum([0, *(batch.num_rows for batch in self._batches)])

    def take(self, rows: npt.NDArray[np.int64], columns: Sequence[str] | None = None) -> pa.Table:
        """Rows by position, in the order asked for.

        Batch by batch: Arrow's own `take` would copy every chunk of the spool for each call.
        """
        names = ROW_SCHEMA.names if columns is None else list(columns)
        where = np.searchsorted(self._starts, rows, side="right") - 1
        parts, positions = [], []
        for number in np.unique(where).tolist():
            here = np.flatnonzero(where == number)
            inside = pa.array(rows[here] - self._starts[number])
            parts.append(pa.Table.from_batches([self._batches[number].select(names).take(inside)]))
            positions.append(here)
        if not parts:
            return pa.schema([ROW_SCHEMA.field(name) for name in names]).empty_table()
        back = np.empty(len(rows), np.int64)
        back[np.concatenate(positions)] = np.arange(len(rows))
        joined = pa.concat_tables(parts).combine_chunks()
        return (
            joined
            if len(parts) == 1 and (back == np.arange(len(rows))).all()
            else joined.take(pa.array(back))
        )

    def column(self, name: str) -> pa.ChunkedArray:
        """A whole column."""
        return pa.chunked_array([batch.column(name) for batch in self._batches], ROW_SCHEMA.field(name).type)

    def texts(self, rows: Sequence[int]) -> list[str]:
        """The full texts of rows, as stages see them (`Batch.texts`)."""
        wanted = np.asarray(rows, np.int64)
        numbers = np.searchsorted(self._starts, wanted, side="right") - 1
        found = []
        for number, inside in zip(numbers.tolist(), (wanted - self._starts[numbers]).tolist(), strict=True):
            payload = self._batches[number].column(_PAYLOAD)[inside].as_py()
            found.append(views(orjson.loads(payload)).text)
        return found
