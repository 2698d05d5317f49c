"""/d/NAME/versions: the versions of a dataset over time, their names, their health, and what guards them."""

from __future__ import annotations

import shlex

from pydantic import BaseModel

from assay.errors import NotFound
from assay.registry import Registry
from assay.registry.monitor.kept_statistics import answers, kept_among
from assay.store.heads import Committed, Line
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.naming import Name, by_version, names_of
from assay.web.routing import Page, Pages

pages = Pages()
SHOWN = 100
"""Versions of a page; older ones are pages further on."""
_TREND = 6


class VersionLine(BaseModel):
    """One version as the list shows it. `parents`: numbers. `before`: the one that it is a change of. `gate`: what the
    policy said when it was made, "" without one."""

    ref: str
    number: int
    rows: int
    splits: dict[str, int]
    fingerprint: str
    time: str
    actor: str
    action: str
    message: str
    names: list[Name]
    branch: str
    parents: list[int]
    before: int | None
    gate: str
    approvals: int
    released: bool
    out: bool
    revoked: bool
    health: str


class Cell(BaseModel):
    """A health check of one version: what it shows and its verdict; "" where the version was not measured."""

    shown: str
    verdict: str


class Trend(BaseModel):
    """One health check over versions."""

    title: str
    cells: list[Cell]


class BranchLine(BaseModel):
    """A branch: where it started, its newest version, how many were made on it."""

    name: str
    start: int
    head: int
    versions: int


class Guard(BaseModel):
    """A frozen eval set."""

    name: str
    items: int
    time: str


class DatasetPage(Page):
    """All that a dataset's page shows; the newest version first. `trend` is of the `measured` versions (numbers);
    `unmeasured`: the newest version, where nothing measured it yet."""

    name: str
    newest: str
    versions: list[VersionLine]
    total: int
    older: int | None
    names: list[Name]
    branches: list[BranchLine]
    guards: list[Guard]
    needed: int
    measured: list[int]
    trend: list[Trend]
    unmeasured: str | None


@pages.page("/d/{name}/versions", Permission.READ, "dataset.html")
def dataset(ask: Ask, name: str, before: int = 0) -> DatasetPage:
    """The versions of a dataset, newest first; with `before`, those of a smaller number."""
    registry = ask.registry
    head = registry.version(name)
    name = head.manifest.dataset
    line = registry.store.lines()[name]
    chosen = [one for one in line.versions if not before or one.number < before][-SHOWN:]
    names = names_of(registry, name)
    if not chosen:
        raise NotFound(f"{name} has no version before v{before}", f"`/d/{name}/versions` has the newest")
    lines = _lines(registry, line, chosen[::-1], names)
    measured, trend = _trend(registry, chosen)
    return DatasetPage(
        command=shlex.join(["assay", "log", name]),
        name=name, newest=head.manifest.ref, versions=lines, total=len(line.versions),
        older=chosen[0].number if chosen and chosen[0].number > 1 else None,
        names=names,
        branches=[
            BranchLine(name=b.name, start=b.start, head=b.head, versions=b.versions)
            for b in registry.refs.branches(name)
        ],
        guards=[Guard(name=one.name, items=one.items, time=one.time) for one in registry.eval_sets()],
        needed=registry.releases.needed(name), measured=measured, trend=trend,
        unmeasured=None if head.manifest.number in measured else head.manifest.ref,
    )  # fmt: skip


def _lines(registry: Registry, line: Line, chosen: list[Committed], names: list[Name]) -> list[VersionLine]:
    objects, held = registry.store.objects, answers(registry)
    standing = registry.releases.of(str(chosen[0].operation.dataset)) if chosen else None
    named = by_version(names)
    by_object = {name: one.number for one in line.versions for name in (one.manifest, *one.compacted)}
    out = []
    for one in chosen:
        manifest = objects.manifest(one.manifest)
        said = standing.versions[one.number] if standing is not None else None
        found = kept_among(held, manifest)
        verdicts = {check["verdict"] for check in found["health"]} if found else set()
        out.append(
            VersionLine(
                ref=manifest.ref, number=one.number, rows=sum(manifest.counts.values()),
                splits=dict(manifest.counts), fingerprint=manifest.fingerprint, time=one.operation.time,
                actor=one.operation.actor, action=one.operation.action,
                message=registry.said(one.operation) or manifest.message, names=named.get(one.number, []),
                branch=one.branch,
                parents=sorted({by_object[p] for p in manifest.parents if p in by_object}),
                before=one.before, gate=str(one.operation.body.get("gate", "")),
                approvals=len(said.approvals) if said else 0, released=bool(said and said.released),
                out=bool(standing and standing.released == one.number), revoked=bool(said and said.revoked),
                health=next((v for v in ("warning", "watch", "healthy") if v in verdicts), ""),
            )
        )  # fmt: skip
    return out


def _trend(registry: Registry, chosen: list[Committed]) -> tuple[list[int], list[Trend]]:
    """The health of the newest versions that were measured, oldest first."""
    found, held = [], answers(registry)
    for one in reversed(chosen):
        told = kept_among(held, registry.store.objects.manifest(one.manifest))
        if told is not None:
            found.append((one.number, told["health"]))
        if len(found) == _TREND:
            break
    found.reverse()
    titles = {check["name"]: check["title"] for _, checks in found for check in checks}
    by_name = [(number, {check["name"]: check for check in checks}) for number, checks in found]
    rows = []
    for name, title in titles.items():
        cells = [
            Cell(shown=c[name]["shown"] if c[name]["value"] is not None else "–", verdict=c[name]["verdict"])
            if name in c
            else Cell(shown="", verdict="")
            for _, c in by_name
        ]
        if any(cell.verdict != "unknown" for cell in cells):
            rows.append(Trend(title=title, cells=cells))
    return [number for number, _ in found], rows
