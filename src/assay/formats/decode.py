"""From a raw record to an example's payload; what JSON parsers pass over in silence is found and named."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from assay.formats.shapes import Shape, ShapeError
from assay.model.record import EXCERPT_BYTES, Malformed, Parsed, RawRecord

_KEY = re.compile(rb'"[ \t\r\n]*:')
_LONG_NUMBER = re.compile(rb"[0-9]{19}")


class _Twice(ValueError):
    """A key that an object has twice."""


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


class Refusal:
    """Why bytes are no JSON."""

    __slots__ = ("code", "message")

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


def read_json(data: bytes) -> Any:
    """The value that JSON text spells, integers of any size exactly; a `Refusal` where it is none."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return _refuse(data, str(error))
    # orjson keeps the last of two equal keys and turns integers beyond 64 bits into floats. Both can be told from
    # the bytes alone in almost every record; the others are parsed once more by a parser that tells.
    if len(_KEY.findall(data)) != _count_keys(value) or _LONG_NUMBER.search(data):
        return _exactly(data)
    return value


def _exactly(data: bytes) -> Any:
    try:
        return json.loads(data, object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except _Twice as error:
        return Refusal("duplicate_key", f"an object has the key {str(error)!r} twice")
    except RecursionError:
        return Refusal("too_deep", "nested too deeply")
    except ValueError as error:
        return Refusal("number_out_of_range", f"a number that cannot be read: {error}"[:200])


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise _Twice(key[:60])
            seen.add(key)
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _count_keys(value: Any) -> int:
    count, todo = 0, [value]
    while todo:
        item = todo.pop()
        if type(item) is dict:
            count += len(item)
            todo += item.values()
        elif type(item) is list:
            todo += item
    return count


def _refuse(data: bytes, message: str) -> Refusal:
    """Which kind of damage it is."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Refusal("invalid_utf8", f"byte {error.start} of the record is not UTF-8")
    if "surrogate" in message:
        return Refusal("lone_surrogate", "an escape names half of a surrogate pair, which is no character")
    if "depth limit" in message or "recursion" in message.lower():
        return Refusal("too_deep", "nested too deeply")
    if "infinity" in message:
        return Refusal("number_out_of_range", "a number is too large for a double")
    if not text.strip():
        return Refusal("invalid_json", "nothing but white space")
    return Refusal("invalid_json", message)


def _malformed(raw: RawRecord, code: str, message: str) -> Malformed:
    data = raw.data if isinstance(raw.data, bytes) else _spell(raw.data)
    return Malformed(raw.number, raw.offset, len(data), code, message, data[:EXCERPT_BYTES])


def _spell(fields: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(dict(fields), default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return repr(dict(fields)).encode("utf-8", "backslashreplace")
