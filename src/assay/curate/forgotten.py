"""Records of forgotten examples: dropped as soon as their id is known, before anything measures or spools them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.curate.batch import Batch
from assay.curate.reading import Read
from assay.kernels.ids import IdArray, contains


@dataclass(frozen=True, slots=True)
class ForgottenRecord:
    """A record that was one of the forgotten examples: its number in its source, and the id (32 bytes)."""

    number: int
    id: bytes


def without_forgotten(read: Read, forgotten: IdArray) -> tuple[Read, list[ForgottenRecord]]:
    """What was read without the records whose ids are among `forgotten` (V32, sorted), and these by number."""
    if not len(forgotten) or not len(read.ids):
        return read, []
    ids = np.ascontiguousarray(read.ids).view("V32")
    gone = contains(forgotten, ids)
    if not gone.any():
        return read, []
    numbers = read.rows.column("record").to_numpy()
    found = [ForgottenRecord(int(numbers[row]), ids[row].tobytes()) for row in np.flatnonzero(gone).tolist()]
    return _taken(read, np.flatnonzero(~gone)), found


def _taken(read: Read, rows: npt.NDArray[np.int64]) -> Read:
    """Some of the rows, read anew from their payloads: nothing that was made of the others stays."""
    table = read.rows.take(pa.array(rows)).combine_chunks()
    payloads = [orjson.loads(text) for text in table.column("payload").to_pylist()]
    fields: Sequence[object] = [read.batch.fields[row] for row in rows.tolist()] if read.batch.fields else ()
    return Read(table, Batch(payloads, fields), read.ids[rows], read.malformed)  # type: ignore[arg-type]
