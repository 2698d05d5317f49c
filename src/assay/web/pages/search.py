"""/search: an id leads to its example, a name to its page, words to the examples that hold them."""

from __future__ import annotations

import shlex
from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from pydantic import BaseModel

from assay.errors import AssayError, NotFound, UsageError
from assay.registry import Registry
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.measuring import Wait, indexed, segments_of
from assay.web.routing import Page, Pages

pages = Pages()
A_DATASET = 10
DATASETS = 20
_CHARS = 300
_DIGITS = frozenset("0123456789abcdef")


class Found(BaseModel):
    """An example that holds the words."""

    id: str
    see: str
    split: str
    input: str
    output: str


class Group(BaseModel):
    """The hits in the newest version of one dataset. `more`: there may be others. `shut`: its rows are not given out.
    `waits`: what the first search of it has to wait for."""

    ref: str
    hits: list[Found]
    more: bool
    shut: str = ""
    waits: Wait | None = None


class SearchPage(Page):
    """What a search found. `said`: why it found nothing, where there is a reason. `left`: datasets not searched."""

    q: str
    groups: list[Group]
    names: list[str]
    said: str
    left: int


@pages.page("/search", Permission.READ, "search.html")
def search(ask: Ask, q: Annotated[str, Query(max_length=400)] = "") -> SearchPage:
    """Examples, versions and datasets by id, name or words."""
    registry, wanted = ask.registry, q.strip()
    command = shlex.join(["assay", "search", wanted or "WORDS"])
    if not wanted:
        return SearchPage(command=command, q=q, groups=[], names=[], said="", left=0)
    said = ""
    try:
        if (at := _example(registry, wanted) or _named(registry, wanted)) is not None:
            return SearchPage(command=command, goto=at, q=q, groups=[], names=[], said="", left=0)
    except UsageError as error:  # several ids begin so
        said = f"{error.message}: {error.hint}"
    datasets = sorted(registry.store.versions())
    names = [name for name in datasets if wanted.lower() in name.lower()][:DATASETS]
    groups = [_group(registry, name, wanted) for name in datasets[:DATASETS]]
    return SearchPage(
        command=command, q=q, groups=[g for g in groups if g.hits or g.shut or g.waits], names=names, said=said,
        left=max(0, len(datasets) - DATASETS),
    )  # fmt: skip


def _example(registry: Registry, wanted: str) -> str | None:
    """The page of the example that an id, or its beginning, names: in the newest version that holds it."""
    spelled = wanted.lower()
    if not 6 <= len(spelled) <= 64 or not _DIGITS.issuperset(spelled):
        return None
    try:
        id_ = registry.example(spelled).id
    except NotFound:
        return None
    spans = registry.index().versions_of(id_)
    lines = registry.store.lines()
    ends = [(span.last or lines[span.dataset].heads[span.branch], span.dataset) for span in spans]
    if ends:
        number, dataset = max(ends)
        return f"/d/{dataset}@v{number}/examples/{id_.hex()}"
    records = registry.index().records_of(id_)
    return f"/d/{records[0][0]}@v{records[0][1]}/examples/{id_.hex()}" if records else None


def _named(registry: Registry, wanted: str) -> str | None:
    """The page of a dataset or a version."""
    if wanted in registry.store.versions():
        return f"/d/{quote(wanted, safe='@')}/versions"
    if "@" not in wanted:
        return None
    try:
        return f"/d/{quote(registry.version(wanted).manifest.ref, safe='@:')}"
    except AssayError:
        return None


def _group(registry: Registry, name: str, wanted: str) -> Group:
    version = registry.version(name)
    ref = version.manifest.ref
    try:
        version.admit()
    except AssayError as error:
        return Group(ref=ref, hits=[], more=False, shut=error.message)
    waits = indexed(registry, segments_of(version.manifest), ["search", "a", "--ref", ref])
    if waits is not None:
        return Group(ref=ref, hits=[], more=False, waits=waits)
    hits = registry.search(wanted, ref, A_DATASET + 1)
    found = [
        Found(
            id=hit.id, see=f"/d/{ref}/examples/{hit.id}", split=hit.split, input=hit.input[:_CHARS],
            output=hit.output[:_CHARS],
        )
        for hit in hits[:A_DATASET]
    ]  # fmt: skip
    return Group(ref=ref, hits=found, more=len(hits) > A_DATASET)
