"""/d/REF/examples/ID: one example: what it says, why it is here, its twins, its history, and what was said of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import Query as Asked
from pydantic import BaseModel, Field

from assay.errors import AssayError, NotFound, UsageError
from assay.govern.facts import read_value
from assay.kernels.token_diff import token_diff
from assay.measure.facets.query import LONGEST
from assay.model.example import Example
from assay.registry import Registry
from assay.registry.governing.annotating import annotate
from assay.registry.querying.choosing import chosen
from assay.registry.results import Trace
from assay.registry.review.results import Rules
from assay.registry.review.samples import Drawing
from assay.registry.version import Version
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.facet_links import address
from assay.web.pages.turns import Turn, turns_of
from assay.web.routing import Done, Page, Pages

pages = Pages()
_TWINS = 3
_ROWS = 100
_CHARS = 6_000
_JSON = 60_000


class Reading(BaseModel):
    """A record that was this example, or was rejected in its stead, and what a curation decided of it."""

    ref: str
    source: str
    record: int
    outcome: str
    stage: str | None
    code: str | None
    value: float | None
    threshold: float | None
    similarity: float | None


class Twin(BaseModel):
    """A record that is nearly this example. `parts`: from the twin to this example, as (same | del | ins, text)."""

    id: str
    see: str
    source: str
    record: int
    similarity: float | None
    kept: bool
    parts: list[tuple[str, str]]


class Span(BaseModel):
    """Versions that hold the example: from the first to the last (None: up to the newest) of a branch."""

    dataset: str
    branch: str
    split: str
    first: int
    last: int | None


class Edit(BaseModel):
    """An edit that led here (`to`) or from here (`from`), and who made it. `parts`: what it changed, where known."""

    direction: str
    id: str
    see: str
    ref: str
    action: str
    actor: str
    time: str
    parts: list[tuple[str, str]]


class Chapter(BaseModel):
    """What a part of the registry knows: rows of names and values."""

    name: str
    title: str
    rows: list[dict[str, Any]]


class Neighbours(BaseModel):
    """Where the example stands in the list that one came from; `previous` and `next` are addresses, "" at the ends."""

    place: int
    total: int
    previous: str
    next: str
    list: str


class ExamplePage(Page):
    """All that an example's page shows. `split` None: this version does not hold it; `holds` names one that does.
    `beside`: None where one came from no list, or it is not in that list."""

    ref: str
    dataset: str
    id: str
    kind: str
    split: str | None
    holds: str | None
    newest: str
    forgotten: bool
    turns: list[Turn]
    tools: str
    provenance: dict[str, str]
    parents: list[str]
    readings: list[Reading]
    stands_for: list[Reading]
    twins: list[Twin]
    more_twins: int
    spans: list[Span]
    edits: list[Edit]
    chapters: list[Chapter]
    raw: str
    beside: Neighbours | None
    may_change: bool
    may_review: bool


@pages.page("/d/{ref}/examples/{id}", Permission.READ, "example.html")
def example(
    ask: Ask,
    ref: str,
    id: str,
    q: Annotated[str, Asked(max_length=LONGEST)] = "",
    sort: Annotated[str, Asked(max_length=200)] = "",
    listed: bool = False,
) -> ExamplePage:
    """An example and everything known of it; `listed`: one came from a list, that of `q` in the order `sort`."""
    registry = ask.registry
    version = registry.version(ref)
    version.admit()
    known = registry.trace(id)
    dataset = version.manifest.dataset
    held = registry.index().splits_of(bytes.fromhex(known.id), dataset)
    twins, left = _twins(registry, known, version)
    spelled = orjson.dumps(dict(known.payload), option=orjson.OPT_INDENT_2).decode()
    return ExamplePage(
        command=shlex.join(["assay", "trace", known.id]),
        ref=version.manifest.ref, dataset=dataset, id=known.id, kind=known.kind,
        split=held.get(version.manifest.number),
        holds=f"{dataset}@v{max(held)}" if held and version.manifest.number not in held else None,
        newest=registry.version(dataset).manifest.ref, forgotten=known.forgotten,
        turns=turns_of(known.payload), tools=_tools(known.payload),
        provenance={k: _said(v) for k, v in known.provenance.items() if k != "derived_from" and v is not None},
        parents=_parents(known.provenance.get("derived_from")),
        readings=[_reading(one) for one in known.readings[:_ROWS]],
        stands_for=[_reading(one) for one in known.stands_for[:_ROWS]],
        twins=twins, more_twins=left,
        spans=[
            Span(dataset=v.dataset, branch=v.branch, split=v.split, first=v.first, last=v.last)
            for v in known.versions[:_ROWS]
        ],
        edits=[_edit(registry, known, one) for one in known.edits[:_ROWS]],
        chapters=[
            Chapter(name=c.name, title=c.title, rows=[dict(row) for row in c.rows[:_ROWS]]) for c in known.chapters
        ],
        raw=spelled[:_JSON] + ("\n…" if len(spelled) > _JSON else ""),
        beside=_neighbours(registry, version, known.id, q, sort) if listed else None,
        may_change=ask.identity.may(Permission.CONTRIBUTE), may_review=ask.identity.may(Permission.REVIEW),
    )  # fmt: skip


def _neighbours(registry: Registry, version: Version, id: str, q: str, sort: str) -> Neighbours | None:
    try:
        found = registry.looking.beside(version.name, id, q, sort)
    except UsageError:  # an address that somebody wrote
        return None
    if found is None:
        return None
    at, asked = f"/d/{quote(version.name, safe='@')}/examples", {"q": q, "sort": sort}
    return Neighbours(
        place=found.place, total=found.total,
        previous=address(f"{at}/{found.previous}", **asked, listed=1) if found.previous else "",
        next=address(f"{at}/{found.next}", **asked, listed=1) if found.next else "", list=address(at, **asked),
    )  # fmt: skip


class Why(BaseModel):
    """The reason, which the log keeps."""

    reason: str = Field(min_length=1, max_length=1_000)


class FactForm(BaseModel):
    """A tag or a score: an empty value takes the fact back."""

    key: str = Field(min_length=1, max_length=100)
    value: str = Field(default="", max_length=1_000)


class QueueForm(BaseModel):
    """The new queue's name."""

    queue: str = Field(min_length=1, max_length=100)


