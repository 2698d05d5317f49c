"""/d/NAME@VERSION/map: where the rows lie; what a lasso or a cluster holds; the points for the browser."""

from __future__ import annotations

import shlex
import struct
from collections.abc import Sequence
from threading import Lock
from typing import Annotated, Final, Literal
from urllib.parse import quote, urlencode

import numpy as np
from fastapi import Query as Asked
from pydantic import BaseModel, Field

from assay.errors import NotFound
from assay.measure.charts.scatter import spot
from assay.measure.facets.query import Picked, Query
from assay.measure.map.raster import DARK, LIGHT, picture
from assay.registry.exploring.pages import MAP
from assay.registry.governing.annotating import annotate
from assay.registry.mapping.colours import OTHERS, Colours
from assay.registry.mapping.selection import Selection
from assay.registry.mapping.values import SEED, VersionMap, Wanted
from assay.registry.mapping.view import LABELS, made_how
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.facet_links import address, field_title, value_name
from assay.web.jobs.asking import start
from assay.web.jobs.kinds import BY_NAME
from assay.web.measuring import Wait, looked_into
from assay.web.pages.jobs import SHOWN, JobLine, is_live, line_of
from assay.web.routing import Done, File, Page, Pages

pages = Pages()

AT_ONCE: Final = 2_000
"""Rows of a version whose map is made when somebody looks for it; it takes about two seconds."""
MAGIC: Final = b"assaymap"
MOST_OTHERS: Final = 8
MOST_WAYS: Final = 24
_LASSO: Final = 12 * 256
_drawing = Lock()
"""One picture is drawn at a time: it takes some 30 MB for a moment."""


class ClusterLine(BaseModel):
    """One cluster. `colour`: 1 to 8, as the stylesheet counts; `x`, `y`: where its name stands in the picture."""

    number: int
    name: str
    chinese: bool
    rows: int
    share: float
    colour: int
    x: float
    y: float
    typical: list[str]
    border: list[str]
    change: str = ""
    before: float | None = None


class Named(BaseModel):
    """A colour's meaning. `ours`: its name is a word of the interface; `see`: its rows, "" if no query finds them."""

    name: str
    ours: bool
    rows: int
    colour: int
    see: str


class Way(BaseModel):
    """What the points can be coloured by. `ours`: its title is a word of the interface."""

    by: str
    title: str
    ours: bool


class First(BaseModel):
    """An example of a selection."""

    id: str
    input: str
    output: str


class Part(BaseModel):
    """A cluster's part in a selection."""

    number: int
    name: str
    rows: int
    share: float


class Selected(BaseModel):
    """What a lasso or a cluster holds. `query`: how its address says so; `see`: all of its rows, "" for a map that is
    placed like another version's."""

    rows: int
    share: float
    parts: list[Part]
    terms: list[str]
    first: list[First]
    border: list[First]
    query: str
    see: str
    lasso: str
    cluster: int | None


class MapPage(Page):
    """All that a map's page shows. `made` is false where there is no map yet; `job` is then the one that makes it, or
    the last that should have. `live`: it may still change. `waits`: what has to be made before the points can be
    coloured `by` anything but the cluster."""

    ref: str
    dataset: str
    rows: int
    made: bool
    may_make: bool
    job: JobLine | None = None
    live: bool = False
    how: str = ""
    embedder: str = ""
    layout: str = ""
    seed: int = SEED
    lexical: bool = False
    by: str = "cluster"
    title: str = ""
    ours: bool = True
    ways: list[Way] = Field(default_factory=list)
    waits: Wait | None = None
    like: str = ""
    others: list[str] = Field(default_factory=list)
    blank: int = 0
    labels: int = LABELS
    clusters: list[ClusterLine] = Field(default_factory=list)
    vanished: list[Part] = Field(default_factory=list)
    names: list[Named] = Field(default_factory=list)
    selected: Selected | None = None
    points: str = ""
    pictures: list[str] = Field(default_factory=list)


Like = Annotated[str, Asked(max_length=200)]
By = Annotated[str, Asked(max_length=100)]
Lasso = Annotated[str, Asked(max_length=_LASSO)]
Number = Annotated[int | None, Asked(ge=0, le=250)]


