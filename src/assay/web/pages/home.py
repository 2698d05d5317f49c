"""/: what needs somebody, the datasets, what happened lately, how the registry is."""

from __future__ import annotations

from pydantic import BaseModel

from assay.model.operation import Operation
from assay.registry import Registry
from assay.registry.kept_statistics import kept, worst_of
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Page, Pages

pages = Pages()
LATELY = 8
_SPARKS = 12


class DatasetLine(BaseModel):
    """One dataset. `rows`: of its newest versions, oldest first. `released`: the version that is out. `health`: the
    worst verdict on the newest version, "" where nothing measured it; `outside`: how many checks are not healthy."""

    name: str
    latest: str
    rows: list[int]
    fingerprint: str
    released: str | None
    time: str
    actor: str
    message: str
    versions: int
    health: str
    outside: int


class Needed(BaseModel):
    """Something that waits for somebody: what, where, and why it matters."""

    status: str
    where: str
    see: str
    said: str


class Happened(BaseModel):
    """One operation: what was done (`action`; the page has words for it), and to what."""

    seq: int
    time: str
    actor: str
    action: str
    dataset: str | None
    what: str
    see: str


class HomePage(Page):
    """All that the home page shows."""

    datasets: list[DatasetLine]
    needed: list[Needed]
    lately: list[Happened]
    operations: int
    eval_sets: int
    guarded: int
    versions: int
    rows: int
    last: str
    on_disk: int


@pages.page("/", Permission.READ, "home.html")
def home(ask: Ask) -> HomePage:
    """The datasets, and what waits for whom."""
    registry = ask.registry
    lines = [_line(registry, one.name) for one in registry.datasets()]
    entries, sets = registry.log(), registry.eval_sets()
    lately = [_happened(one) for one in reversed(entries[-LATELY:])]
    return HomePage(
        command="assay list",
        datasets=lines,
        needed=_needed(registry, lines),
        lately=lately,
        operations=len(entries),
        eval_sets=len(sets),
        guarded=sum(one.items for one in sets),
        versions=sum(line.versions for line in lines),
        rows=sum(line.rows[-1] for line in lines),
        last=entries[-1].time if entries else "",
        on_disk=_bytes(registry, lines),
    )


def _happened(entry: Operation) -> Happened:
    number = entry.body.get("version")
    numbered = entry.dataset is not None and isinstance(number, int)
    what = f"{entry.dataset}@v{number}" if numbered else entry.dataset or str(entry.body.get("name", ""))
    see = f"/d/{what}" if numbered else f"/d/{entry.dataset}/versions" if entry.dataset else ""
    return Happened(
        seq=entry.seq, time=entry.time, actor=entry.actor, action=entry.action, dataset=entry.dataset,
        what=what, see=see,
    )  # fmt: skip


def _bytes(registry: Registry, lines: list[DatasetLine]) -> int:
    """Of the segments of the newest versions, each once."""
    manifests = [registry.version(line.latest).manifest for line in lines]
    found = {
        part.segment.object: part.segment.bytes for m in manifests for p in m.splits.values() for part in p
    }
    return sum(found.values())


def _line(registry: Registry, name: str) -> DatasetLine:
    committed = registry.store.versions()[name]
    head = registry.version(name)
    rows = [sum(registry.store.objects.manifest(c.manifest).counts.values()) for c in committed[-_SPARKS:]]
    found = kept(registry, head.manifest)
    verdicts = [check["verdict"] for check in found["health"]] if found else []
    return DatasetLine(
        name=name,
        latest=head.name,
        rows=rows,
        fingerprint=head.fingerprint,
        released=_released(registry, name),
        time=head.operation.time,
        actor=head.operation.actor,
        message=registry.said(head.operation) or head.message,
        versions=len(committed),
        health=worst_of(found) if found else "",
        outside=sum(one in ("warning", "watch") for one in verdicts),
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
