"""From a raw record to an example's payload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from assay.formats.json_text import Refusal, read_json
from assay.formats.shapes import Shape, ShapeError
from assay.model.record import EXCERPT_BYTES, Malformed, Parsed, RawRecord


def decode(raw: RawRecord, shape: Shape) -> Parsed | Malformed:
    """What a record holds, in terms of a shape; or why it holds nothing."""
    data = raw.data
    if isinstance(data, bytes):
        value = read_json(data)
        if isinstance(value, Refusal):
            return _malformed(raw, value.code, value.message)
        if not isinstance(value, dict):
            return _malformed(raw, "not_an_object", "a record must be a JSON object")
    else:
        value = dict(data)
    try:
        return shape.parse(value)
    except ShapeError as error:
        said = f"not of shape {shape.name}: {error}" if error.code == ShapeError.code else str(error)
        return _malformed(raw, error.code, said)
    except RecursionError:
        return _malformed(raw, "too_deep", "nested too deeply")


def _malformed(raw: RawRecord, code: str, message: str) -> Malformed:
    data = raw.data if isinstance(raw.data, bytes) else _spell(raw.data)
    return Malformed(raw.number, raw.offset, len(data), code, message, data[:EXCERPT_BYTES])


def _spell(fields: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(dict(fields), default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return repr(dict(fields)).encode("utf-8", "backslashreplace")
