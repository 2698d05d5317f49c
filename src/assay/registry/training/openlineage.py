"""Versions and their runs as OpenLineage events: out of the log, for catalogues such as Marquez or DataHub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.registry.loading import looked_at
from assay.track.openlineage.events import NAMESPACE, Json, Made, Source, events_of
from assay.track.openlineage.sinks import sink_at

if TYPE_CHECKING:
    from assay.model.version import Manifest
    from assay.registry import Registry
    from assay.registry.version import Version
    from assay.track.receipt import Receipt

_COMMIT = "commit"
_SPELLED = {_COMMIT: "curate"}
"""Actions of the log under the name that people know them by."""


@dataclass(frozen=True)
class Lineage:
    """A version, what it was made of, and the runs that learned from it. `linked`: runs by hand, which have no receipt
    and are no events."""

    made: Made
    receipts: Sequence[Receipt]
    linked: Sequence[str]

    def events(self, namespace: str = NAMESPACE) -> list[Json]:
        """The events, in order: how the version was made, then its runs, oldest first."""
        return events_of(self.made, self.receipts, namespace)

    def as_json(self, namespace: str = NAMESPACE) -> dict[str, Any]:
        """The answer of `lineage --json`."""
        made = self.made
        return {
            "version": made.version,
            "fingerprint": made.fingerprint,
            "action": made.action,
            "time": made.time,
            "sources": [{"uri": one.uri, "digest": one.digest, "bytes": one.bytes} for one in made.sources],
            "parents": [ref for ref, _ in made.parents],
            "splits": dict(made.splits),
            "runs": [
                {"run": one.run, "version": one.ref, "state": one.state, "trackers": dict(one.trackers)}
                for one in self.receipts
            ],
            "linked": list(self.linked),
            "events": self.events(namespace),
        }


class Lineages:
    """The lineage of a registry's versions."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def of(self, ref: str) -> Lineage:
        """What the version was made of and who learned from it, or from a split of it. Raises NotFound, Damaged."""
        registry = self._registry
        version = looked_at(registry, ref)
        linked = registry.runs.list(version.manifest.ref)
        receipts = [(run, registry.runs.receipt(run)) for run in linked]
        return Lineage(
            _made(registry, version),
            [receipt for _, receipt in receipts if receipt is not None],
            [run.name for run, receipt in receipts if receipt is None],
        )

    def emit(
        self, ref: str, place: str, *, namespace: str = NAMESPACE, api_key: str | None = None
    ) -> Lineage:
        """Append the events to a file, or post them to a server (http, https). What was sent before is sent again, with
        the same ids. Raises NotFound; UsageError, MissingExtra for a place that is none; TrackingFailed."""
        found, sink = self.of(ref), sink_at(place, api_key)
        for event in found.events(namespace):
            sink.emit(event)
        return found


def _made(registry: Registry, version: Version) -> Made:
    manifest, operation = version.manifest, version.operation
    # A version that came of others keeps the curation of one of them: files were read for a commit alone.
    curation = (registry.store.curation(manifest) or {}) if operation.action == _COMMIT else {}
    sources = tuple(
        Source(one["uri"], f"sha256:{one['sha256']}" if one.get("sha256") else None, one.get("bytes"))
        for one in curation.get("sources", ())
    )
    parents = [] if sources and not curation.get("add") else _parents(registry, version)
    segments = {
        part.segment.object: part.segment.bytes for parts in manifest.splits.values() for part in parts
    }
    return Made(
        manifest.dataset,
        manifest.number,
        manifest.fingerprint,
        str(operation.body.get("manifest", manifest.name)),
        _SPELLED.get(operation.action, operation.action),
        operation.time,
        operation.seq,
        dict(manifest.counts),
        sum(segments.values()),
        len(segments),
        sources,
        [(parent.ref, parent.fingerprint) for parent in parents],
    )


def _parents(registry: Registry, version: Version) -> list[Manifest]:
    """The versions that a version's examples came from: of a rollback the one that it went back to."""
    to = version.operation.body.get("to")
    if version.operation.action == "rollback" and isinstance(to, int):
        return [registry.version(f"{version.manifest.dataset}@v{to}").manifest]
    return [registry.store.objects.manifest(name) for name in version.manifest.parents]
