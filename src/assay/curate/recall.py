"""A reading that is remembered: all that was gathered from sources, for the next curation of the same ones.

It is named by the state of every source and by whatever has a say in what is gathered: row stages with all their
parameters, what the set stages measure by, provenance, the version of the program. Keys lie in parts of their own.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.carried import may_carry
from assay.curate.evaluate import Failures
from assay.curate.gather import Gathered
from assay.curate.parts import Kept, Values, keep_part
from assay.curate.plan import Plan
from assay.curate.stage import Memory
from assay.kernels.sketch import HASH_SCHEME
from assay.model.canonical import canonical_json
from assay.model.record import Malformed

FORMAT = 1
_NUMBERS = ("row", "stage", "code", "value", "threshold", "flag")
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reading:
    """What was gathered from sources; per row the user's key as a number (−1 without), and where its record lies:
    `offset` and `length` in bytes of its source. `digests`: SHA-256 of each source, in hex. `memories`: what set stages
    left behind, by position. `part`: where the keys are."""

    gathered: Gathered
    user_keys: Ints
    offset: Ints
    length: Ints
    digests: Sequence[str]
    memories: Mapping[int, Memory]
    part: str | None = None


def may_recall(plan: Plan) -> bool:
    """Whether keys are all that a curation needs of most rows."""
    return may_carry(plan) and bool(plan.set_stages)


def name_of(
    plan: Plan,
    provenance: Mapping[str, str],
    eval_sources: frozenset[int],
    states: Sequence[Mapping[str, Any]],
    program: str,
) -> str:
    """The name under which the reading of sources in these states is remembered. `program`: the version that reads."""
    told = {
        "format": FORMAT,
        "program": [program, HASH_SCHEME, unicodedata.unidata_version],
        "sources": [{k: str(v) for k, v in state.items()} for state in states],
        "eval_sources": sorted(eval_sources),
        "provenance": dict(provenance),
        "rows": [
            [p, s.kind, s.version, s.model_dump(mode="json"), dict(s.lineage)] for p, s in plan.row_stages
        ],
        "sets": [
            [p, s.kind, s.version, dict(s.measured), dict(s.lineage), s.score] for p, s in plan.set_stages
        ],
    }
    return hashlib.sha256(b"assay.reading.v1\n" + canonical_json(told)).hexdigest()


def remember(values: Values, plan: Plan, name: str, reading: Reading) -> str:
    """Keep a reading; the part that holds its keys. What its stages left behind lies beside it, because it may grow."""
    gathered = reading.gathered
    more = {"ids": gathered.ids, "inputs": gathered.inputs, "length": gathered.length}
    part = keep_part(values, plan, name, gathered.keys, more)
    failures = gathered.failures
    noted = np.flatnonzero([note is not None for note in failures.note.tolist()])
    notes = pa.table({"at": noted, "note": pa.array(failures.note[noted].tolist(), pa.string())})
    values.write(
        name,
        iter(
            [
                ("part", np.frombuffer(bytes.fromhex(part), np.uint8)),
                ("digests", np.frombuffer(bytes.fromhex("".join(reading.digests)), np.uint8)),
                ("source", gathered.source.astype(np.int16)),
                ("record", gathered.record),
                ("passes", gathered.passes),
                ("user_keys", reading.user_keys[: len(gathered) * bool((reading.user_keys >= 0).any())]),
                ("offset", reading.offset),
                ("bytes", reading.length.astype(np.int32)),
                *((f"failure.{column}", getattr(failures, column)) for column in _NUMBERS),
                ("notes", _packed(notes)),
                ("malformed", _packed(_malformed_table(gathered.malformed))),
            ]
        ),
    )
    return part


def keep_memories(values: Values, name: str, memories: Mapping[int, Memory]) -> None:
    """Keep what the set stages left behind on a reading."""
    for position, memory in memories.items():
        if memory:
            values.write(_memory_name(name, position), iter(sorted(memory.items())))


def recall(values: Values, plan: Plan, name: str) -> Reading | None:
    """The reading of a name, or None. Its keys are fetched when they are asked for."""
    found = values.get(name)
    if found is None:
        return None
    part, digests = found["part"].tobytes().hex(), found["digests"].tobytes().hex()
    more = values_of_all(values, part)
    keys: dict[int, Any] = {p: Kept(values, stage, [part], [None]) for p, stage in plan.set_stages}
    if more is None or not all(columns.is_there() for columns in keys.values()):
        return None
    n = len(more["ids"])
    user_keys = found["user_keys"].astype(np.int64) if len(found["user_keys"]) else np.full(n, -1, np.int64)
    gathered = Gathered(
        found["source"].astype(np.int32),
        found["record"].astype(np.int64, copy=False),
        more["ids"].astype("S32", copy=False),
        found["passes"].astype(np.bool_, copy=False),
        _failures(found),
        keys,
        more["inputs"],
        more["length"],
        _malformed(_unpacked(found["malformed"])),
        reused=n,
    )
    memories = {p: dict(values.get(_memory_name(name, p)) or {}) for p, _ in plan.set_stages}
    return Reading(
        gathered,
        user_keys,
        found["offset"].astype(np.int64, copy=False),
        found["bytes"].astype(np.int64),
        [digests[k : k + 64] for k in range(0, len(digests), 64)],
        memories,
        part,
    )


def values_of_all(values: Values, part: str) -> dict[str, npt.NDArray[Any]] | None:
    """What every plan knows of the rows of a part."""
    columns = Kept(values, None, [part], [None])
    return dict(columns) if columns.is_there() else None


def _memory_name(name: str, position: int) -> str:
    return hashlib.sha256(f"assay.memory.v1\n{name}\n{position}".encode()).hexdigest()


def _failures(found: Mapping[str, npt.NDArray[Any]]) -> Failures:
    note = np.full(len(found["failure.row"]), None, np.object_)
    notes = _unpacked(found["notes"])
    note[notes.column("at").to_numpy()] = notes.column("note").to_pylist()
    row, stage, code, value, threshold, flag = (found[f"failure.{name}"] for name in _NUMBERS)
    return Failures(row, stage, code, value, threshold, flag, note)


_MALFORMED = pa.schema(
    [
        ("source", pa.int32()),
        ("number", pa.int64()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("code", pa.string()),
        ("message", pa.string()),
        ("excerpt", pa.binary()),
    ]
)


def _malformed_table(malformed: Sequence[tuple[int, Malformed]]) -> pa.Table:
    columns = [
        [source for source, _ in malformed],
        *([getattr(record, name) for _, record in malformed] for name in _MALFORMED.names[1:]),
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, _MALFORMED, strict=True)]
    return pa.table(arrays, schema=_MALFORMED)


def _malformed(table: pa.Table) -> list[tuple[int, Malformed]]:
    return [(source, Malformed(*rest)) for source, *rest in zip(*table.to_pydict().values(), strict=True)]


def _packed(table: pa.Table) -> npt.NDArray[np.uint8]:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return np.frombuffer(sink.getvalue(), np.uint8)


def _unpacked(column: npt.NDArray[Any]) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(column)).read_all()


def spans_of(gathered: Gathered, index: Sequence[Sequence[Any]]) -> tuple[Ints, Ints]:
    """Where the record of each row lies in its source, in bytes: offsets and lengths. `index`: for each source the
    `Lines` that were read from it, in order."""
    offset, length = np.zeros(len(gathered), np.int64), np.zeros(len(gathered), np.int64)
    for source, blocks in enumerate(index):
        rows = np.flatnonzero(gathered.source == source)
        if not len(rows):
            continue
        number = np.concatenate([block.number for block in blocks])
        at = np.searchsorted(number, gathered.record[rows])
        offset[rows] = np.concatenate([block.start + block.offset for block in blocks])[at]
        length[rows] = np.concatenate([block.end - block.start for block in blocks])[at]
    return offset, length
