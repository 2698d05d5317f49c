"""Reading a ledger: one record's row, some rows, or all decisions. Light to import: `why` and `trace` wait for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.model.decision import Decision, Failure, Twin

_FEW = 16


def open_ledger(data: pa.Buffer) -> pq.ParquetFile:
    return pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)


def find_record(ledger: pq.ParquetFile, source: str, record: int) -> pa.Table:
    """The ledger's row for a record (no row when it holds none), reading only the row groups that can."""
    names = ledger.schema_arrow.names
    hits = []
    for k in range(ledger.metadata.num_row_groups):
        group = ledger.metadata.row_group(k)
        stats = group.column(names.index("record")).statistics
        if stats is None or not stats.has_min_max or stats.min <= record <= stats.max:
            part = ledger.read_row_group(k, columns=["source", "record"])
            numbered = np.flatnonzero(part.column("record").to_numpy() == record).tolist()
            at = [row for row in numbered if part.column("source")[row].as_py() == source]
            if at:
                whole = ledger.read_row_group(k)
                hits += [whole.slice(row, 1) for row in at]
    return pa.concat_tables(hits) if hits else ledger.schema_arrow.empty_table()


def ledger_rows(
    ledger: pq.ParquetFile, rows: Sequence[int], columns: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Some rows of a ledger, given by position from 0 and increasing; only their row groups are decoded."""
    wanted, start = np.asarray(rows, np.int64), 0
    for k in range(ledger.metadata.num_row_groups):
        end = start + ledger.metadata.row_group(k).num_rows
        here = wanted[(wanted >= start) & (wanted < end)] - start
        if len(here):
            part = ledger.read_row_group(k, columns=list(columns))
            # Arrow's functions take a while to load, and are not worth it for a few rows.
            few = len(here) <= _FEW
            found = [part.slice(at, 1) for at in here.tolist()] if few else [part.take(pa.array(here))]
            for table in found:
                yield from table.to_pylist()
        start = end


def decisions(table: pa.Table) -> Iterator[tuple[Decision, tuple[int, int] | None]]:
    """The decisions in a ledger table, each with the address (segment, row) of its example if it has one."""
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            twin = None
            if row["twin_id"] is not None:
                twin = Twin(row["twin_id"].hex(), row["twin_source"], row["twin_record"], row["similarity"])
            also = tuple(Failure(**entry) for entry in row["also"] or ())
            address = None if row["segment"] is None else (row["segment"], row["row"])
            yield (
                Decision(
                    row["source"],
                    row["record"],
                    row["outcome"],
                    row["stage"],
                    row["code"],
                    row["value"],
                    row["threshold"],
                    twin,
                    also,
                    None,
                    row["split"],
                    row["message"],
                    row["offset"],
                    row["length"],
                    row["excerpt"],
                ),
                address,
            )
