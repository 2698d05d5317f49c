"""The rows of a version on their way to files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from assay.formats.export import ExportRow
from assay.kernels.ids import IdArray, contains, ids_of
from assay.registry.export.options import Asked
from assay.registry.version import Version
from assay.store.segments import check_rows

if TYPE_CHECKING:
    from assay.registry import Registry

PROVENANCE = ("source", "record", "key", "generator", "licence", "origin", "created", "depth")
BATCH_ROWS = 5_000
"""Rows that are decoded at once."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be written where, and as it was asked for. `among`: ids of the examples that are meant, None for all;
    `counts`: how many of those each split has."""

    registry: Registry
    version: Version
    folder: Path
    among: IdArray | None
    counts: Mapping[str, int]
    asked: Asked

    def rows(self, split: str) -> Iterator[ExportRow]:
        """The rows of a split, in source order."""
        return split_rows(self.version, split, self.among)

    def splits(self) -> Iterator[tuple[str, Iterator[ExportRow]]]:
        """The rows of each split, in source order."""
        return ((split, self.rows(split)) for split in self.counts)


def split_rows(version: Version, split: str, among: IdArray | None = None) -> Iterator[ExportRow]:
    """The rows of a split, in source order. Raises Damaged."""
    for table in version.tables(split):
        if among is not None:
            table = table.filter(pa.array(contains(among, ids_of(table.column("id")))))
        check_rows(table)
        for start in range(0, len(table), BATCH_ROWS):
            yield from map(_row, table.slice(start, BATCH_ROWS).to_pylist())


def _row(row: Mapping[str, Any]) -> ExportRow:
    return ExportRow(
        orjson.loads(row["payload"]),
        orjson.loads(row["extra"]) if row["extra"] else {},
        orjson.loads(row["hint"]) if row["hint"] else None,
        row["shape"],
        {name: row[name] for name in PROVENANCE},
        row["id"],
    )