@pages.page("/d/{ref}/map", Permission.READ, "map.html")
def map_page(
    ask: Ask, ref: str, by: By = "cluster", like: Like = "", lasso: Lasso = "", cluster: Number = None
) -> MapPage:
    """The map of a version: clusters, colours, and what a selection holds."""
    registry = ask.registry
    version = registry.version(ref)
    made = _map(ask, version.name, like)
    words = ["assay", "map", version.name, *(["--like", like] if like else [])]
    page = MapPage(
        command=shlex.join(words), ref=version.name, dataset=version.manifest.dataset, rows=len(version), made=False,
        may_make=ask.identity.may(Permission.CONTRIBUTE) and ask.desk is not None and ask.desk.usable, like=like,
        others=_others(ask, version.manifest.dataset, version.manifest.number),
    )  # fmt: skip
    if made is None:
        job = _job(ask, version.name, like)
        return page.model_copy(update={"job": job, "live": job is not None and is_live(job)})
    waits = looked_into(registry, version.manifest, words=False)
    colours = registry.maps.colours(made, by if waits is None else "cluster")
    clusters, vanished = _lines(ask, made, like)
    said = _address(by=by if by != "cluster" else "", like=like)
    at = f"/d/{quote(version.name, safe='@:')}/map"
    return page.model_copy(
        update={
            "made": True, "how": made_how(made), "lexical": made.lexical, "embedder": made.embedder,
            "layout": made.layout, "by": colours.by, "waits": waits if by != "cluster" else None,
            "title": _title(colours.by)[0], "ours": _title(colours.by)[1],
            "ways": [] if waits is not None else _ways(registry.maps.ways(made), colours.by),
            "blank": made.blank, "clusters": clusters, "vanished": vanished,
            "names": _names(colours, version.name), "selected": _selected(ask, made, lasso, cluster),
            "points": f"{at}/points{said}",
            "pictures": [f"{at}/picture.png{_address(theme=t, by=by, like=like)}" for t in ("light", "dark")],
        }
    )  # fmt: skip


@pages.file("/d/{ref}/map/points", Permission.READ)
def points(ask: Ask, ref: str, by: By = "cluster", like: Like = "") -> File:
    """The points: `assaymap`, how many (uint32), four bytes of nothing; then x and y (uint16 each), little-endian,
    and a colour's code (uint8); 5 bytes a point, in the order of ids."""
    made = _there(ask, ref, like)
    codes = ask.registry.maps.colours(made, by).codes
    head = MAGIC + struct.pack("<II", len(made), 0)
    little = [np.asarray(axis, "<u2").tobytes() for axis in (made.x, made.y)]
    return File(head + b"".join(little) + codes.tobytes(), "application/octet-stream")


@pages.file("/d/{ref}/map/picture.png", Permission.READ)
def raster(
    ask: Ask, ref: str, by: By = "cluster", like: Like = "", theme: Literal["light", "dark"] = "light"
) -> File:
    """The map as a picture, for browsers without WebGL and for paper."""
    made = _there(ask, ref, like)
    codes = ask.registry.maps.colours(made, by).codes
    with _drawing:
        drawn = picture(made.x, made.y, codes, LIGHT if theme == "light" else DARK)
    return File(drawn, "image/png")


@pages.file("/d/{ref}/map/ids", Permission.READ)
def ids(ask: Ask, ref: str, like: Like = "", lasso: Lasso = "", cluster: Number = None) -> File:
    """The ids of a selection, one a line, as `--ids FILE` reads them."""
    made = _there(ask, ref, like)
    chosen = ask.registry.maps.selected_ids(made, lasso or None, cluster)
    lines = np.full((len(chosen), 65), ord("\n"), np.uint8)
    digits = np.ascontiguousarray(chosen).tobytes().hex().encode()
    lines[:, :64] = np.frombuffer(digits, np.uint8).reshape(-1, 64)
    return File(lines.tobytes(), "text/plain; charset=utf-8", "ids.txt")


class Make(BaseModel):
    """Which map. `like`: a version whose map places the rows; "" for a map of its own."""

    like: str = Field("", max_length=200)


@pages.act("/d/{ref}/map/make", Permission.CONTRIBUTE)
def make(ask: Ask, ref: str, form: Make) -> Done:
    """Make the map of a version, as a job; one that makes it already is left to it."""
    version = ask.registry.version(ref)
    version.admit()
    if form.like:
        ask.registry.version(form.like).admit()
    found = _job(ask, version.name, form.like)
    if found is None or not is_live(found):
        kind = BY_NAME["map"]
        found = line_of(start(ask, kind, kind.model(ref=version.name, like=form.like)))
    see = f"/d/{quote(version.name, safe='@:')}/map{_address(like=form.like)}"
    return Done(said="Map is queued", see=see, answer={"job": found.id, "state": found.state})


class Slice(BaseModel):
    """A selection under a name. `name`: in lower case; the fact `slice.NAME` is stated of every row in it."""

    name: str = Field(min_length=1, max_length=40)
    lasso: str = Field("", max_length=_LASSO)
    cluster: int | None = Field(None, ge=0, le=250)
    like: str = Field("", max_length=200)


@pages.act("/d/{ref}/map/slices", Permission.CONTRIBUTE)
def keep(ask: Ask, ref: str, form: Slice) -> Done:
    """Keep a selection under a name, as a fact about its rows."""
    made = _there(ask, ref, form.like)
    chosen = ask.registry.maps.selected_ids(made, form.lasso or None, form.cluster)
    key = f"slice.{form.name}"
    done = annotate(ask.registry, made.version, chosen, {key: "yes"})
    see = f"/d/{made.version}/map?{urlencode({'by': key})}"
    return Done(said=f"{len(chosen):,} rows are {key}", see=see, answer=done.as_json())


