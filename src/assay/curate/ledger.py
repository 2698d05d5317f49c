"""The ledger: one row for every record that was read, in source order, with the evidence.

It is a Parquet object. A kept or rejected record names its example by address: `segment` is a position in
the curation's list of segments and `row` a row in that segment. An address costs two bytes where an id
costs thirty-two, and a segment is never rewritten.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from assay.curate.chunk import BASE
from assay.curate.gather import Gathered
from assay.curate.plan import Plan
from assay.curate.settle import IDENTICAL, KEPT, Settled
from assay.curate.stage import SetStage

IDENTICAL_STAGE = "identical"
FORGOTTEN = "forgotten"
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

_PLAIN = pa.schema([(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in SCHEMA])


@dataclass(frozen=True, slots=True)
class Places:
    """Where rows stand: per row (length n) its segment's position and its row there; and where it was read:
    the position of its source in `names`, and the record."""

    segment: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    source: npt.NDArray[np.int32]
    names: list[str]
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
    failure = settled.failure[rows]
    selecting = np.isin(settled.stage[rows], [position for position, _ in plan.selectors])
    named = ((failure < 0) | selecting) & (twin >= 0)
    at = np.maximum(twin, 0)
    nothing = pa.nulls(len(rows))
    columns = {
        "source": _words(places.source[rows], places.names),
        "record": pa.array(gathered.record[rows]),
        "outcome": _words((settled.stage[rows] != KEPT).astype(np.int32), ["kept", "rejected"]),
        "stage": stage,
        "code": code,
        "value": pa.array(value, from_pandas=True),
        "threshold": pa.array(threshold, from_pandas=True),
        "split": _splits(settled, rows),
        "segment": pa.array(places.segment[rows]),
        "row": pa.array(places.row[rows]),
        "twin_id": _ids(gathered.ids[at], named),
        "twin_source": _words(np.where(named, places.source[at], -1), places.names),
        "twin_record": pa.array(places.record[at], mask=~named),
        "similarity": pa.array(settled.similarity[rows], mask=~named, from_pandas=True),
        "also": _also(gathered, settled, plan, rows),
        "offset": nothing,
        "length": nothing,
        "message": pa.array(_notes(gathered, settled, rows), pa.string()),
        "excerpt": nothing,
    }
    if settled.foreign:
        _name_foreign(columns, settled, rows)
    table = pa.table(
        {name: columns[name].cast(_PLAIN.field(name).type) for name in SCHEMA.names}, schema=_PLAIN
    )
    others = pa.concat_tables([_malformed(gathered, sources), _forgotten(gathered, sources)])
    return _merge(table, others, sources)


def _notes(gathered: Gathered, settled: Settled, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """The evidence in words: of the check that decided; of a kept row, of all that flagged it."""
    notes = np.full(len(rows), None, np.object_)
    failures, failure = gathered.failures, settled.failure[rows]
    if not len(failures):
        return notes
    notes[failure >= 0] = failures.note[failure[failure >= 0]]
    told = np.flatnonzero([note is not None for note in failures.note.tolist()])
    kept = np.flatnonzero((failure < 0) & (settled.stage[rows] == KEPT))
    starts = np.searchsorted(failures.row[told], settled.same[rows[kept]], "left")
    ends = np.searchsorted(failures.row[told], settled.same[rows[kept]], "right")
    for k in np.flatnonzero(ends > starts).tolist():
        notes[kept[k]] = "; ".join(failures.note[told[starts[k] : ends[k]]].tolist())
    return notes


def _name_foreign(columns: dict[str, pa.Array], settled: Settled, rows: npt.NDArray[np.int64]) -> None:
    """Twins that are examples of another version: their id, and the version in place of the source."""
    ids, sources = columns["twin_id"].to_pylist(), columns["twin_source"].to_pylist()
    similarity = columns["similarity"].to_pylist()
    for k, row in enumerate(rows.tolist()):
        named = settled.foreign.get(int(settled.same[row]))
        if named is not None and settled.failure[row] < 0:
            ids[k], sources[k] = named
            similarity[k] = float(settled.similarity[row])
    columns["twin_id"] = pa.array(ids, pa.binary(32))
    columns["twin_source"] = pa.array(sources, pa.string())
    columns["similarity"] = pa.array(similarity, pa.float64())


def _words(codes: npt.NDArray[np.int32], names: list[str]) -> pa.Array:
    """The name of each code, null for a negative one."""
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names or [""], pa.string()))


def _splits(settled: Settled, rows: npt.NDArray[np.int64]) -> pa.Array:
    names = sorted(set(settled.split.tolist()) - {""})
    codes = np.full(len(settled.split), -1, np.int32)
    for position, name in enumerate(names):
        codes[settled.split == name] = position
    return _words(codes[rows], names)


def _ids(ids: npt.NDArray[np.bytes_], named: npt.NDArray[np.bool_]) -> pa.Array:
    """The ids, null where no twin is named."""
    bits = pa.array(named).buffers()[1]
    data = pa.py_buffer(np.ascontiguousarray(ids).tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), len(ids), [bits, data])


def _reasons(
    gathered: Gathered, settled: Settled, plan: Plan, rows: npt.NDArray[np.int64]
) -> tuple[pa.Array, pa.Array, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Stage, code, value and threshold of each row; for a duplicate the value is the similarity."""
    failure, duplicate = settled.failure[rows], settled.duplicate[rows]
    stages = [stage.kind for stage in plan.stages] + [IDENTICAL_STAGE]
    codes = [*(code for stage in plan.stages for code in stage.codes), IDENTICAL_STAGE]
    first = np.cumsum([0, *(len(stage.codes) for stage in plan.stages)])
    value, threshold = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    stage, code = np.full(len(rows), -1, np.int32), np.full(len(rows), -1, np.int32)
    fate = settled.stage[rows]
    same = fate == IDENTICAL
    stage[same], code[same] = len(stages) - 1, len(codes) - 1
    value[same] = threshold[same] = 1.0
    checked = (fate != KEPT) & ~same & (failure >= 0)
    entry = gathered.failures.take(failure[checked])
    stage[checked] = entry.stage
    code[checked] = first[entry.stage] + entry.code
    value[checked], threshold[checked] = entry.value, entry.threshold
    twinned = (fate != KEPT) & ~same & (failure < 0)
    for position in np.unique(duplicate[twinned]).tolist():
        made_by = plan.stages[position]
        assert isinstance(made_by, SetStage)
        here = twinned & (duplicate == position)
        stage[here] = position
        code[here] = first[position] + list(made_by.codes).index(made_by.code)
        value[here], threshold[here] = settled.similarity[rows[here]], made_by.floor
    return _words(stage, stages), _words(code, codes), value, threshold


