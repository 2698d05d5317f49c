"""The spool: rows on disk between the row pass and the decision, so that memory grows with keys, not text."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.reading import ROW_SCHEMA
from assay.kernels.texts import Texts


class Spool:
    """Rows in an Arrow file, and their full texts in another: first `append` them all, then `seal`, then `take`
    and `texts` at will."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._sink, ROW_SCHEMA)
        self._words = path.with_suffix(".text").open("w+b")
        self._spans: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
        self._written = 0
        self._map: mmap.mmap | None = None
        self._rows: mmap.mmap | None = None
        self.all_texts = Texts.of([])
        self._batches: list[pa.RecordBatch] = []
        self._starts: npt.NDArray[np.int64] = np.zeros(1, np.int64)
        self._length = 0
        self._unread: pa.ChunkedArray = pa.chunked_array([], pa.string())

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *error: object) -> None:
        self._words.close()
        self._sink.close()

    def __len__(self) -> int:
        return self._length

    def append(self, rows: pa.Table, texts: Texts) -> None:
        """Add rows of ROW_SCHEMA and their texts (`Batch.texts`) at the end."""
        if not len(rows):
            return
        self._writer.write_table(rows)
        self._length += len(rows)
        self._words.write(texts.data)
        self._spans.append((texts.start + self._written, texts.end + self._written))
        self._written += len(texts.data)

    def append_unread(self, keys: pa.ChunkedArray) -> None:
        """Count rows whose texts nobody has read, before all others. There are only the users' own keys of them, and
        what `supply` brings."""
        self._unread = keys
        self._length += len(keys)
        self._spans.append((np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)))

    def supply(self, rows: npt.NDArray[np.int64], texts: Texts) -> None:
        """The texts of some rows that were appended without."""
        held = self.all_texts
        held.start[rows], held.end[rows] = texts.start + self._written, texts.end + self._written
        self._words.write(texts.data)
        self._written += len(texts.data)
        self._map_texts(held.start, held.end)

    def seal(self) -> None:
        """No more rows; from here on the file is read through a memory map."""
        self._writer.close()
        self._sink.close()
        if self._spans:
            start, end = (np.concatenate([span[k] for span in self._spans]) for k in (0, 1))
            self._map_texts(start, end)
        with self._path.open("rb") as file:
            self._rows = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        reader = pa.ipc.open_file(pa.py_buffer(self._rows))
        self._batches = [reader.get_batch(k) for k in range(reader.num_record_batches)]
        self._starts = np.cumsum([0, *(batch.num_rows for batch in self._batches)])

    def _map_texts(self, start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> None:
        self._words.flush()
        self._map = mmap.mmap(self._words.fileno(), 0, access=mmap.ACCESS_READ) if self._written else None
        self.all_texts = Texts(self._map or b"", start, end)

    def take(self, rows: npt.NDArray[np.int64], columns: Sequence[str] | None = None) -> pa.Table:
        """Rows by position, in the order asked for.

        Batch by batch: Arrow's own `take` would copy every chunk of the spool for each call.
        """
        names = ROW_SCHEMA.names if columns is None else list(columns)
        rows = rows - len(self._unread)
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
        """A whole column of the rows that were read."""
        return pa.chunked_array([batch.column(name) for batch in self._batches], ROW_SCHEMA.field(name).type)

    @property
    def user_keys(self) -> pa.ChunkedArray:
        """The users' own keys of all rows."""
        return pa.chunked_array([*self._unread.chunks, *self.column("key").chunks], pa.string())

    def texts(self, rows: Sequence[int]) -> list[str]:
        """The full texts of rows, as stages see them (`Batch.texts`)."""
        return [self.all_texts[row] for row in rows]

    def forget(self) -> None:
        """Let go of the memory that reading took; everything lies in files and can be read again."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for held in (self._map, self._rows):
                if held is not None:
                    held.madvise(mmap.MADV_DONTNEED)