def _job(ask: Ask, ref: str, like: str) -> JobLine | None:
    """The newest job that is to make a map, where there is one."""
    if ask.desk is None or not ask.desk.usable:
        return None
    ask.desk.jobs.tend()
    wanted = {"ref": ref, "like": like}
    found = (job for job in ask.desk.jobs.jobs(SHOWN) if job.kind == "map" and job.form == wanted)
    return next(map(line_of, found), None)


def _others(ask: Ask, dataset: str, number: int) -> list[str]:
    """The newest other versions of the dataset, the newest first."""
    numbers = [made.number for made in ask.registry.store.versions()[dataset] if made.number != number]
    return [f"{dataset}@v{one}" for one in numbers[-MOST_OTHERS:][::-1]]


def _map(ask: Ask, ref: str, like: str) -> VersionMap | None:
    """The map where there is one, or where making it takes no time worth speaking of."""
    maps, version = ask.registry.maps, ask.registry.version(ref)
    found = maps.found(version.name, like=like or None)
    if found is not None or len(version) == version.erased or len(version) > AT_ONCE:
        return found
    if like and len(ask.registry.version(like)) > AT_ONCE and maps.found(like) is None:
        return None
    return maps.map(version.name, Wanted(), like or None)


def _there(ask: Ask, ref: str, like: str) -> VersionMap:
    found = _map(ask, ref, like)
    if found is None:
        raise NotFound(f"{ref} has no map yet", f"make it: assay map {ref}")
    return found


def _lines(ask: Ask, made: VersionMap, like: str) -> tuple[list[ClusterLine], list[Part]]:
    maps = ask.registry.maps
    other = maps.found(like) if like else None
    changes = () if other is None else maps.changes(other, made)
    became = {one.after: one for one in changes if one.after is not None}
    lines = []
    for one in made.clusters:
        across, down = spot(one.x, one.y)
        change = became.get(one.number)
        lines.append(
            ClusterLine(
                number=one.number, name=one.name, chinese=not one.name.isascii(), rows=one.rows, share=one.share,
                colour=min(one.number, OTHERS) + 1, x=round(across, 1), y=round(down, 1), typical=list(one.typical),
                border=list(one.border), change=change.kind if change else "",
                before=change.shares[0] if change and change.kind != "appeared" else None,
            )
        )  # fmt: skip
    lines.sort(key=lambda one: (-one.rows, one.number))
    names = {} if other is None else {one.number: one.name for one in other.clusters}
    gone = [
        Part(number=c.before or 0, name=names.get(c.before or 0, ""), rows=c.rows[0], share=c.shares[0])
        for c in changes
        if c.kind == "vanished"
    ]
    return lines, gone


def _names(found: Colours, ref: str) -> list[Named]:
    """The legend. Of clusters it is their list."""
    at = f"/d/{quote(ref, safe='@:')}/examples"
    named = []
    for k, (name, rows) in enumerate(found.names):
        shown, ours = value_name(found.by, name)
        see = address(at, q=found.queries[k]) if found.queries[k] else ""
        named.append(Named(name=shown, ours=ours, rows=rows, colour=k + 1, see=see))
    if found.others:
        named.append(Named(name="", ours=True, rows=found.others, colour=OTHERS + 1, see=""))
    return named


def _ways(known: Sequence[str], by: str) -> list[Way]:
    some = list(dict.fromkeys((*known[:MOST_WAYS], by)))
    return [Way(by=one, title=title, ours=ours) for one in some for title, ours in [_title(one)]]


def _title(by: str) -> tuple[str, bool]:
    return ("Cluster", True) if by == "cluster" else field_title(by)


def _selected(ask: Ask, made: VersionMap, lasso: str, cluster: int | None) -> Selected | None:
    if not lasso and cluster is None:
        return None
    found: Selection = ask.registry.maps.select(made, lasso or None, cluster)
    names = {one.number: one.name for one in made.clusters}
    query = urlencode({"lasso": lasso} if lasso else {"cluster": cluster})
    part = Query(picked=(Picked(MAP, lasso or str(cluster)),)).text
    see = "" if made.like else address(f"/d/{quote(made.version, safe='@:')}/examples", q=part)
    parts = [
        Part(number=number, name=names[number], rows=rows, share=rows / found.rows)
        for number, rows in found.clusters
    ]
    first, border = (
        [First(id=row.id, input=row.input, output=row.output) for row in rows]
        for rows in (found.first, found.border)
    )
    return Selected(
        rows=found.rows, share=found.share, parts=parts, terms=list(found.terms), first=first, border=border,
        query=query, see=see, lasso=lasso,
        cluster=cluster,
    )  # fmt: skip


def _address(**given: str) -> str:
    told: Sequence[tuple[str, str]] = [(name, value) for name, value in given.items() if value]
    return "?" + urlencode(told) if told else ""
