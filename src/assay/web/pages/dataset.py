"""/d/NAME: the versions of a dataset, its names and branches."""

from __future__ import annotations

from pydantic import BaseModel

from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Page, Pages

pages = Pages()


class VersionLine(BaseModel):
    """One version as the list shows it. `names`: tags and aliases that lead to it."""

    ref: str
    number: int
    rows: int
    splits: dict[str, int]
    fingerprint: str
    time: str
    actor: str
    message: str
    names: list[str]


class DatasetPage(Page):
    """All that a dataset's page shows; the newest version first."""

    name: str
    versions: list[VersionLine]


@pages.page("/d/{name}/versions", Permission.READ, "dataset.html")
def dataset(ask: Ask, name: str) -> DatasetPage:
    """The versions of a dataset, newest first."""
    registry = ask.registry
    head = registry.version(name)
    name = head.manifest.dataset
    lines = []
    for committed in reversed(registry.store.versions()[name]):
        manifest = registry.store.objects.manifest(committed.manifest)
        lines.append(
            VersionLine(
                ref=manifest.ref,
                number=manifest.number,
                rows=sum(manifest.counts.values()),
                splits=dict(manifest.counts),
                fingerprint=manifest.fingerprint,
                time=committed.operation.time,
                actor=committed.operation.actor,
                message=manifest.message,
                names=[],
            )
        )
    return DatasetPage(command=f"assay log {name}", name=name, versions=lines)