def _also(gathered: Gathered, settled: Settled, plan: Plan, rows: npt.NDArray[np.int64]) -> pa.Array:
    """All failing or flagged checks of each row beyond the one that decided, null where there is none."""
    failures = gathered.failures
    starts = np.searchsorted(failures.row, settled.same[rows], "left")
    ends = np.searchsorted(failures.row, settled.same[rows], "right")
    claims = (settled.duplicate[rows] >= 0) & (settled.failure[rows] >= 0)
    more = (ends - starts > (settled.failure[rows] >= 0)) | claims
    names = [list(s.codes) for s in plan.stages]
    lists: list[list[dict[str, object]]] = []
    with_more = np.flatnonzero(more).tolist()
    for k in with_more:
        entries: list[tuple[int, dict[str, object]]] = []
        for f in range(int(starts[k]), int(ends[k])):
            if f == settled.failure[rows[k]]:
                continue
            position = int(failures.stage[f])
            code = names[position][int(failures.code[f])]
            entry = _entry(plan.stages[position].kind, code, failures.value[f], failures.threshold[f])
            entries.append((position, entry))
        if claims[k]:
            position = int(settled.duplicate[rows[k]])
            made_by = plan.stages[position]
            assert isinstance(made_by, SetStage)
            entry = _entry(made_by.kind, made_by.code, settled.similarity[rows[k]], made_by.floor)
            entries.append((position, entry))
        lists.append([entry for _, entry in sorted(entries, key=lambda pair: pair[0])])
    place = np.full(len(rows), -1, np.int64)
    place[with_more] = np.arange(len(with_more))
    return pa.array([*lists, None], _ALSO).take(pa.array(np.where(place < 0, len(lists), place)))


def _entry(stage: str, code: str, value: float, threshold: float) -> dict[str, object]:
    return {
        "stage": stage,
        "code": code,
        "value": None if value != value else float(value),
        "threshold": None if threshold != threshold else float(threshold),
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
    return pa.Table.from_pylist(rows, schema=_PLAIN)


def _forgotten(gathered: Gathered, sources: list[str]) -> pa.Table:
    """Records that are not stored anywhere: of their examples the ledger says the ids."""
    rows = [
        {
            "source": sources[source],
            "record": record.number,
            "outcome": "rejected",
            "stage": FORGOTTEN,
            "code": FORGOTTEN,
            "message": f"example {record.id.hex()}",
        }
        for source, record in gathered.forgotten
    ]
    return pa.Table.from_pylist(rows, schema=_PLAIN)


def _merge(decided: pa.Table, others: pa.Table, sources: list[str]) -> pa.Table:
    """Both tables as one, by source and record number."""
    if not len(others):
        return decided
    joined = pa.concat_tables([decided, others])
    position = {uri: k for k, uri in enumerate(sources)}
    by = np.array([position[uri] for uri in joined.column("source").to_pylist()])
    return joined.take(pa.array(np.lexsort((joined.column("record").to_numpy(), by))))


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
