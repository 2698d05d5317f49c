"""export --format webdataset: tar shards that stream."""

from __future__ import annotations

from assay.formats.webdataset import write_shards
from assay.registry.export.rows import Task
from assay.registry.results import ExportResult


def export_webdataset(task: Task) -> ExportResult:
    """Write `{split}-000000.tar`, … . How many shards there will be is known when they are written: a dry run names
    the first of each split with all its rows."""
    if task.asked.dry_run:
        files = {str(task.folder / f"{split}-000000.tar"): count for split, count in task.counts.items()}
        return ExportResult(task.version.name, "webdataset", files, task.version.erased)
    task.folder.mkdir(parents=True, exist_ok=True)
    written = write_shards(task.folder, task.splits())
    files = {str(task.folder / name): count for name, count in written.items()}
    return ExportResult(task.version.name, "webdataset", files, task.version.erased)
