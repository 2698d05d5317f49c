"""/: what needs somebody, the datasets, what happened lately, how the registry is."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import BaseModel

from assay.model.operation import Operation
from assay.registry import Registry
from assay.registry.governing.attention import Waits, attention
from assay.registry.kept_json import KeptJson
from assay.registry.monitor.kept_statistics import answers, kept_among, worst_of
from assay.store.heads import Line
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.pages.jobs import JobLine, live_lines
from assay.web.routing import Page, Pages

pages = Pages()
LATELY = 8
SHOWN = 200
"""Datasets of a page."""
_SPARKS = 12


class DatasetLine(BaseModel):
    """One dataset. `rows`: of its newest versions, oldest first. `released`: the version that is out. `bytes`: of the
    newest version's segments. `health`: the worst verdict on it, "" where nothing measured it; `outside`: how many
    checks are not healthy."""

    name: str
    latest: str
    rows: list[int]
    fingerprint: str
    released: str | None
    time: str
    actor: str
    message: str
    versions: int
    bytes: int
    health: str
    outside: int


class Needed(BaseModel):
    """Something that waits for somebody: what, where, and why it matters; `said` names `n` and `what`."""

    status: str
    where: str
    see: str
    said: str
    n: int = 0
    what: str = ""


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
    """All that the home page shows. `rows` and `on_disk` are of the datasets shown; `more`: the name to go on after."""

    datasets: list[DatasetLine]
    total: int
    more: str | None
    needed: list[Needed]
    lately: list[Happened]
    operations: int
    eval_sets: int
    guarded: int
    versions: int
    rows: int
    last: str
    on_disk: int
    building: list[JobLine]
    may_build: bool


@pages.page("/", Permission.READ, "home.html")
def home(ask: Ask, after: str = "") -> HomePage:
    """The datasets, by name (with `after`, those behind a name), and what waits for whom."""
    registry = ask.registry
    held, released = answers(registry), registry.releases.everywhere()
    everything = registry.store.lines()
    names = sorted(name for name in everything if name > after)
    lines = [_line(registry, name, everything[name], released[name].released, held) for name in names[:SHOWN]]
    entries, sets = registry.log(), registry.eval_sets()
    lately = [_happened(one) for one in reversed(entries[-LATELY:])]
    return HomePage(
        command="assay list",
        datasets=lines,
        needed=_needed(ask),
        lately=lately,
        operations=len(entries),
        eval_sets=len(sets),
        guarded=sum(one.items for one in sets),
        versions=sum(len(line.versions) for line in everything.values()),
        total=len(everything),
        more=names[SHOWN - 1] if len(names) > SHOWN else None,
        rows=sum(line.rows[-1] for line in lines),
        last=entries[-1].time if entries else "",
        on_disk=sum(line.bytes for line in lines),
        building=live_lines(ask),
        may_build=ask.identity.may(Permission.CONTRIBUTE),
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


def _line(registry: Registry, name: str, line: Line, released: int | None, held: KeptJson) -> DatasetLine:
    objects = registry.store.objects
    head = line.head() or line.versions[-1]
    manifest = objects.manifest(head.manifest)
    own = [one for one in line.versions if one.branch == head.branch][-_SPARKS:]
    rows = [sum(objects.manifest(one.manifest).counts.values()) for one in own]
    found = kept_among(held, manifest)
    verdicts = [check["verdict"] for check in found["health"]] if found else []
    segments = {
        part.segment.object: part.segment.bytes for parts in manifest.splits.values() for part in parts
    }
    return DatasetLine(
        name=name,
        latest=manifest.ref,
        rows=rows,
        fingerprint=manifest.fingerprint,
        released=None if released is None else f"{name}@v{released}",
        time=head.operation.time,
        actor=head.operation.actor,
        message=registry.said(head.operation) or manifest.message,
        versions=len(line.versions),
        bytes=sum(segments.values()),
        health=worst_of(found) if found else "",
        outside=sum(one in ("warning", "watch") for one in verdicts),
    )


_SAYS: Final[dict[str, tuple[str, str]]] = {
    "contaminated": ("fail", "{n} {n:row holds|rows hold} items of frozen eval sets"),
    "findings": ("fail", "the gate has {n} {n:finding|findings}: {what}"),
    "waiver": ("warn", "a waiver ends soon: {what}"),
    "conflicts": ("warn", "{n} {n:verdict differs and waits|verdicts differ and wait} for a third person"),
    "approve": ("wait", "it waits for approval, and you made none of it"),
    "unchecked": ("warn", "{what} was frozen after it was made: check it"),
    "release": ("wait", "it is approved and not released"),
    "queue": ("wait", "{n} {n:example waits|examples wait} for your verdict"),
}
"""What waits → its mark, and how it is said."""
_TAKES: Final = {
    "conflicts": Permission.REVIEW,
    "queue": Permission.REVIEW,
    "approve": Permission.RELEASE,
    "release": Permission.RELEASE,
}
"""What only some can do anything about."""


def _needed(ask: Ask) -> list[Needed]:
    """What waits for who asks, most blocking first."""
    found = [
        one for one in attention(ask.registry) if ask.identity.may(_TAKES.get(one.kind, Permission.READ))
    ]
    return [_line_of(one) for one in found]


def _line_of(one: Waits) -> Needed:
    status, said = _SAYS[one.kind]
    see = f"/d/{quote(one.dataset)}/policy?ref={quote(one.where)}"
    if one.kind in ("queue", "conflicts"):
        see = f"/review/{quote(one.where)}" + ("?conflicts=1" if one.kind == "conflicts" else "")
    return Needed(status=status, where=one.where, see=see, said=said, n=one.n, what=one.what)