@pages.act("/d/{ref}/examples/{id}/disable", Permission.CONTRIBUTE)
def disable(ask: Ask, ref: str, id: str, form: Why) -> Done:
    """Take the example out of the newest version, and keep it out."""
    dataset = ask.registry.version(ref).manifest.dataset
    done = ask.registry.keeping.disable(dataset, [id], form.reason)
    return Done(
        said="disabled", see=f"/d/{quote(ref, safe='@:')}/examples/{quote(id)}", answer=done.as_json()
    )


@pages.act("/d/{ref}/examples/{id}/facts", Permission.CONTRIBUTE)
def state(ask: Ask, ref: str, id: str, form: FactForm) -> Done:
    """State a fact about the example, or take it back."""
    value = read_value(form.value, form.key[:40]) if form.value else None
    ids = chosen(ask.registry, ref, ids=[id])
    done = annotate(ask.registry, ref, ids, {form.key: value})
    return Done(said="stated", see=f"/d/{quote(ref, safe='@:')}/examples/{quote(id)}", answer=done.as_json())


@pages.act("/d/{ref}/examples/{id}/review", Permission.REVIEW)
def review(ask: Ask, ref: str, id: str, form: QueueForm) -> Done:
    """Open a queue that holds this example alone."""
    ask.registry.reviews.create(form.queue, ref, Drawing(ids=(id,)), Rules())
    return Done(
        said="queued", see=f"/d/{quote(ref, safe='@:')}/examples/{quote(id)}", answer={"queue": form.queue}
    )


def _reading(one: Mapping[str, Any]) -> Reading:
    return Reading(
        ref=f"{one['dataset']}@v{one['version']}", source=one["source"], record=one["record"],
        outcome=one["outcome"], stage=one["stage"], code=one["code"], value=one["value"],
        threshold=one["threshold"], similarity=one.get("similarity"),
    )  # fmt: skip


def _twins(registry: Registry, known: Trace, version: Version) -> tuple[list[Twin], int]:
    """Near-duplicates with their texts: what was rejected in the example's stead, and, where it was rejected itself,
    the kept one. Of identical records there is nothing to compare."""
    if known.forgotten:
        return [], 0
    here = Example(bytes.fromhex(known.id), known.kind, known.payload)
    near = [
        one for one in known.stands_for if (one.get("similarity") or 0) < 1 and one["code"] != "identical"
    ]
    own = [one for one in known.readings if one["outcome"] == "rejected"]
    out: list[Twin] = []
    seen = {known.id}
    for one in [*own, *near]:
        if len(out) == _TWINS:
            break
        ref = f"{one['dataset']}@v{one['version']}"
        try:
            decision = registry.why(ref, one["source"], one["record"])
            rejected = one["outcome"] == "rejected" and one in near
            id_ = decision.example_id if rejected else decision.twin.id if decision.twin else None
            if id_ is None or id_ in seen:
                continue
            twin = registry.example(id_)
        except AssayError:  # forgotten since, or of a version that lost its ledger
            continue
        seen.add(id_)
        similarity = decision.twin.similarity if decision.twin else None
        out.append(
            Twin(
                id=id_, see=f"/d/{version.manifest.ref}/examples/{id_}", source=one["source"],
                record=one["record"], similarity=similarity, kept=not rejected, parts=_changed(twin, here),
            )
        )  # fmt: skip
    return out, max(0, len(near) - len(out))


def _changed(old: Example, new: Example) -> list[tuple[str, str]]:
    a, b = (f"{one.input}\n{one.output}"[:_CHARS] for one in (old, new))
    return [(str(kind), text) for kind, text in token_diff(a, b)]


def _edit(registry: Registry, known: Trace, one: Mapping[str, Any]) -> Edit:
    parts: list[tuple[str, str]] = []
    if not known.forgotten:
        here = Example(bytes.fromhex(known.id), known.kind, known.payload)
        try:
            other = registry.example(one["id"])
            parts = _changed(other, here) if one["direction"] == "from" else _changed(here, other)
        except NotFound:
            parts = []
    ref = f"{one['dataset']}@v{one['version']}"
    return Edit(
        direction=one["direction"], id=one["id"], see=f"/d/{ref}/examples/{one['id']}", ref=ref,
        action=one["action"], actor=one["actor"], time=one["time"], parts=parts,
    )  # fmt: skip


def _parents(derived: Any) -> list[str]:
    """Ids that the provenance says the example was made from."""
    if isinstance(derived, str):
        try:
            derived = orjson.loads(derived)
        except ValueError:
            return [derived[:64]]
    return [str(one)[:64] for one in derived[:20]] if isinstance(derived, list) else []


def _said(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _tools(payload: Mapping[str, Any]) -> str:
    tools = payload.get("tools")
    return orjson.dumps(tools, option=orjson.OPT_INDENT_2).decode()[:_JSON] if tools else ""
