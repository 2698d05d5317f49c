"""compact: the newest version in fewer segments, in one operation."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import Conflict
from assay.model.operation import Operation
from assay.registry.acting import act
from assay.store import heads
from assay.store.compact import compact, plan
from assay.store.heads import COMPACT

if TYPE_CHECKING:
    from assay.registry import Registry


@dataclass(frozen=True, slots=True)
class CompactResult:
    """`merged` of `before` segments became fewer, `after` in all; `bytes`: about how much was written again.

    `operation`: None where nothing was worth merging, or on a dry run.
    """

    version: str
    merged: int
    before: int
    after: int
    bytes: int
    operation: int | None
    dry_run: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "merged": self.merged,
            "segments": {"before": self.before, "after": self.after},
            "bytes": self.bytes,
            "operation": self.operation,
        }


def compact_newest(registry: Registry, dataset: str, dry_run: bool) -> CompactResult:
    """Merge the small segments of a dataset's newest version. Raises NotFound, Conflict, Damaged."""
    store = registry.store
    manifest = registry.version(dataset).manifest
    chosen = plan(manifest)
    count = len(store.segments(manifest))
    if dry_run or not chosen.segments:
        return CompactResult(manifest.ref, chosen.segments, count, count, chosen.bytes, None, dry_run)
    with tempfile.TemporaryDirectory(prefix="compact-") as folder:
        equal = compact(store.objects, manifest, chosen, Path(folder))

    def check(entries: Sequence[Operation]) -> None:
        line = heads.line_of(entries, manifest.dataset)
        if line.versions[manifest.number - 1].manifest != manifest.name:
            raise Conflict(
                f"somebody else compacted {manifest.ref} meanwhile", "look whether it is needed still"
            )

    body = {"version": manifest.number, "equal": equal.name, "fingerprint": manifest.fingerprint}
    done = act(registry, COMPACT, manifest.dataset, body, check)
    return CompactResult(
        manifest.ref, chosen.segments, count, len(store.segments(equal)), chosen.bytes, done.seq
    )
