"""list, and the resolution of refs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import NotFound
from assay.model.ref import Ref
from assay.registry.results import DatasetSummary
from assay.store.heads import Committed

if TYPE_CHECKING:
    from assay.registry import Registry


def summaries(registry: Registry) -> list[DatasetSummary]:
    """One summary a dataset, by name."""
    out = []
    for name, line in sorted(registry.store.versions().items()):
        newest = line[-1]
        manifest = registry.store.objects.manifest(newest.manifest)
        out.append(
            DatasetSummary(
                name,
                newest.number,
                len(line),
                dict(manifest.counts),
                manifest.fingerprint,
                newest.operation.time,
                newest.operation.actor,
            )
        )
    return out


def resolve(registry: Registry, ref: Ref) -> Committed:
    """The version that a ref names. Raises NotFound, saying what there is."""
    versions = registry.store.versions()
    line = versions.get(ref.dataset)
    if line is None:
        known = ", ".join(sorted(versions)) or "none yet; `assay curate NAME FILE` makes one"
        raise NotFound(f"no dataset {ref.dataset!r}", f"datasets here: {known}")
    found: list[Committed] = []
    if ref.kind == "latest":
        found = line[-1:]
    elif ref.kind == "number":
        found = [c for c in line if c.number == ref.number]
    elif ref.kind == "fingerprint" and ref.value is not None:
        found = [c for c in line if str(c.operation.body.get("fingerprint", "")).startswith(ref.value)][-1:]
    elif ref.kind == "time" and ref.value is not None:
        found = [c for c in line if c.operation.time <= _end(ref.value)][-1:]
    if not found:
        first, last = line[0], line[-1]
        raise NotFound(
            f"no version {str(ref)!r}",
            f"{ref.dataset} has v1 to v{last.number}, from {first.operation.time[:10]} to "
            f"{last.operation.time[:10]}; `assay log {ref.dataset}` lists them",
        )
    return found[0]


def _end(moment: str) -> str:
    """The last instant that a day or a minute names, comparable with the log's times."""
    return moment.rstrip("Z") + "~"
