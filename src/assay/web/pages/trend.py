"""/d/NAME/trend: all versions of a line as series, where one jumps, and which operation brought it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from pydantic import BaseModel

from assay.measure.facets.query import Picked, Query
from assay.measure.shares import percent
from assay.registry.monitor.trending import line_named
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.facet_links import address
from assay.web.measuring import State, trend
from assay.web.routing import Page, Pages

pages = Pages()
NEWEST: Final = 24
"""Versions that tables have columns for."""


class Point(BaseModel):
    """A version of the line and the operation that made it."""

    ref: str
    label: str
    rows: int
    operation: int
    action: str
    actor: str
    time: str


class Series(BaseModel):
    """One figure by version, None where no row states it. `of` says which figure: a median, a mean over blocks of so
    many rows (`value`), or the share of `value`. `jumps`: positions at which the feature jumped. `shown`: as people
    read it."""

    feature: str
    title: str
    of: str
    value: str
    points: list[float | None]
    shown: list[str]
    jumps: list[int]


class Watched(BaseModel):
    """A feature that is watched for jumps: its values, each with its shares by version."""

    feature: str
    title: str
    rows: list[tuple[str, list[float | None]]]


class Brought(BaseModel):
    """So many of the rows behind a jump have a source or a generator; `see` leads to all rows that have it."""

    name: str
    rows: int
    see: str


class Jump(BaseModel):
    """A share that changed as it does not elsewhere: what, from where to where, with which operation and rows. `drift`:
    the comparison with the version before, "" of the first."""

    title: str
    feature: str
    value: str
    before: float
    after: float
    z: float
    at: Point
    rows: int
    sources: list[Brought]
    generators: list[Brought]
    drift: str


class TrendPage(Page):
    """All that the page shows, the oldest version first. `newest`: from which column tables begin."""

    name: str
    line: str
    latest: str
    measured: State
    versions: list[Point]
    left_out: int
    figures: list[Series]
    watched: list[Watched]
    jumps: list[Jump]
    first: int


@pages.page("/d/{name}/trend", Permission.READ, "trend.html")
def trend_page(ask: Ask, name: str) -> TrendPage:
    """All versions of a dataset, or of NAME@BRANCH, as series; jumps with the operation behind each."""
    registry = ask.registry
    line, called = line_named(registry, name)
    head = registry.store.objects.manifest(line[-1].manifest)
    measured, told = trend(registry, called, sum(head.counts.values()) * len(line), wanted=True)
    points = [_point(one) for one in told["versions"]] if told else []
    place = {one.ref: k for k, one in enumerate(points)}
    jumps = [_jump(one, told["titles"], points, place) for one in told["anomalies"]] if told else []
    return TrendPage(
        command=shlex.join(["assay", "trend", called]),
        name=head.dataset, line=called, latest=head.ref, measured=measured, versions=points,
        left_out=told["older_versions_left_out"] if told else 0,
        figures=[_series(one, told["titles"], jumps, place) for one in told["series"]] if told else [],
        watched=_watched(told) if told else [], jumps=jumps, first=max(0, len(points) - NEWEST),
    )  # fmt: skip


def _point(one: Mapping[str, Any]) -> Point:
    return Point(
        ref=one["version"], label=one["version"].partition("@")[2], rows=one["rows"], operation=one["operation"],
        action=one["action"], actor=one["actor"], time=one["time"],
    )  # fmt: skip


def _series(
    one: Mapping[str, Any], titles: Mapping[str, str], jumps: list[Jump], place: Mapping[str, int]
) -> Series:
    said = one["is"]
    of, value = ("median", "") if said == "median" else ("share", said.removeprefix("share of "))
    if said.startswith("blocks of "):
        of, value = "blocks", said.removeprefix("blocks of ").removesuffix(" rows")
    return Series(
        feature=one["feature"], title=titles[one["feature"]], of=of, value=value, points=one["points"],
        shown=[_shown(point, of) for point in one["points"]],
        jumps=sorted({place[jump.at.ref] for jump in jumps if jump.feature == one["feature"]}),
    )  # fmt: skip


def _shown(point: float | None, of: str) -> str:
    if point is None:
        return "–"
    return percent(point) if of == "share" else f"{point:,.3g}" if point < 1_000 else f"{point:,.0f}"


def _watched(told: Mapping[str, Any]) -> list[Watched]:
    """Those of which the rows have more than one value."""
    return [
        Watched(
            feature=name, title=told["titles"][name], rows=[(one["value"], one["points"]) for one in those]
        )
        for name, those in told["watched"].items()
        if len(those) > 1
    ]


def _jump(
    one: Mapping[str, Any], titles: Mapping[str, str], points: list[Point], place: Mapping[str, int]
) -> Jump:
    k = place[one["version"]]
    before = points[k - 1].label if k else ""
    name, label = points[k].ref.split("@", 1)
    # What fell is seen in the version before, which still has it.
    held = points[k].ref if one["after"] > one["before"] or not k else points[k - 1].ref
    brought = [
        [Brought(name=value, rows=rows, see=_rows(held, field, value)) for value, rows in one[key].items()]
        for field, key in (("source", "sources"), ("generator", "generators"))
    ]
    return Jump(
        title=titles[one["feature"]], feature=one["feature"], value=one["value"], before=one["before"] or 0.0,
        after=one["after"] or 0.0, z=one["z"], at=points[k], rows=one["rows_that_came"], sources=brought[0],
        generators=brought[1], drift=f"/d/{quote(name)}/drift/{before}..{label}" if before else "",
    )  # fmt: skip


def _rows(ref: str, field: str, value: str) -> str:
    picked = "" if value == "(not stated)" else value
    return address(f"/d/{quote(ref, safe='@')}/examples", q=Query(picked=(Picked(field, picked),)).text)
