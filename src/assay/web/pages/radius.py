"""/radius: what something bad reached: versions, splits, runs; and what stops it."""

from __future__ import annotations

import shlex
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import Query as Asked
from pydantic import BaseModel, Field

from assay.errors import UsageError
from assay.measure.facets.query import Picked, Query
from assay.registry import Registry
from assay.registry.trace.radius import KINDS, Radius
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.facet_links import address
from assay.web.routing import Mistaken, Page, Pages

pages = Pages()
_VERSIONS: Final = 200
_RUNS: Final = 200
_FIELDS: Final = ("source", "generator", "licence", "origin")
"""What the page of examples can be filtered by."""


class ReachedLine(BaseModel):
    """A version that holds some of it, the newest first. `share`: per cent of the most; `see`: its examples."""

    ref: str
    dataset: str
    examples: int
    splits: dict[str, int]
    newest: bool
    share: float
    runs: list[str]
    revoked: bool
    released: bool
    see: str


class RunLine(BaseModel):
    """A run that learned from one of the versions."""

    name: str
    ref: str
    actor: str
    time: str


class Mend(BaseModel):
    """A dataset whose newest version holds some of it: the page on which they are disabled, or, where a person is
    asked about, the queue in which others look at it again."""

    dataset: str
    see: str
    again: bool


class RadiusPage(Page):
    """What `kind` = `value` reached; `asked`: whether anything was asked. `versions` of `more` more are shown."""

    kind: str
    value: str
    kinds: list[str]
    asked: bool
    problem: str = ""
    hint: str = ""
    examples: int = 0
    derived: int = 0
    versions: list[ReachedLine] = Field(default_factory=list)
    more: int = 0
    runs: list[RunLine] = Field(default_factory=list)
    more_runs: int = 0
    mends: list[Mend] = Field(default_factory=list)
    fixes: list[str] = Field(default_factory=list)
    reason: str = ""
    may_change: bool = False
    may_review: bool = False
    may_release: bool = False


@pages.page("/radius", Permission.READ, "radius.html")
def radius(
    ask: Ask,
    kind: Annotated[str, Asked(max_length=40)] = "generator",
    value: Annotated[str, Asked(max_length=2_000)] = "",
) -> RadiusPage:
    """Every version and every run that something reached."""
    value = value.strip()
    known: dict[str, Any] = {"kind": kind, "value": value, "kinds": list(KINDS), "asked": bool(value)}
    command = shlex.join(["assay", "radius", f"--{kind.replace('_', '-')}", value or "VALUE"])
    if not value:
        return RadiusPage(command=command, **known)
    try:
        found = ask.registry.radius(kind, value)
    except UsageError as error:
        told = {**known, "kind": kind if kind in KINDS else KINDS[0]}
        raise Mistaken(
            error, RadiusPage(command=command, **told, problem=error.message, hint=error.hint)
        ) from None
    lines = _lines(ask.registry, found)
    return RadiusPage(
        command=command, **known, examples=found.examples, derived=found.derived, versions=lines[:_VERSIONS],
        more=max(0, len(lines) - _VERSIONS),
        runs=[
            RunLine(name=r.name, ref=f"{r.dataset}@v{r.version}", actor=r.operation.actor, time=r.operation.time)
            for r in found.runs[-_RUNS:][::-1]
        ],
        more_runs=max(0, len(found.runs) - _RUNS), mends=_mends(ask.registry, found),
        fixes=[shlex.join(["assay", *words]) for words in found.fixes],
        reason=found.fixes[0][-1] if found.fixes else "",
        may_change=ask.identity.may(Permission.CONTRIBUTE), may_review=ask.identity.may(Permission.REVIEW),
        may_release=ask.identity.may(Permission.RELEASE),
    )  # fmt: skip


def _lines(registry: Registry, found: Radius) -> list[ReachedLine]:
    most = max((one.examples for one in found.versions), default=1)
    ran: dict[str, list[str]] = {}
    for run in found.runs:
        ran.setdefault(f"{run.dataset}@v{run.version}", []).append(run.name)
    standings = {name: registry.releases.of(name) for name in {_of(one.ref) for one in found.versions}}
    lines = []
    for one in found.versions:
        said = standings[_of(one.ref)].versions[int(one.ref.rpartition("v")[2])]
        lines.append(
            ReachedLine(
                ref=one.ref, dataset=_of(one.ref), examples=one.examples, splits=dict(one.splits), newest=one.newest,
                share=100 * one.examples / most, runs=ran.get(one.ref, [])[:20], revoked=said.revoked is not None,
                released=said.released is not None, see=_see(found, one.ref),
            )
        )  # fmt: skip
    return lines[::-1]


def _see(found: Radius, ref: str) -> str:
    """The examples of a version that are meant; the version's page where no filter finds them."""
    at = f"/d/{quote(ref, safe='@')}"
    if found.kind == "id":
        return f"{at}/examples/{found.value}"
    if found.kind not in _FIELDS or found.derived:
        return at
    return address(f"{at}/examples", q=Query(picked=(Picked(found.kind, found.value),)).text)


def _mends(registry: Registry, found: Radius) -> list[Mend]:
    mends = []
    for words in found.fixes:
        if words[0] == "disable":
            asked = {"where" if words[2] == "--where" else "ids": words[3], "reason": words[-1]}
            mends.append(
                Mend(dataset=words[1], see=f"/d/{quote(words[1])}/disable?{urlencode(asked)}", again=False)
            )
        elif words[0] == "review":
            mends.append(Mend(dataset=words[3], see=f"/review?dataset={quote(words[3])}", again=True))
    return mends


def _of(ref: str) -> str:
    return ref.partition("@")[0]
