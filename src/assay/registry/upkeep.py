"""verify and gc."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import UsageError
from assay.registry.results import Progress
from assay.store import gc as store_gc
from assay.store import verify as store_verify

if TYPE_CHECKING:
    from assay.registry import Registry, Tell
    from assay.store.index.sqlite import SqliteIndex


def verify(registry: Registry, fast: bool, tell: Tell | None) -> store_verify.Report:
    """Every byte against its name and every promise of a manifest; never raises on damage."""

    def progress(done: int, total: int) -> None:
        if tell is not None:
            tell(Progress("verifying", done, total, "bytes"))

    if registry.store.until is not None:
        raise UsageError("what lies in storage cannot be verified as of a moment", "leave the moment out")
    return store_verify.verify(registry.store.storage, fast=fast, progress=progress)


def collect(registry: Registry, dry_run: bool, grace_seconds: float) -> store_gc.GcPlan:
    """The plan; carried out unless `dry_run`."""
    plan = store_gc.plan(registry.store.storage, registry.clock().timestamp(), grace_seconds)
    if not dry_run:
        store_gc.sweep(registry.store.storage, plan)
    return plan


def synchronised(
    registry: Registry, index: SqliteIndex | None, folder: Path | None, tell: Tell | None
) -> SqliteIndex:
    """The index, opened if it was not, brought up to the log's head. Without a folder it is in memory."""
    from assay.store.index.sqlite import SqliteIndex

    def progress(done: int, total: int) -> None:
        if tell is not None:
            tell(Progress("indexing", done, total, "versions"))

    if index is None:
        index = SqliteIndex(":memory:" if folder is None else folder / "index" / "index.sqlite")
    index.sync(registry.store.objects, registry.store.log, progress)
    return index
