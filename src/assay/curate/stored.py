"""Stored examples as a batch: what stands in a version was checked when it was written, and is only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.curate.batch import Batch, ReadBatch
from assay.curate.reading import ROW_SCHEMA, Read
from assay.kernels import native
from assay.kernels.texts import Texts
from assay.model.provenance import COLUMNS

STORED_COLUMNS = ("id", "payload", "record", "extra", *COLUMNS)
"""What a stored chunk's table holds."""


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """Rows of a version, as its segments hold them: `rows` has `STORED_COLUMNS`."""

    source: int
    rows: pa.Table


def read_stored(chunk: StoredChunk) -> Read:
    """The examples of a stored chunk, in order. Their `rows` have ids and records and are not to be written again."""
    rows = chunk.rows.combine_chunks()
    n = len(rows)
    ids = np.frombuffer(b"".join(rows.column("id").to_pylist()), "S32") if n else np.empty(0, "S32")
    spelled = _texts_of(rows.column("payload"))
    batch = _batch(spelled, _fields_of(rows))
    columns = {name: pa.nulls(n, ROW_SCHEMA.field(name).type) for name in ROW_SCHEMA.names}
    columns |= {"id": rows.column("id"), "record": rows.column("record"), "key": rows.column("key")}
    table = pa.table([columns[name] for name in ROW_SCHEMA.names], schema=ROW_SCHEMA)
    return Read(table, batch, ids, ())


def batch_of(payloads: pa.ChunkedArray) -> Batch:
    """Stored payloads as a batch, by the compiled reader where it can."""
    return _batch(_texts_of(payloads), ())


def _texts_of(column: pa.ChunkedArray) -> Texts:
    array = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())
    _, offsets, data = array.buffers()
    if not len(array):
        return Texts.of([])
    bounds = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    return Texts(memoryview(data) if data is not None else b"", bounds[:-1], bounds[1:])


def _fields_of(rows: pa.Table) -> Sequence[Mapping[str, Any]]:
    """Leftover fields and provenance of each row; nothing where no row has any."""
    stated = [name for name in COLUMNS if rows.column(name).null_count < len(rows)]
    if not stated and rows.column("extra").null_count == len(rows):
        return ()
    extras = [orjson.loads(text) if text else {} for text in rows.column("extra").to_pylist()]
    lists = {name: rows.column(name).to_pylist() for name in stated}
    return [
        {**extra, **{name: lists[name][k] for name in stated if lists[name][k] is not None}}
        for k, extra in enumerate(extras)
    ]


def _batch(spelled: Texts, fields: Sequence[Mapping[str, Any]]) -> Batch:
    if not native.available() or not len(spelled):
        return Batch([orjson.loads(text) for text in spelled], fields)
    text, status, text_end, answer = native.read_payloads(spelled)
    text_start = np.concatenate([np.zeros(1, np.int64), text_end[:-1]])
    single: npt.NDArray[np.bool_] = status == 1
    others = np.flatnonzero(~single)
    slow = Batch([orjson.loads(spelled[row]) for row in others.tolist()])
    data = text[: text_end[-1]].data
    sides = []
    for start, end, theirs in (
        (text_start, answer - 1, "input_bytes"),
        (answer, text_end, "output_bytes"),
        (text_start, text_end, "text_bytes"),
    ):
        if not len(others):
            sides.append(Texts(data, start, end))
            continue
        added: Texts = getattr(slow, theirs)
        start, end = start.copy(), end.copy()
        start[others], end[others] = added.start + len(data), added.end + len(data)
        sides.append(Texts(b"".join((data, added.data)), start, end))
    inputs, outputs, texts = sides
    return ReadBatch(spelled, inputs, outputs, texts, single, fields)
