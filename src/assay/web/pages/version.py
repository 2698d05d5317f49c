"""/d/NAME@VERSION: the card of a version: what went in, what stayed, and how it looks."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Page, Pages

pages = Pages()


class Stage(BaseModel):
    """One step of the funnel."""

    stage: str
    entered: int
    rejected: int
    codes: dict[str, int]


class VersionPage(Page):
    """All that a version's page shows."""

    ref: str
    dataset: str
    rows: int
    splits: dict[str, int]
    fingerprint: str
    time: str
    actor: str
    message: str
    stages: list[Stage]
    sources: list[dict[str, Any]]
    recipe: dict[str, Any] | None


@pages.page("/d/{ref}", Permission.READ, "version.html")
def version(ask: Ask, ref: str) -> VersionPage:
    """A version: its funnel, its sources, its fingerprint."""
    found = ask.registry.version(ref)
    stages = [
        Stage(stage=s.stage, entered=s.entered, rejected=s.rejected, codes=dict(s.codes))
        for s in found.funnel
    ]
    return VersionPage(
        command=f"assay show {found.name}",
        ref=found.name,
        dataset=found.manifest.dataset,
        rows=len(found),
        splits=dict(found.counts),
        fingerprint=found.fingerprint,
        time=found.operation.time,
        actor=found.operation.actor,
        message=found.message,
        stages=stages,
        sources=found.sources,
        recipe=found.recipe,
    )
