"""Rows of Arrow tables as records: what Arrow did to them in order to have one type a column is undone."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from assay.formats.json_text import Refusal, read_json
from assay.model.record import Malformed, RawRecord

Convert = Callable[[Any], Any]


class _Refused(TypeError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def rows_of(
    batches: Iterable[pa.RecordBatch], restore: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
) -> Iterator[RawRecord | Malformed]:
    """A record a row, numbered from 1. `restore` makes the record of a row whose nulls it knows how to read.

    Columns of type `arrow.json` are the values that their texts hold. A field of a struct that is null is no key of
    that row: Arrow gives every struct the keys of all. Times, decimals and the like become text. Bytes, and JSON that
    is none, make a record malformed.
    """
    number = 0
    for batch in batches:
        reader = _convert if restore is None else _as_it_is
        converts = [(field.name, reader(field.type)) for field in batch.schema]
        for row in batch.to_pylist():
            number += 1
            try:
                record = {name: convert(row[name]) for name, convert in converts}
                yield RawRecord(number, None, record if restore is None else restore(record))
            except _Refused as error:
                yield Malformed(number, None, 0, error.code, str(error))
            except ValueError as error:
                yield Malformed(number, None, 0, "invalid_json", str(error)[:200])


def _as_it_is(type: pa.DataType) -> Convert:
    """As `_convert`, but nulls stay where they are."""
    if pa.types.is_floating(type):
        return _same
    inner = [type.field(k).type for k in range(type.num_fields)]
    nested = pa.types.is_struct(type) or pa.types.is_list(type)
    if nested and all(_as_it_is(one) is _same for one in inner):
        return _same
    return _plain if nested else _convert(type)


def _convert(type: pa.DataType) -> Convert:
    """What makes a JSON value of a value of this type."""
    if isinstance(type, pa.BaseExtensionType):
        return _from_json if type.extension_name == "arrow.json" else _convert(type.storage_type)
    if pa.types.is_struct(type):
        return _of_struct([(field.name, _convert(field.type)) for field in type])
    if pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_fixed_size_list(type):
        return _of_list(_convert(type.value_type))
    if pa.types.is_string(type) or pa.types.is_boolean(type) or pa.types.is_integer(type):
        return _same
    return _plain


def _same(value: Any) -> Any:
    return value


def _of_struct(fields: Sequence[tuple[str, Convert]]) -> Convert:
    def convert(value: Any) -> Any:
        if value is None:
            return None
        return {name: made(value[name]) for name, made in fields if value[name] is not None}

    return convert


def _of_list(item: Convert) -> Convert:
    def convert(value: Any) -> Any:
        return None if value is None else [item(one) for one in value]

    return convert


def _from_json(value: Any) -> Any:
    if value is None:
        return None
    found = read_json(value.encode("utf-8"))
    if isinstance(found, Refusal):
        raise _Refused(found.code, f"a field of JSON text: {found.message}")
    return found


def _plain(value: Any) -> Any:
    """The value as JSON has it. Raises _Refused for what has no text of its own."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, datetime.timedelta, uuid.UUID)):
        return str(value)
    raise _Refused("unsupported_type", f"a value of type {type(value).__name__} has no JSON form")
