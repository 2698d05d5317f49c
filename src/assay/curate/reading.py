"""From raw records to examples: the usual ones by the compiled kernel, all others by the careful reader.

Both say the same of a record that both can read; what the fast one leaves is anything it has the least doubt
about.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.curate.batch import Batch, ReadBatch
from assay.curate.chunk import Chunk
from assay.kernels import native
from assay.kernels.texts import Texts
from assay.model.canonical import canonical_json
from assay.model.example import DOMAIN, kind_of
from assay.model.provenance import COLUMNS
from assay.model.record import EXCERPT_BYTES, Malformed, RawRecord

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
class Read:
    """The examples of a chunk: `rows` of ROW_SCHEMA, the same as a batch, their ids (S32); and what is none."""

    rows: pa.Table
    batch: Batch
    ids: npt.NDArray[np.bytes_]
    malformed: Sequence[Malformed]


@dataclass(slots=True)
class _Careful:
    """Records that were read one by one; all lists have one entry a record."""

    number: list[int] = field(default_factory=list)
    payload: list[dict[str, Any]] = field(default_factory=list)
    spelled: list[bytes] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    extra: list[str | None] = field(default_factory=list)
    hint: list[str | None] = field(default_factory=list)
    stated: list[Mapping[str, Any]] = field(default_factory=list)
    fields: list[Mapping[str, Any]] = field(default_factory=list)


def read_chunk(chunk: Chunk, defaults: Mapping[str, Any]) -> Read:
    """The examples of a chunk, in order. `defaults`: provenance columns for records that state none."""
    malformed = chunk.malformed
    if chunk.flat is None or not native.available():
        return _all_careful(chunk, chunk.raw, defaults, malformed)
    records, numbers = _as_texts(chunk)
    if records is None:
        return _all_careful(chunk, chunk.raw, defaults, malformed)
    payload, text, status, payload_end, text_end, answer, joint = native.read_records(records, *chunk.flat)
    fast = status == 1
    if not fast.any():
        return _all_careful(chunk, chunk.raw, defaults, malformed)
    left = np.flatnonzero(~fast).tolist()
    raw = chunk.raw if left and chunk.lines is None else ()
    careful = _Careful()
    by_hand = [raw[row] if raw else chunk.lines.record(row) for row in left]  # type: ignore[union-attr]
    good = _read_carefully(by_hand, chunk, defaults, careful, malformed)
    payload_start = np.concatenate([np.zeros(1, np.int64), payload_end[:-1]])
    text_start = np.concatenate([np.zeros(1, np.int64), text_end[:-1]])
    spelled = Texts(payload[: payload_end[-1]].data, payload_start[fast], payload_end[fast])
    texts = Texts(text[: text_end[-1]].data, text_start[fast], text_end[fast])
    answers = Texts(texts.data, answer[fast], text_end[fast])
    questions = Texts(texts.data, text_start[fast], answer[fast] - 1)
    single = np.ones(len(spelled), np.bool_)
    columns = _fast_columns(numbers[fast], joint[fast], defaults, len(spelled))
    fields: list[Mapping[str, Any]] = [dict(defaults)] * len(spelled) if defaults else []
    if good:
        where = np.argsort(np.concatenate([np.flatnonzero(fast), np.array(left, np.int64)[good]]))
        other = Batch(careful.payload)
        spelled = _joined(spelled, Texts.of([data.decode() for data in careful.spelled]), where)
        texts, questions, answers = (
            _joined(mine, theirs, where)
            for mine, theirs in (
                (texts, other.text_bytes),
                (questions, other.input_bytes),
                (answers, other.output_bytes),
            )
        )
        single = np.concatenate([single, np.zeros(len(good), np.bool_)])[where]
        columns = {
            name: pa.concat_arrays([mine, theirs]).take(pa.array(where))
            for (name, mine), theirs in zip(
                columns.items(), _careful_columns(careful, defaults).values(), strict=True
            )
        }
        fields = [{**fields[0]} if fields else {}] * int(fast.sum()) + careful.fields
        fields = [fields[k] for k in where.tolist()]
    ids = _ids_of(spelled)
    batch = ReadBatch(spelled, questions, answers, texts, single, fields)
    return Read(_table(chunk, ids, strings(spelled), columns), batch, ids, malformed)


def _as_texts(chunk: Chunk) -> tuple[Texts | None, npt.NDArray[np.int64]]:
    """The records' bytes and their numbers; None where a record is no bytes."""
    if chunk.lines is not None:
        return Texts(chunk.lines.data, chunk.lines.start, chunk.lines.end), chunk.lines.number
    raw = chunk.raw
    parts = [record.data for record in raw]
    numbers = np.fromiter((record.number for record in raw), np.int64, len(raw))
    if not all(isinstance(part, bytes) for part in parts):
        return None, numbers
    sizes = np.fromiter(map(len, parts), np.int64, len(parts))
    ends = np.cumsum(sizes, dtype=np.int64)
    return Texts(b"".join(parts), ends - sizes, ends), numbers  # type: ignore[arg-type]


def _all_careful(
    chunk: Chunk, raw: Sequence[RawRecord], defaults: Mapping[str, Any], malformed: list[Malformed]
) -> Read:
    careful = _Careful()
    _read_carefully(raw, chunk, defaults, careful, malformed)
    spelled = Texts.of([data.decode() for data in careful.spelled])
    ids = _ids_of(spelled)
    rows = _table(chunk, ids, strings(spelled), _careful_columns(careful, defaults))
    return Read(rows, Batch(careful.payload, careful.fields), ids, malformed)


