"""Writing examples as files that other tools read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from assay.errors import NotExpressible
from assay.formats.json_text import spell
from assay.formats.shapes import shape_named

__all__ = ["ExportRow", "as_lines", "spell", "whole_file", "write_lines", "write_rows"]


@dataclass(frozen=True, slots=True)
class ExportRow:
    """An example on its way out: its payload, and what its own shape needs to write it as it came."""

    payload: Mapping[str, Any]
    extra: Mapping[str, Any]
    hint: Any
    shape: str
    provenance: Mapping[str, Any]
    id: bytes


def write_rows(path: Path, rows: Iterable[ExportRow], shape: str | None, container: str) -> int:
    """Write rows to a file; how many. `shape` None writes each in the shape it came in.

    A row that came in the shape asked for is given back with every field; another is rendered in it. The file
    takes its name only when it is whole. Raises NotExpressible, naming the example.
    """
    records = (_record(row, shape) for row in rows)
    return write_lines(path, records) if container == "jsonl" else _write_parquet(path, records)


def as_lines(rows: Iterable[ExportRow], shape: str | None) -> Iterator[bytes]:
    """The lines of the JSONL file that `write_rows` writes. Raises NotExpressible, naming the example."""
    return (spell(_record(row, shape)) + b"\n" for row in rows)


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> int:
    """Write JSON Lines, UTF-8; how many. The file takes its name only when it is whole."""
    count = 0
    with whole_file(path) as file:
        for record in records:
            file.write(spell(record) + b"\n")
            count += 1
    return count


def _record(row: ExportRow, shape: str | None) -> dict[str, Any]:
    own = shape is None or shape == row.shape
    target = shape_named(row.shape if shape is None else shape)
    try:
        return target.restore(row.payload, row.extra, row.hint) if own else target.render(row.payload)
    except NotExpressible as error:
        raise NotExpressible(f"example {row.id.hex()[:16]}: {error.message}", error.hint) from None


def _write_parquet(path: Path, records: Iterable[dict[str, Any]]) -> int:
    """All records as one table: a column for each field; what Arrow cannot hold as it is becomes JSON."""
    rows = list(records)
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: _column([row.get(name) for row in rows], name in _TURNS) for name in names}
    with whole_file(path) as file:
        pq.write_table(pa.table(columns), file, compression="zstd", write_page_checksum=True)
    return len(rows)


_TURNS: Final = frozenset({"messages", "prompt", "completion", "chosen", "rejected"})
"""Fields that may hold turns: a key of a turn that is null is none, so that it may stand in a struct."""


def _column(values: list[Any], turns: bool) -> pa.Array:
    """The values as an Arrow array that readers give back as they are, or their JSON texts as `arrow.json`."""
    try:
        made = pa.array(values)
        exact = made.to_pylist() == values and _storable(made.type)
        if exact and not (pa.types.is_nested(made.type) and any(_has_null_key(v, turns) for v in values)):
            return made
    except (pa.ArrowException, OverflowError):
        pass
    texts = [None if value is None else spell(value).decode() for value in values]
    return pa.array(texts, pa.string()).cast(pa.json_())


def _storable(type: pa.DataType) -> bool:
    """Whether Parquet has a place for it: there is none for objects without a key, and nulls alone tell no type."""
    inner = [type.field(k).type for k in range(type.num_fields)]
    return (
        not pa.types.is_null(type)
        and not (pa.types.is_struct(type) and not inner)
        and all(map(_storable, inner))
    )


def _has_null_key(value: Any, turns: bool = False) -> bool:
    """Whether an object anywhere in the value has a key that is null, which a struct cannot tell from one that is not
    there; with `turns`, those of the objects in a list at the top do not count."""
    if isinstance(value, list):
        return any(
            _has_null_key([*one.values()] if turns and isinstance(one, dict) else one) for one in value
        )
    return isinstance(value, dict) and any(one is None or _has_null_key(one) for one in value.values())


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when all is written and durable, and not before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
