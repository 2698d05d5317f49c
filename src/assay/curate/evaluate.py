"""The row pass: raw records in, columns out. This is the function that workers run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.curate.batch import Batch
from assay.curate.plan import Plan
from assay.curate.stage import Columns
from assay.model.canonical import canonical_json
from assay.model.example import example_id, kind_of
from assay.model.provenance import COLUMNS
from assay.model.record import EXCERPT_BYTES, Malformed, Parsed, RawRecord

ROW_SCHEMA = pa.schema(
    [
        ("id", pa.binary(32)),
        ("kind", pa.string()),
        ("payload", pa.string()),
        ("source", pa.string()),
        ("record", pa.int64()),
        ("shape", pa.string()),
        ("extra", pa.string()),
        ("hint", pa.string()),
        *((name, pa.int32() if name == "depth" else pa.string()) for name in COLUMNS),
    ]
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one source. `source` is its position, `uri` its name, `shape` its shape's name."""

    source: int
    uri: str
    shape: str
    records: Sequence[RawRecord | Malformed]
    decode: Callable[[RawRecord], Parsed | Malformed]


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed checks, one an entry, sorted by row and then by recipe order.

    `row`: int64 in the chunk; `stage`: position in the recipe; `code`: index into the stage's codes in
    their order; `value`, `threshold`: NaN where there is none; `flag`: noted, not rejected.
    """

    row: npt.NDArray[np.int64]
    stage: npt.NDArray[np.int16]
    code: npt.NDArray[np.int16]
    value: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]
    flag: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a worker makes of a chunk: rows, their failed checks, the set stages' keys, malformed records.

    `inputs`: uint64 digest of the folded input text, 0 where it is empty. `length`: characters of the text.
    """

    source: int
    rows: pa.Table
    malformed: Sequence[Malformed]
    failures: Failures
    keys: Mapping[int, Columns]
    inputs: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evaluator:
    """The row pass over a plan. `defaults` are provenance columns for records that state none."""

    plan: Plan
    defaults: Mapping[str, Any]

    def __call__(self, chunk: Chunk) -> Evaluated:
        malformed: list[Malformed] = []
        columns: dict[str, list[Any]] = {name: [] for name in ROW_SCHEMA.names}
        payloads: list[dict[str, Any]] = []
        for record in chunk.records:
            parsed = record if isinstance(record, Malformed) else chunk.decode(record)
            if isinstance(parsed, Malformed):
                malformed.append(parsed)
                continue
            assert isinstance(record, RawRecord)
            payload = dict(parsed.payload)
            try:
                kind = kind_of(payload)
                spelled = canonical_json(payload)
                extra = orjson_text(parsed.extra) if parsed.extra else None
                hint = orjson_text(parsed.hint) if parsed.hint is not None else None
            except ValueError as error:
                malformed.append(_not_canonical(record, str(error)))
                continue
            payloads.append(payload)
            columns["id"].append(example_id(spelled))
            columns["kind"].append(kind)
            columns["payload"].append(spelled.decode())
            columns["record"].append(record.number)
            columns["extra"].append(extra)
            columns["hint"].append(hint)
            stated = parsed.provenance
            for name in COLUMNS:
                value = stated.get(name)
                columns[name].append(self.defaults.get(name) if value is None else value)
        columns["source"] = [chunk.uri] * len(payloads)
        columns["shape"] = [chunk.shape] * len(payloads)
        rows = pa.table(columns, schema=ROW_SCHEMA)
        batch = Batch(payloads)
        return Evaluated(
            chunk.source,
            rows,
            malformed,
            self._failures(batch),
            self._keys(batch),
            np.fromiter((_text_key(text) for text in batch.inputs), np.uint64, len(batch)),
            np.fromiter((len(text) for text in batch.texts), np.int64, len(batch)),
        )

    def _failures(self, batch: Batch) -> Failures:
        parts: list[tuple[Any, ...]] = []
        for position, stage in self.plan.row_stages:
            names = list(stage.codes)
            for check in stage.checks(stage.measure(batch)) if len(batch) else ():
                at = np.flatnonzero(check.failed)
                if len(at):
                    bound = np.nan if check.threshold is None else float(check.threshold)
                    parts.append(
                        (
                            at,
                            position,
                            names.index(check.code),
                            check.value[at],
                            bound,
                            stage.action == "flag",
                        )
                    )
        row = np.concatenate([p[0] for p in parts]) if parts else np.empty(0, np.int64)
        count = [len(p[0]) for p in parts]
        failures = Failures(
            row.astype(np.int64),
            np.repeat(np.array([p[1] for p in parts], np.int16), count),
            np.repeat(np.array([p[2] for p in parts], np.int16), count),
            np.concatenate([p[3] for p in parts]).astype(np.float64) if parts else np.empty(0),
            np.repeat(np.array([p[4] for p in parts], np.float64), count),
            np.repeat(np.array([p[5] for p in parts], np.bool_), count),
        )
        order = np.argsort(failures.row, kind="stable")
        return take_failures(failures, order)

    def _keys(self, batch: Batch) -> dict[int, Columns]:
        return {position: stage.keys(batch) for position, stage in self.plan.set_stages}


def take_failures(failures: Failures, at: npt.NDArray[Any]) -> Failures:
    """The entries of `failures` at some positions."""
    return Failures(
        failures.row[at],
        failures.stage[at],
        failures.code[at],
        failures.value[at],
        failures.threshold[at],
        failures.flag[at],
    )


def orjson_text(value: Any) -> str:
    """A JSON text of a leftover field. Integers of any size survive."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        try:
            text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
            text.encode()
        except (TypeError, RecursionError, UnicodeEncodeError) as error:
            raise ValueError(f"a leftover field is not JSON: {error}") from None
        return text


def _text_key(text: str) -> int:
    """64 bits of a digest over the folded text (lower case, white space); 0 when nothing is left."""
    folded = " ".join(text.lower().split())
    if not folded:
        return 0
    return int.from_bytes(hashlib.blake2b(folded.encode(), digest_size=8).digest(), "big") | 1


def _not_canonical(record: RawRecord, reason: str) -> Malformed:
    data = (
        record.data if isinstance(record.data, bytes) else repr(dict(record.data)).encode("utf-8", "replace")
    )
    return Malformed(record.number, record.offset, len(data), "not_canonical", reason, data[:EXCERPT_BYTES])
