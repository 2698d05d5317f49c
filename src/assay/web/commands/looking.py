"""list, log, show, head, search, query, facts, stats, collapse."""

from __future__ import annotations

import re
from itertools import islice
from typing import Annotated, Final

from fastapi import Query

from assay.errors import NotFound, UsageError
from assay.registry.documents import example_json, governed_json, operation_json, version_json
from assay.registry.governing.annotating import summary
from assay.registry.querying.as_json import as_json
from assay.registry.querying.querying import query as run_query
from assay.store.sql.database import Limits
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.commands.declaring import Answer, Commands, Ref, Some, Word

commands = Commands()
_ID: Final = re.compile(r"[0-9a-f]{6,64}")
_QUERY: Final = Limits(memory_bytes=512 << 20, answer_bytes=64 << 20, seconds=10.0)


@commands.get("list")
def list_(ask: Ask) -> Answer:
    """The datasets, with the newest version of each, and the frozen eval sets."""
    return {
        "datasets": [one.as_json() for one in ask.registry.datasets()],
        "eval_sets": [one.as_json() for one in ask.registry.eval_sets()],
    }


@commands.get("log")
def log(
    ask: Ask,
    dataset: Some = None,
    before: Annotated[
        int | None, Query(ge=1, le=1 << 53, description="only operations before this one")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Answer:
    """What happened, in the log's order: the newest `limit` operations (before `before`)."""
    found = [one for one in ask.registry.log(dataset) if before is None or one.seq < before]
    return {
        "operations": [operation_json(one) | {"said": ask.registry.said(one)} for one in found[-limit:]],
        "total": len(found),
    }


@commands.get("show")
def show(ask: Ask, what: Ref) -> Answer:
    """A version's card, or one example whole when given its id (or a beginning that only it has)."""
    registry = ask.registry
    if _ID.fullmatch(what):
        try:
            return example_json(registry.example(what))
        except NotFound:
            if what not in {one.name for one in registry.datasets()}:
                raise
    version = registry.version(what)
    parents = [registry.store.objects.manifest(name).ref for name in version.manifest.parents]
    malformed = (registry.store.curation(version.manifest) or {}).get("malformed_codes", {})
    standing = registry.releases.of(version.manifest.dataset).versions[version.manifest.number]
    gate = registry.policies.recorded(standing.released or version.operation)
    needed = registry.releases.needed(version.manifest.dataset)
    return version_json(version, parents, malformed) | governed_json(standing, needed, gate)


@commands.get("head")
def head(ask: Ask, ref: Ref, n: Annotated[int, Query(ge=1, le=1_000)] = 5) -> Answer:
    """The first examples of a version."""
    version = ask.registry.version(ref)
    return {"version": version.name, "examples": [example_json(one) for one in version.head(n)]}


@commands.get("search")
def search(
    ask: Ask,
    query: Word,
    ref: Some = None,
    where: Some = None,
    all: bool = False,
    n: Annotated[int, Query(ge=1, le=1_000)] = 20,
) -> Answer:
    """Examples whose input or output contains the words of the query."""
    found = ask.registry.search(query, ref, n, where=where, all=all)
    return {"query": query, "hits": [one.as_json() for one in found]}


@commands.get("query")
def query(
    ask: Ask,
    sql: Annotated[str, Query(max_length=20_000)],
    ref: Some = None,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000,
) -> Answer:
    """SQL over a version, its facts, its ledger and the log: one SELECT, at most 10 seconds, 64 MB and `limit` rows;
    `more` says whether there were others."""
    found = run_query(ask.registry, sql, ref, _QUERY)
    return as_json(found.slice(0, limit)) | {"more": len(found) > limit}


@commands.get("facts")
def facts(ask: Ask, ref: Ref) -> Answer:
    """The tags and scores of a version, one line a key."""
    version = ask.registry.version(ref)
    found = summary(ask.registry, ref)
    return {"version": version.name, "examples": len(version), "keys": [one.as_json() for one in found]}


@commands.get("stats")
def stats(ask: Ask, ref: Ref, by: Some = None, styles: bool = False) -> Answer:
    """Figures about a version, and whether they are healthy; with `styles` how each of its generators writes."""
    if styles:
        if by is not None:
            raise UsageError("styles are counted by generator", "leave out `by`")
        return ask.registry.quality.styles(ref).as_json()
    return ask.registry.stats(ref, by).as_json()


@commands.get("collapse")
def collapse(ask: Ask, ref: Ref, by: Some = None, last: Annotated[int, Query(ge=1, le=100)] = 20) -> Answer:
    """How synthetic depth and diversity move, and whether models collapse on them."""
    return ask.registry.collapse(ref, by, last).as_json()


@commands.get("runs list")
def runs(ask: Ask, ref: Some = None) -> Answer:
    """The runs that learned from a version, or all of them."""
    known = ask.registry.runs
    return {"runs": [known.account(run).as_json() for run in islice(known.list(ref), 10_000)]}


@commands.get("runs show")
def run(ask: Ask, run: str) -> Answer:
    """Everything known of a run: its receipt, its figures, its ids at trackers."""
    known = ask.registry.runs
    found = [known.account(one, full=True) for one in known.named(run)]
    return {"run": found[0].run.name, "links": [one.as_json() for one in found]}


@commands.get("review list", Permission.REVIEW)
def queues(ask: Ask, dataset: Some = None) -> Answer:
    """The queues, or those of one dataset."""
    return {"queues": [one.as_json() for one in ask.registry.reviews.queues(dataset)]}
