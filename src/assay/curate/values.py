"""Values that were measured once: what a stage found in a chunk, by what the chunk holds.

A value depends on the examples, the stage, its version, and the parameters it measures by; never on a threshold.
So a changed threshold, an added file and a run that starts again after a kill find them and measure nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.reading import Read
from assay.curate.stage import Columns, Stage
from assay.model.canonical import canonical_json
from assay.model.provenance import COLUMNS


class ValueCache(Protocol):
    """Columns by name. What it gives may be missing at any time and is measured again then."""

    def get(self, name: str) -> dict[str, npt.NDArray[np.generic]] | None:
        """The columns under a name, or None."""
        ...

    def put(self, name: str, columns: Columns) -> None:
        """Keep columns under a name; whether it does is its own affair."""
        ...


def content_digest(read: Read) -> bytes:
    """A digest of all that a stage may look at in a chunk: the examples in order, and the records' own fields."""
    digest = hashlib.sha256(b"assay.values.v1\n" + read.ids.tobytes())
    rows = read.rows
    for name in ("extra", *COLUMNS):
        column = rows.column(name)
        if column.null_count < len(column):
            digest.update(name.encode())
            table = pa.table({name: column.combine_chunks()})
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
            digest.update(sink.getvalue())
    return digest.digest()


def measured(
    stage: Stage, compute: Callable[[], Columns], content: bytes, cache: ValueCache | None
) -> tuple[Columns, bool]:
    """What a stage measured in a chunk, and whether it was remembered."""
    if cache is None or stage.cheap:
        return compute(), False
    told = canonical_json([stage.kind, stage.version, dict(stage.measured), dict(stage.lineage)])
    name = hashlib.sha256(content + told).hexdigest()
    found = cache.get(name)
    if found is not None:
        return found, True
    columns = compute()
    cache.put(name, columns)
    return columns, False
