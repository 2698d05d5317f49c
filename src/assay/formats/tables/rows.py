"""Examples as rows of a table that others keep: typed columns, names that every table format takes, and a way back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import pyarrow as pa

from assay.formats.columns import Columns, Schema, Type
from assay.formats.export import ExportRow
from assay.formats.json_text import spell

PROVENANCE: Final = ("source", "record", "key", "generator", "licence", "origin", "created", "depth")
BATCH_ROWS: Final = 5_000
_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def table_row(row: ExportRow, split: str) -> dict[str, Any]:
    """An example as a row: id, split, the payload's fields, the provenance that is known, and `extra` as JSON text."""
    known = {name: value for name in PROVENANCE if (value := row.provenance.get(name)) is not None}
    extra = {"extra": spell(row.extra).decode()} if row.extra else {}
    return {"id": row.id.hex(), "split": split, **row.payload, **known, **extra}


def learned(rows: Iterable[Mapping[str, Any]]) -> Columns:
    """The columns of all rows. A struct with names that some table format refuses, or that differ by case only, is
    JSON text."""
    schema = Schema(plain_names)
    schema.add({"id": "", "split": ""})  # the columns of a table without rows
    for row in rows:
        schema.add(row)
    found = schema.columns()
    spread = ("extra",) if "extra" in found.types else ()
    drop = tuple(name for name in ("id", "split", *PROVENANCE) if name in found.types)
    return replace(found, layout=replace(found.layout, drop=drop, spread=spread))


def plain_names(of: Type) -> bool:
    """Whether the names of a struct are letters, digits and _, and differ by more than case."""
    names = list(of.fields)
    return len({name.lower() for name in names}) == len(names) and all(map(_NAME.fullmatch, names))


def reader(columns: Columns, rows: Iterable[Mapping[str, Any]]) -> pa.RecordBatchReader:
    """The rows as a stream of record batches, in bounded memory."""
    schema = columns.schema

    def batches() -> Iterator[pa.RecordBatch]:
        source = iter(rows)
        while batch := list(islice(source, BATCH_ROWS)):
            yield columns.batch(batch, schema)

    return pa.RecordBatchReader.from_batches(schema, batches())
