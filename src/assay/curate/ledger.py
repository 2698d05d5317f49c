"""The ledger: one row for every record that was read, in source order, with the evidence.

It is a Parquet object. A kept or rejected record names its example by address: `segment` is a position in
the curation's list of segments and `row` a row in that segment. An address costs two bytes where an id
costs thirty-two, and a segment is never rewritten.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.curate.gather import BASE, Gathered, spell_ids
from assay.curate.plan import Plan
from assay.curate.settle import IDENTICAL, KEPT, Settled
from assay.curate.stage import SetStage
from assay.model.decision import Decision, Failure, Twin

IDENTICAL_STAGE = "identical"
ROW_GROUP = 50_000

_ALSO = pa.list_(
    pa.struct(
        [("stage", pa.string()), ("code", pa.string()), ("value", pa.float64()), ("threshold", pa.float64())]
    )
)
_WORD = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("source", _WORD),
        ("record", pa.int64()),
        ("outcome", _WORD),
        ("stage", _WORD),
        ("code", _WORD),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("split", _WORD),
        ("segment", pa.int32()),
        ("row", pa.int32()),
        ("twin_id", pa.binary(32)),
        ("twin_source", _WORD),
        ("twin_record", pa.int64()),
        ("similarity", pa.float64()),
        ("also", _ALSO),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("message", pa.string()),
        ("excerpt", pa.binary()),
    ]
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where rows stand: per row (length n) its segment's position and its row there; and where it was read."""

    segment: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    uri: npt.NDArray[np.object_]
    record: npt.NDArray[np.int64]


def build_ledger(
    gathered: Gathered, settled: Settled, plan: Plan, sources: list[str], places: Places
) -> pa.Table:
    """The ledger of a curation: a row for each record read (base rows are not records), by source and number."""
    rows = np.flatnonzero(gathered.source != BASE)
    order = np.lexsort((gathered.record[rows], gathered.source[rows]))
    rows = rows[order]
    stage, code, value, threshold = _reasons(gathered, settled, plan, rows)
    twin = settled.twin[rows]
    # A failing row's claim to a twin is evidence too, but only a rejection as a duplicate names one up front.
    named = (settled.failure[rows] < 0) & (twin >= 0)
    outcome = np.where(settled.stage[rows] == KEPT, "kept", "rejected")
    at = np.maximum(twin, 0)
    none = pa.nulls(len(rows))
    columns = {
        "source": pa.array(places.uri[rows], pa.string()),
        "record": pa.array(gathered.record[rows]),
        "outcome": pa.array(outcome.tolist(), pa.string()),
        "stage": pa.array(stage, pa.string()),
        "code": pa.array(code, pa.string()),
        "value": pa.array(value, from_pandas=True),
        "threshold": pa.array(threshold, from_pandas=True),
        "split": pa.array([name or None for name in settled.split[rows]], pa.string()),
        "segment": pa.array(places.segment[rows]),
        "row": pa.array(places.row[rows]),
        "twin_id": pa.array(
            [i if ok else None for i, ok in zip(spell_ids(gathered.ids[at]), named.tolist(), strict=True)],
            pa.binary(32),
        ),
        "twin_source": pa.array(places.uri[at], pa.string(), mask=~named),
        "twin_record": pa.array(places.record[at], mask=~named),
        "similarity": pa.array(settled.similarity[rows], mask=~named),
        "also": pa.array(_also(gathered, settled, plan, rows), _ALSO),
        "offset": none,
        "length": none,
        "message": none,
        "excerpt": none,
    }
    table = pa.table(
        {name: _cast(columns[name], SCHEMA.field(name).type) for name in SCHEMA.names}, schema=SCHEMA
    )
    return _merge(table, _malformed(gathered, sources), sources)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else column.cast(kind)


