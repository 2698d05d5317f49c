"""export --format delta | lance | iceberg: a version as the newest version of a table that others query."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from assay.errors import UsageError
from assay.formats.columns import METADATA
from assay.formats.tables.rows import learned, reader, table_row
from assay.registry.export.rows import Task
from assay.registry.results import ExportResult
from assay.store import layout

FORMATS: Final = ("delta", "lance", "iceberg")


def export_table(task: Task) -> ExportResult:
    """Write the rows of all splits into the table in `folder`, as its next version; nothing where its newest version
    is this one already.

    What the version of the table says of itself: `assay.registry`, `assay.dataset`, `assay.version`,
    `assay.fingerprint`, `assay.splits` (rows by split) and `assay.columns` (how the records are got back; put it under
    the key `assay` of an Arrow schema). Raises UsageError for a table of another dataset or of somebody else, and
    MissingExtra.
    """
    if task.among is not None:
        raise UsageError(
            "--where chooses among examples; the table says that it holds a whole version",
            "make a version of them first, or export in another format",
        )
    module = import_module(f"assay.formats.tables.{task.asked.format}")
    name, version = task.version.manifest.dataset, task.version
    registry = layout.open(task.registry.store.storage).id
    properties = {
        "assay.registry": registry,
        "assay.dataset": name,
        "assay.version": version.name,
        "assay.fingerprint": version.fingerprint,
        "assay.splits": json.dumps(dict(task.counts), ensure_ascii=False),
    }
    stands = module.standing(task.folder, name)
    if stands is not None and (stands.get("assay.registry"), stands.get("assay.dataset")) != (
        registry,
        name,
    ):
        raise UsageError(
            f"{task.folder} holds a table that is not of {name} in this registry", "name an empty folder"
        )
    if not task.asked.dry_run and (stands is None or any(stands.get(k) != v for k, v in properties.items())):
        columns = learned(_rows(task))
        properties["assay.columns"] = columns.layout.metadata()[METADATA].decode()
        task.folder.mkdir(parents=True, exist_ok=True)
        module.write(task.folder, name, reader(columns, _rows(task)), properties)
    return ExportResult(
        version.name, task.asked.format, {str(task.folder): sum(task.counts.values())}, version.erased
    )


def _rows(task: Task) -> Iterator[dict[str, Any]]:
    return (table_row(row, split) for split, rows in task.splits() for row in rows)
