"""Which columns serve all rows of a version, told by one pass over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from assay.formats.hub import Columns, HubColumn
from assay.registry.exploring.row_facts import hub_rows
from assay.registry.version import Version

if TYPE_CHECKING:
    from assay.registry import Registry

_NEEDED: Final = ("id", "payload", "extra", "origin", "generator", "licence", "created", "depth")


@dataclass(frozen=True, slots=True)
class RowTypes:
    """Columns that serve all rows of a version; by split, rows that were not forgotten and bytes of their payloads."""

    columns: tuple[HubColumn, ...]
    rows: dict[str, int]
    bytes: dict[str, int]


def look(registry: Registry, version: Version) -> RowTypes:
    """What a first pass over the rows tells of their files."""
    columns = Columns()
    rows, size = dict.fromkeys(version.counts, 0), dict.fromkeys(version.counts, 0)
    for split, table in _live(registry, version):
        rows[split] += len(table)
        size[split] += pc.sum(pc.binary_length(table.column("payload"))).as_py() or 0
        for row in hub_rows(table):
            columns.add(row)
    return RowTypes(columns.result(), rows, size)


def _live(registry: Registry, version: Version) -> Iterator[tuple[str, pa.Table]]:
    for split, table in registry.store.live_tables(version.manifest, _NEEDED):
        if split in version.counts:
            yield split, table
