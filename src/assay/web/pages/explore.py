"""/d/REF/examples: the examples that a query chooses, with facets, page by page; and acts on ticked ones."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Query as Asked
from pydantic import BaseModel, Field

from assay.errors import UsageError
from assay.govern.facts import read_value
from assay.measure.facets.keyset import Page as Rows
from assay.measure.facets.query import LONGEST, Picked, Query, parse
from assay.model.ref import Ref
from assay.registry import Registry
from assay.registry.exploring.explored import Explored, Row
from assay.registry.governing.annotating import annotate
from assay.registry.querying.choosing import chosen
from assay.registry.review.samples import Drawing
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.facet_links import (
    Chip,
    FacetBox,
    address,
    box,
    chips,
    field_title,
    parts,
    told,
    tongue,
    value_name,
)
from assay.web.measuring import Wait, looked_into
from assay.web.routing import Done, Mistaken, Page, Pages

pages = Pages()
ROWS: Final = 25
MOST: Final = 100
"""Rows of a page, and of an act on ticked ones ten times as many."""
_OPEN: Final = 9
"""Facets that are not folded away."""
_TRIED: Final = 4
"""Parts of a query without which an empty answer is counted."""


class RowLine(BaseModel):
    """An example in the list. `lang`: of its texts; `scores` by name."""

    id: str
    see: str
    input: str
    output: str
    cut: bool
    lang: str
    flags: list[str]
    kind: str
    origin: str
    generator: str
    split: str
    source: str
    record: int | None
    turns: int
    length: int
    scores: dict[str, float]


class SortLink(BaseModel):
    """A column that rows can be sorted by: `state` is `ascending`, `descending` or "", `see` the other way round."""

    name: str
    state: str
    see: str


class Problem(BaseModel):
    """What is wrong with the question. `before` it stands well, `wrong` is where it goes astray ("" where nobody
    knows)."""

    message: str
    hint: str
    before: str = ""
    wrong: str = ""


class Instead(BaseModel):
    """A first step out of an empty answer: the query without one of its parts, and how many it finds."""

    field: str
    field_ours: bool
    name: str
    ours: bool
    rows: int
    see: str


class ExplorePage(Page):
    """A page of the examples that a query chooses from a version.

    `q` as it was written, `query` as it was understood. `first` to `last` of `total` rows, of `examples` in the
    version; `link` leads to the same answer for good, `disable` to the count of all of them in the newest version.
    `score`: the name of the score that is shown. `waits`: what the first look has to wait for; there are no rows and
    facets then.
    """

    ref: str
    dataset: str
    newest: str
    q: str
    n: int
    query: str = ""
    sort: str = ""
    examples: int = 0
    total: int = 0
    waits: Wait | None = None
    first: int = 0
    last: int = 0
    rows: list[RowLine] = Field(default_factory=list)
    facets: list[FacetBox] = Field(default_factory=list)
    folded: list[FacetBox] = Field(default_factory=list)
    chips: list[Chip] = Field(default_factory=list)
    columns: dict[str, SortLink] = Field(default_factory=dict)
    score: str = ""
    link: str = ""
    clear: str = ""
    next: str = ""
    previous: str = ""
    instead: list[Instead] = Field(default_factory=list)
    problem: Problem | None = None
    fields: list[str] = Field(default_factory=list)
    sorts: list[str] = Field(default_factory=list)
    json_twin: str = ""
    export: str = ""
    disable: str = ""
    may_change: bool = False
    may_review: bool = False


@pages.page("/d/{ref}/examples", Permission.READ, "explore.html")
def explore(
    ask: Ask,
    ref: str,
    q: str = "",
    sort: Annotated[str, Asked(max_length=200)] = "",
    after: Annotated[str | None, Asked(max_length=4_000)] = None,
    before: Annotated[str | None, Asked(max_length=4_000)] = None,
    n: Annotated[int, Asked(ge=1, le=MOST)] = ROWS,
) -> ExplorePage:
    """The examples of a version that a query chooses (docs/find.md), with counts by field."""
    registry = ask.registry
    version = registry.version(ref)
    version.admit()
    dataset, newest = version.manifest.dataset, registry.version(version.manifest.dataset).manifest.ref
    known: dict[str, Any] = {
        "ref": version.name, "dataset": dataset, "newest": newest, "q": q[:LONGEST], "n": n,
        "command": _command(ref, q[:LONGEST], sort, n, after, before),
    }  # fmt: skip
    path = f"/d/{quote(version.name, safe='@')}/examples"
    try:
        meant = parse(q)
        waits = looked_into(registry, version.manifest, bool(meant.words or meant.without))
        if waits is not None:
            here = address(path, q=meant.text, sort=sort, n=_unless(n, ROWS))
            return ExplorePage(
                **known,
                query=meant.text,
                sort=sort,
                examples=len(version),
                waits=waits,
                link=here,
                clear=path,
            )
        found = registry.looking.explore(ref, q, Rows(n, sort, after or None, before or None))
    except UsageError as error:
        if type(error) is not UsageError:  # not found and forbidden are answers of their own
            raise
        problem = _problem(q[:LONGEST], error)
        raise Mistaken(error, ExplorePage(**known, problem=problem, clear=path)) from None
    query, order, size = parse(found.query), _unless(found.sort, "id"), _unless(n, ROWS)
    asked: dict[str, Any] = {"sort": order, "n": size}
    boxes = [box(one, query, path, **asked) for one in told(found.facets, found.total)]
    score = _score(found)
    here = address(path, q=found.query, **asked)
    return ExplorePage(
        **known, query=found.query, sort=found.sort, examples=found.examples, total=found.total, first=found.first,
        last=found.first + len(found.rows) - 1 if found.rows else 0,
        rows=[_line(path, row, found.query, order) for row in found.rows], facets=boxes[:_OPEN], folded=boxes[_OPEN:],
        chips=chips(query, path, **asked), columns=_columns(found, score, path, size), score=score, link=here,
        clear=address(path, **asked),
        next=address(path, q=found.query, after=found.next, **asked) if found.next else "",
        previous=address(path, q=found.query, before=found.previous, **asked) if found.previous else "",
        instead=[] if found.total else _instead(registry, ref, query, path, asked),
        fields=list(found.fields), sorts=list(found.sorts),
        json_twin="/api" + address(path, q=found.query, after=after, before=before, **asked),
        export=_export(ref, q, sort),
        disable=_disable(dataset, found.query) if version.name == newest else "",
        may_change=ask.identity.may(Permission.CONTRIBUTE), may_review=ask.identity.may(Permission.REVIEW),
    )  # fmt: skip


class TagForm(BaseModel):
    """A tag or score for the ticked examples: an empty value takes it back. `q`: the query that is looked at."""

    ids: list[str] = Field(default=[], max_length=10 * MOST)
    key: str = Field(default="", max_length=100)
    value: str = Field(default="", max_length=1_000)
    q: str = Field(default="", max_length=LONGEST)


class QueueForm(BaseModel):
    """A new queue of the ticked examples."""

    ids: list[str] = Field(default=[], max_length=10 * MOST)
    queue: str = Field(default="", max_length=100)


class DisableForm(BaseModel):
    """The ticked examples, and why they are to stand no longer."""

    ids: list[str] = Field(default=[], max_length=10 * MOST)
    reason: str = Field(default="", max_length=1_000)


@pages.act("/d/{ref}/examples/tag", Permission.CONTRIBUTE)
def tag(ask: Ask, ref: str, form: TagForm) -> Done:
    """State a fact about the examples, or take it back."""
    ids, key = _ticked(form.ids), form.key.strip()
    if not key:
        raise UsageError("the tag has no name", "write what it is about, such as topic")
    value = read_value(form.value.strip(), key[:40]) if form.value.strip() else None
    done = annotate(ask.registry, ref, chosen(ask.registry, ref, ids=ids), {key: value})
    said = f"{key} of {done.examples:,} examples"
    see = _with_tag(ask.registry, ref, key, form.value.strip()) or form.q
    return Done(said=said, see=address(f"/d/{quote(ref, safe='@')}/examples", q=see), answer=done.as_json())


@pages.act("/d/{ref}/examples/queue", Permission.REVIEW)
def queue(ask: Ask, ref: str, form: QueueForm) -> Done:
    """Open a review queue of the examples."""
    made = ask.registry.reviews.create(form.queue.strip(), ref, Drawing(ids=tuple(_ticked(form.ids))))
    name = made.queue.name
    return Done(said=f"queue {name}", see=f"/review/{quote(name)}", answer=made.as_json())


@pages.act("/d/{ref}/examples/disable", Permission.CONTRIBUTE)
def disable(ask: Ask, ref: str, form: DisableForm) -> Done:
    """Take the examples out of the dataset's next version, and keep them out."""
    ids = _ticked(form.ids)
    if not form.reason.strip():
        raise UsageError("no reason was given", "say why: the log keeps it")
    dataset = ask.registry.version(ref).manifest.dataset
    was = ask.registry.version(dataset).manifest.number
    done = ask.registry.keeping.disable(dataset, ids, form.reason.strip())
    see = address(f"/d/{quote(ref, safe='@')}/examples", q="is:disabled")
    if done.version is not None:
        see = f"/d/{quote(dataset)}/diff/v{was}..v{Ref.parse(done.version).number}?kind=disabled"
    return Done(said=f"disabled {done.count:,} examples", see=see, answer=done.as_json())


