"""verify and gc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import UsageError
from assay.registry.judgement import answers
from assay.registry.results import Progress
from assay.store import gc as store_gc
from assay.store import verify as store_verify
from assay.store.nearby import NearbyStorage, straight
from assay.store.storage import clock_of

if TYPE_CHECKING:
    from assay.registry import Registry, Tell


def verify(registry: Registry, fast: bool, tell: Tell | None) -> store_verify.Report:
    """Every byte against its name and every promise of a manifest; never raises on damage."""

    def progress(done: int, total: int) -> None:
        if tell is not None:
            tell(Progress("verifying", done, total, "bytes"))

    if registry.store.until is not None:
        raise UsageError("what lies in storage cannot be verified as of a moment", "leave the moment out")
    return store_verify.verify(straight(registry.store.storage), fast=fast, progress=progress)


def safe_now(registry: Registry, dry_run: bool) -> float:
    """Seconds since the epoch by which nothing looks older than it is: where storage has a clock of its own, the
    earlier of that and this machine's. Asking it writes, so with `dry_run` it is not asked."""
    here = registry.clock().timestamp()
    there = None if dry_run else clock_of(registry.store.storage)
    return here if there is None else min(here, there)


def collect(registry: Registry, dry_run: bool, grace_seconds: float) -> store_gc.GcPlan:
    """The plan; carried out unless `dry_run`, and the remembered answers are brought within their bound then."""
    plan = store_gc.plan(registry.store.storage, safe_now(registry, dry_run), grace_seconds)
    if not dry_run:
        store_gc.sweep(registry.store.storage, plan)
        if isinstance(registry.store.storage, NearbyStorage):
            registry.store.storage.forget()
        if (folder := answers.folder_of(registry)) is not None:
            answers.trim(folder, registry.clock().timestamp())
    return plan