def _reasons(
    gathered: Gathered, settled: Settled, plan: Plan, rows: npt.NDArray[np.int64]
) -> tuple[list[str | None], list[str | None], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Stage, code, value and threshold of each row; for a duplicate the value is the similarity."""
    failure, duplicate = settled.failure[rows], settled.duplicate[rows]
    value, threshold = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    stage: list[str | None] = [None] * len(rows)
    code: list[str | None] = [None] * len(rows)
    names = [list(s.codes) for s in plan.stages]
    for k in np.flatnonzero(settled.stage[rows] != KEPT).tolist():
        f = int(failure[k])
        if settled.stage[rows[k]] == IDENTICAL:
            stage[k] = code[k] = IDENTICAL_STAGE
            value[k] = threshold[k] = 1.0
        elif f >= 0:
            position = int(gathered.failures.stage[f])
            stage[k] = plan.stages[position].kind
            code[k] = names[position][int(gathered.failures.code[f])]
            value[k], threshold[k] = gathered.failures.value[f], gathered.failures.threshold[f]
        else:
            made_by = plan.stages[int(duplicate[k])]
            assert isinstance(made_by, SetStage)
            stage[k], code[k] = made_by.kind, made_by.code
            value[k], threshold[k] = settled.similarity[rows[k]], made_by.floor
    return stage, code, value, threshold


def _also(
    gathered: Gathered, settled: Settled, plan: Plan, rows: npt.NDArray[np.int64]
) -> list[list[dict[str, object]] | None]:
    """All failing or flagged checks of each row beyond the one that decided, None where there is none."""
    failures = gathered.failures
    starts = np.searchsorted(failures.row, settled.same[rows], "left")
    ends = np.searchsorted(failures.row, settled.same[rows], "right")
    claims = (settled.duplicate[rows] >= 0) & (settled.failure[rows] >= 0)
    out: list[list[dict[str, object]] | None] = [None] * len(rows)
    names = [list(s.codes) for s in plan.stages]
    for k in np.flatnonzero((ends > starts) | claims).tolist():
        entries: list[tuple[int, dict[str, object]]] = []
        for f in range(int(starts[k]), int(ends[k])):
            if f == settled.failure[rows[k]]:
                continue
            position = int(failures.stage[f])
            entries.append(
                (
                    position,
                    _entry(
                        plan.stages[position].kind,
                        names[position][int(failures.code[f])],
                        float(failures.value[f]),
                        float(failures.threshold[f]),
                    ),
                )
            )
        if claims[k]:
            made_by = plan.stages[int(settled.duplicate[rows[k]])]
            assert isinstance(made_by, SetStage)
            entries.append(
                (
                    int(settled.duplicate[rows[k]]),
                    _entry(made_by.kind, made_by.code, float(settled.similarity[rows[k]]), made_by.floor),
                )
            )
        out[k] = [entry for _, entry in sorted(entries, key=lambda pair: pair[0])] or None
    return out


def _entry(stage: str, code: str, value: float, threshold: float) -> dict[str, object]:
    return {
        "stage": stage,
        "code": code,
        "value": None if value != value else value,
        "threshold": None if threshold != threshold else threshold,
    }


def _malformed(gathered: Gathered, sources: list[str]) -> pa.Table:
    rows = [
        {
            "source": sources[source],
            "record": m.number,
            "outcome": "malformed",
            "stage": "read",
            "code": m.code,
            "offset": m.offset,
            "length": m.length,
            "message": m.message,
            "excerpt": m.excerpt,
        }
        for source, m in gathered.malformed
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _merge(decided: pa.Table, malformed: pa.Table, sources: list[str]) -> pa.Table:
    """Both tables as one, by source and record number."""
    plain = pa.schema([(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in SCHEMA])
    if len(malformed):
        joined = pa.concat_tables([decided.cast(plain), malformed.cast(plain)])
        position = {uri: k for k, uri in enumerate(sources)}
        by = np.array([position[uri] for uri in joined.column("source").to_pylist()])
        joined = joined.take(pa.array(np.lexsort((joined.column("record").to_numpy(), by))))
    else:
        joined = decided.cast(plain)
    return joined


def ledger_bytes(table: pa.Table) -> bytes:
    """The ledger as Parquet: dictionaries for words only, page checksums, row groups by record number."""
    words = [f.name for f in SCHEMA if pa.types.is_dictionary(f.type)]
    sink = io.BytesIO()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=3,
        row_group_size=ROW_GROUP,
        use_dictionary=words,
        write_page_checksum=True,
        column_encoding={"record": "DELTA_BINARY_PACKED"},
        store_schema=False,
    )
    return sink.getvalue()


def open_ledger(data: pa.Buffer | bytes) -> pq.ParquetFile:
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
            at = np.flatnonzero(
                pc.and_(
                    pc.equal(part.column("record"), record), pc.equal(part.column("source"), source)
                ).to_numpy(zero_copy_only=False)
            )
            if len(at):
                hits.append(ledger.read_row_group(k).take(pa.array(at)))
    return pa.concat_tables(hits) if hits else ledger.schema_arrow.empty_table()


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