def _read_carefully(
    raw: Sequence[RawRecord],
    chunk: Chunk,
    defaults: Mapping[str, Any],
    out: _Careful,
    malformed: list[Malformed],
) -> list[int]:
    """Adds the examples to `out` and the rest to `malformed`; which records became examples."""
    good = []
    for row, record in enumerate(raw):
        parsed = chunk.decode(record)
        if isinstance(parsed, Malformed):
            malformed.append(parsed)
            continue
        payload = dict(parsed.payload)
        try:
            kind = kind_of(payload)
            spelled = canonical_json(payload)
            extra = orjson_text(parsed.extra) if parsed.extra else None
            hint = orjson_text(parsed.hint) if parsed.hint is not None else None
        except ValueError as error:
            malformed.append(_not_canonical(record, str(error)))
            continue
        good.append(row)
        out.number.append(record.number)
        out.payload.append(payload)
        out.spelled.append(spelled)
        out.kind.append(kind)
        out.extra.append(extra)
        out.hint.append(hint)
        out.stated.append(parsed.provenance)
        out.fields.append({**defaults, **parsed.extra, **parsed.provenance})
    malformed.sort(key=lambda record: record.number)
    return good


def _careful_columns(careful: _Careful, defaults: Mapping[str, Any]) -> dict[str, pa.Array]:
    columns = {
        "kind": pa.array(careful.kind, pa.string()),
        "record": pa.array(careful.number, pa.int64()),
        "extra": pa.array(careful.extra, pa.string()),
        "hint": pa.array(careful.hint, pa.string()),
    }
    for name in COLUMNS:
        default = defaults.get(name)
        values = [default if (value := stated.get(name)) is None else value for stated in careful.stated]
        columns[name] = pa.array(values, ROW_SCHEMA.field(name).type)
    return columns


def _fast_columns(
    numbers: npt.NDArray[np.int64], joint: npt.NDArray[np.int64], defaults: Mapping[str, Any], n: int
) -> dict[str, pa.Array]:
    hint = pa.nulls(n, pa.string())
    if (joint != -1).any():
        hint = pa.array(
            [
                None if at == -1 else '{"input":"absent"}' if at == -2 else f'{{"at":{at}}}'
                for at in joint.tolist()
            ],
            pa.string(),
        )
    columns = {
        "kind": pa.repeat("messages", n),
        "record": pa.array(numbers),
        "extra": pa.nulls(n, pa.string()),
        "hint": hint,
    }
    for name in COLUMNS:
        kind = ROW_SCHEMA.field(name).type
        default = defaults.get(name)
        columns[name] = pa.nulls(n, kind) if default is None else pa.repeat(pa.scalar(default, kind), n)
    return columns


def _table(
    chunk: Chunk, ids: npt.NDArray[np.bytes_], payload: pa.Array, columns: Mapping[str, pa.Array]
) -> pa.Table:
    n = len(ids)
    given = {
        "id": pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), n, [None, pa.py_buffer(ids.tobytes())]),
        "payload": payload,
        "source": pa.repeat(pa.scalar(chunk.uri, pa.string()), n),
        "shape": pa.repeat(pa.scalar(chunk.shape, pa.string()), n),
        **columns,
    }
    return pa.table([given[name] for name in ROW_SCHEMA.names], schema=ROW_SCHEMA)


def _joined(mine: Texts, theirs: Texts, order: npt.NDArray[np.int64]) -> Texts:
    """Both one behind the other, then in an order."""
    shift = len(mine.data)
    return Texts(
        b"".join((mine.data, theirs.data)),
        np.concatenate([mine.start, theirs.start + shift])[order],
        np.concatenate([mine.end, theirs.end + shift])[order],
    )


def strings(texts: Texts) -> pa.Array:
    """The texts as an Arrow array of strings."""
    n = len(texts)
    if n and (texts.start[1:] == texts.end[:-1]).all():
        base = int(texts.start[0])
        offsets = np.concatenate([texts.start, texts.end[-1:]]) - base
        data = pa.py_buffer(memoryview(texts.data)[base : int(texts.end[-1])])
        return pa.StringArray.from_buffers(n, pa.py_buffer(offsets.astype(np.int32).tobytes()), data)
    view = memoryview(texts.data)
    spans = zip(texts.start.tolist(), texts.end.tolist(), strict=True)
    return pa.array([bytes(view[a:b]) for a, b in spans], pa.binary()).cast(pa.string())


def _ids_of(spelled: Texts) -> npt.NDArray[np.bytes_]:
    """S32[n]: the example ids of spelled payloads (`assay.model.example.example_id`)."""
    view, begun = memoryview(spelled.data), hashlib.sha256(DOMAIN)
    digests = []
    for start, end in zip(spelled.start.tolist(), spelled.end.tolist(), strict=True):
        digest = begun.copy()
        digest.update(view[start:end])
        digests.append(digest.digest())
    return np.frombuffer(b"".join(digests), "S32")


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


def _not_canonical(record: RawRecord, reason: str) -> Malformed:
    data = (
        record.data if isinstance(record.data, bytes) else repr(dict(record.data)).encode("utf-8", "replace")
    )
    return Malformed(record.number, record.offset, len(data), "not_canonical", reason, data[:EXCERPT_BYTES])
