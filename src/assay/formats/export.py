"""Writing examples as files that other tools read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final

import pyarrow.parquet as pq

from assay.errors import NotExpressible
from assay.formats.columns import Schema
from assay.formats.json_text import read_json, spell
from assay.formats.shapes import shape_named

BATCH_ROWS: Final = 5_000
"""Rows of a row group."""


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
    """Records as one table with typed columns (`columns.py`), in bounded memory: they wait in a file beside `path`
    until all types are known."""
    count, learned = 0, Schema()
    with TemporaryFile(dir=path.parent) as waiting:
        for record in records:
            learned.add(record)
            waiting.write(spell(record) + b"\n")
            count += 1
        columns = learned.columns()
        schema = columns.schema
        waiting.seek(0)
        lines = map(read_json, waiting)
        with whole_file(path) as file, pq.ParquetWriter(
            file, schema, compression="zstd", write_page_checksum=True
        ) as writer:  # fmt: skip
            while batch := list(islice(lines, BATCH_ROWS)):
                writer.write_batch(columns.batch(batch, schema))
    return count


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
