"""/: what needs somebody, the datasets, what happened lately, how the registry is."""

from __future__ import annotations

from pydantic import BaseModel

from assay.registry import Registry
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.pages.jobs import JobLine, live_lines
from assay.web.routing import Page, Pages

pages = Pages()
LATELY = 8
_SPARKS = 12


class DatasetLine(BaseModel):
    """One dataset. `rows`: of its newest versions, oldest first. `released`: the version that is out."""

    name: str
    latest: str
    rows: list[int]
    fingerprint: str
    released: str | None
    time: str
    actor: str


class Needed(BaseModel):
    """Something that waits for somebody: what, where, and why it matters."""

    status: str
    where: str
    see: str
    said: str


class Happened(BaseModel):
    """One operation, in words."""

    seq: int
    time: str
    actor: str
    action: str
    dataset: str | None


class HomePage(Page):
    """All that the home page shows."""

    datasets: list[DatasetLine]
    needed: list[Needed]
    lately: list[Happened]
    operations: int
    eval_sets: int
    building: list[JobLine]
    may_build: bool


@pages.page("/", Permission.READ, "home.html")
def home(ask: Ask) -> HomePage:
    """The datasets, and what waits for whom."""
    registry = ask.registry
    lines = [_line(registry, one.name) for one in registry.datasets()]
    entries = registry.log()
    lately = [
        Happened(seq=e.seq, time=e.time, actor=e.actor, action=e.action, dataset=e.dataset)
        for e in reversed(entries[-LATELY:])
    ]
    return HomePage(
        command="assay list",
        datasets=lines,
        needed=_needed(registry, lines),
        lately=lately,
        operations=len(entries),
        eval_sets=len(registry.eval_sets()),
        building=live_lines(ask),
        may_build=ask.identity.may(Permission.CONTRIBUTE),
    )


def _line(registry: Registry, name: str) -> DatasetLine:
    committed = registry.store.versions()[name]
    head = registry.version(name)
    rows = [sum(registry.store.objects.manifest(c.manifest).counts.values()) for c in committed[-_SPARKS:]]
    return DatasetLine(
        name=name,
        latest=head.name,
        rows=rows,
        fingerprint=head.fingerprint,
        released=_released(registry, name),
        time=head.operation.time,
        actor=head.operation.actor,
    )


def _released(registry: Registry, name: str) -> str | None:
    from assay.errors import NotFound

    try:
        return registry.version(f"{name}@prod").name
    except NotFound:
        return None


def _needed(registry: Registry, lines: list[DatasetLine]) -> list[Needed]:
    """What waits, most blocking first."""
    return [
        Needed(status="wait", where=line.latest, see=f"/d/{line.latest}", said="no version is released")
        for line in lines
        if line.released is None
    ]
