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


class Spool:
    """Rows in an Arrow file: first `append` them all, then `seal`, then `take` and `texts` at will."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._sink, ROW_SCHEMA)
        self._table: pa.Table | None = None
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
        self._table = pa.ipc.open_file(pa.memory_map(str(self._path))).read_all()

    def take(self, rows: npt.NDArray[np.int64], columns: Sequence[str] | None = None) -> pa.Table:
        """Rows by position, in the order asked for."""
        assert self._table is not None, "seal the spool before reading it"
        table = self._table if columns is None else self._table.select(list(columns))
        return table.take(pa.array(rows)) if len(rows) else table.slice(0, 0)

    def column(self, name: str) -> pa.ChunkedArray:
        assert self._table is not None, "seal the spool before reading it"
        return self._table.column(name)

    def texts(self, rows: Sequence[int]) -> list[str]:
        """The full texts of rows, as stages see them (`Batch.texts`)."""
        payloads = self.take(np.asarray(rows, np.int64), ["payload"]).column(0).to_pylist()
        return [views(orjson.loads(payload)).text for payload in payloads]
