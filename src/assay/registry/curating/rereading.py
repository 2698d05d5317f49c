"""Rows of a reading that is remembered, fetched from their sources one stretch at a time, in place of the spool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.chunk import Chunk
from assay.curate.plan import Plan
from assay.curate.reading import ROW_SCHEMA, Read, read_chunk
from assay.curate.recall import Reading
from assay.curate.rewriting import rewriters, rewritten
from assay.formats.decode import decode
from assay.kernels.texts import Texts
from assay.model.lines import Lines
from assay.registry.curating.sources import Sources

_ROWS = 5_000


class Rereading:
    """The rows of a reading by position, read again as they were read the first time, and held against their ids."""

    def __init__(self, reading: Reading, sources: Sources, plan: Plan, provenance: Mapping[str, str]) -> None:
        self._reading = reading
        self._sources = sources
        self._provenance = provenance
        self._rewriters = rewriters(plan.row_stages)
        self.all_texts = FetchedTexts(self)

    def __len__(self) -> int:
        return len(self._reading.gathered)

    def take(self, rows: npt.NDArray[np.int64], columns: Sequence[str] | None = None) -> pa.Table:
        """Rows by position, in the order asked for. Raises BadInput when a source is not as it was."""
        names = ROW_SCHEMA.names if columns is None else list(columns)
        by_place = np.lexsort((rows, self._reading.gathered.source[rows]))
        tables = [read.rows.select(names) for _, read in self.read(rows[by_place])]
        if not tables:
            return pa.schema([ROW_SCHEMA.field(name) for name in names]).empty_table()
        back = np.empty(len(rows), np.int64)
        back[by_place] = np.arange(len(rows))
        return pa.concat_tables(tables).combine_chunks().take(pa.array(back))

    def read(self, rows: npt.NDArray[np.int64]) -> Iterator[tuple[npt.NDArray[np.int64], Read]]:
        """Rows in increasing order, some thousands at a time, with what they hold."""
        source = self._reading.gathered.source[rows]
        for position in np.unique(source).tolist():
            here = rows[source == position]
            for start in range(0, len(here), _ROWS):
                part = here[start : start + _ROWS]
                yield part, self._read(position, part)

    def forget(self) -> None:
        """There is nothing to let go of."""

    def _read(self, position: int, rows: npt.NDArray[np.int64]) -> Read:
        reader, reading = self._sources.readers[position], self._reading
        length = reading.length[rows]
        data = reader.cut_out(reading.offset[rows], length)
        end = np.cumsum(length)
        lines = Lines(data, 0, end - length, end, reading.gathered.record[rows])
        function = partial(decode, shape=reader.shape)
        chunk = Chunk(position, reader.uri, reader.shape.name, function, lines=lines, flat=reader.shape.flat)
        read = rewritten(read_chunk(chunk, self._provenance), self._rewriters)
        if read.ids.tobytes() != np.ascontiguousarray(reading.gathered.ids[rows]).tobytes():
            raise reader.changed()
        return read


class FetchedTexts:
    """The full texts of all rows, each brought when it is asked for; `fetched` brings many at once."""

    def __init__(self, rows: Rereading) -> None:
        self._rows = rows
        self._have = np.zeros(len(rows), np.bool_)
        self._held = Texts(b"", np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64))

    def __len__(self) -> int:
        return len(self._have)

    def __getitem__(self, row: int) -> str:
        return self._held[row] if self._have[row] else self.fetched(np.array([row]))[row]

    def fetched(self, rows: npt.NDArray[Any]) -> Texts:
        """All texts, those of `rows` at hand and the others empty. Raises BadInput when a source is not as it was."""
        wanted = np.zeros(len(self), np.bool_)
        wanted[rows] = True
        missing = np.flatnonzero(wanted & ~self._have) if len(self) else np.empty(0, np.int64)
        if len(missing):
            parts, size = [self._held.data], len(self._held.data)
            for some, read in self._rows.read(missing):
                texts = read.batch.text_bytes
                self._held.start[some], self._held.end[some] = texts.start + size, texts.end + size
                parts.append(texts.data)
                size += len(texts.data)
            self._held = Texts(b"".join(parts), self._held.start, self._held.end)
            self._have[missing] = True
        return self._held