def _ticked(ids: Sequence[str]) -> list[str]:
    if not ids:
        raise UsageError("no row is ticked", "tick the rows that are meant, then act on them")
    return list(ids)


def _with_tag(registry: Registry, ref: str, key: str, value: str) -> str:
    """The query that finds what was tagged; "" where there is none."""
    for field in (f"fact.{key}", key):
        query = Query(picked=(Picked(field, value),)).text
        try:
            registry.looking.explore(ref, query, Rows(1))
        except UsageError:
            continue
        return query
    return ""


def _line(path: str, row: Row, q: str, sort: str) -> RowLine:
    return RowLine(
        id=row.id, see=address(f"{path}/{row.id}", q=q, sort=sort, listed=1),
        input=row.input, output=row.output, cut=row.cut, lang=tongue(row.language),
        flags=list(row.flags), kind=row.kind, origin=row.origin, generator=row.generator, split=row.split,
        source=row.source, record=row.record, turns=row.turns, length=row.length, scores=dict(row.scores),
    )  # fmt: skip


_SCORES: Final = ("score", "quality", "judge")


def _score(found: Explored) -> str:
    """The score that the list shows: what it is sorted by, else a usual name, else the first that a row has."""
    own = {name for row in found.rows for name in row.scores}
    by = found.sort.removeprefix("-")
    if by in own or (by not in ("id", "source", "turns", "length") and by in found.sorts):
        return by
    return next((name for name in (*_SCORES, *sorted(own)) if name in own), "")


def _columns(found: Explored, score: str, path: str, size: Any) -> dict[str, SortLink]:
    """Id, turns and length grow at the first click, a score falls."""
    made = {}
    for name in ("id", "turns", "length", *([score] if score else [])):
        up, down = name, f"-{name}"
        state = {up: "ascending", down: "descending"}.get(found.sort, "")
        other = {"ascending": down, "descending": up}.get(state, down if name == score else up)
        see = address(path, q=found.query, sort=_unless(other, "id"), n=size)
        made["score" if name == score else name] = SortLink(name=name, state=state, see=see)
    return made


def _instead(registry: Registry, ref: str, query: Query, path: str, asked: dict[str, Any]) -> list[Instead]:
    made = []
    tried = sorted(parts(query), key=lambda part: isinstance(part[0], str))
    for part, _, left in tried[:_TRIED]:
        rows = registry.looking.explore(ref, left, Rows(1)).total
        if rows:
            field, field_ours = ("", True) if isinstance(part, str) else field_title(part.field)
            name, ours = part if isinstance(part, str) else "", False
            if isinstance(part, Picked):
                name, ours = value_name(part.field, part.value)
            see = address(path, q=left.text, **asked)
            made.append(Instead(field=field, field_ours=field_ours, name=name, ours=ours, rows=rows, see=see))
    return made


_AT: Final = re.compile(r"character (\d{1,4}) of the query")


def _problem(q: str, error: UsageError) -> Problem:
    """The error, and where in the query it is."""
    found = _AT.search(error.message)
    at = int(found.group(1)) - 1 if found is not None else len(q)
    return Problem(message=error.message, hint=error.hint, before=q[:at], wrong=q[at:])


def _command(ref: str, q: str, sort: str, n: int, after: str | None, before: str | None) -> str:
    words = ["assay", "find", ref, *([q] if q else []), "--facets"]
    words += ["--sort", sort] if sort else []
    words += ["--limit", str(n)]
    words += ["--after", after] if after else ["--before", before] if before else []
    return shlex.join(words)


def _export(ref: str, q: str, sort: str) -> str:
    words = ["assay", "find", ref, *([q] if q else []), *(["--sort", sort] if sort else [])]
    return shlex.join([*words, "--limit", "1000", "--json"])


def _disable(dataset: str, query: str) -> str:
    return address(f"/d/{quote(dataset)}/disable", q=query) if query else ""


def _unless(value: Any, usual: Any) -> Any:
    return "" if value == usual else value
