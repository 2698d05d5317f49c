"""search: the words of a query in the texts of one version, of every dataset's newest one, or of all there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from assay.errors import UsageError
from assay.kernels.ids import IdArray, concat, id_list, position, sorted_ids
from assay.model.example import views
from assay.registry.querying.querying import matching
from assay.registry.results import Hit, Interval
from assay.store.index.index import Located
from assay.store.members import locate

if TYPE_CHECKING:
    from assay.registry import Registry


def search(
    registry: Registry, query: str, ref: str | None, limit: int, where: str | None = None, all: bool = False
) -> list[Hit]:
    """At most `limit` examples that hold every word of `query`, and for which `where` holds.

    `all`: in every version of every dataset; each hit then names the versions that hold it. Raises UsageError for an
    empty query.
    """
    if not query.strip():
        raise UsageError("an empty query finds nothing", "name a word, or a few")
    if limit < 1:
        raise UsageError(f"a limit of {limit} finds nothing", "ask for at least 1")
    if all and ref is not None:
        raise UsageError("one version and all of them", "give --ref or --all")
    if all:
        return _search_all(registry, query, limit, where)
    refs = [ref] if ref is not None else sorted(registry.store.versions())
    hits: list[Hit] = []
    for name in refs:
        hits += _search_one(registry, query, name, limit - len(hits), where, [] if ref else refs)
        if len(hits) >= limit:
            break
    return hits


def _search_one(
    registry: Registry, query: str, ref: str, limit: int, where: str | None, beside: Sequence[str]
) -> list[Hit]:
    version = registry.version(ref)
    objects = registry.store.objects
    among = None if where is None else matching(registry, ref, where, beside)

    def split_of(example: bytes) -> str | None:
        found = locate(objects, version.manifest, example)
        return found[0] if found is not None and found[0] in version.counts else None

    segments = {
        part.segment.object for split in version.counts for part in version.manifest.splits.get(split, ())
    }
    found = registry.index().search(
        query,
        member=lambda example: _has(among, example) and split_of(example) is not None,
        segments=segments,
        limit=limit,
    )
    return [
        replace(hit, version=version.manifest.ref, split=split_of(bytes.fromhex(hit.id)) or "")
        for hit in _hits(registry, found)
    ]


def _search_all(registry: Registry, query: str, limit: int, where: str | None) -> list[Hit]:
    among = None if where is None else _matching_anywhere(registry, where)
    held: dict[bytes, tuple[Interval, ...]] = {}

    def member(example: bytes) -> bool:
        if not _has(among, example):
            return False
        held[example] = _held(registry, example)
        return bool(held[example])

    found = registry.index().search(query, member=member, limit=limit)
    hits, lines = [], registry.store.lines()
    for hit in _hits(registry, found):
        spans = held[bytes.fromhex(hit.id)]
        ends = [(i.dataset, i.last or lines[i.dataset].heads[i.branch], i) for i in spans]
        _, number, newest = max(ends, key=lambda end: end[:2])
        hits.append(replace(hit, version=f"{newest.dataset}@v{number}", split=newest.split, versions=spans))
    return hits


def _matching_anywhere(registry: Registry, where: str) -> IdArray:
    """The sorted ids of the examples for which an expression holds in some version."""
    datasets = registry.store.versions()
    refs = [f"{name}@v{made.number}" for name, line in datasets.items() for made in line]
    return sorted_ids(id_list(concat([matching(registry, ref, where, datasets) for ref in refs])))


def _held(registry: Registry, example: bytes) -> tuple[Interval, ...]:
    """The versions that hold an example, as intervals by dataset, branch and number."""
    return tuple(
        Interval(i.dataset, i.split, i.first, i.last, i.branch) for i in registry.index().versions_of(example)
    )


def _has(among: IdArray | None, example: bytes) -> bool:
    return among is None or position(among, example) >= 0


def _hits(registry: Registry, found: Sequence[Located]) -> list[Hit]:
    """What was found, with its texts; in which version is left open."""
    if not found:
        return []
    from assay.registry.warm import warm_of

    places = [(f.segment, f.ordinal) for f in found]
    table = warm_of(registry).glimpse.rows(places, ["source", "record"])
    hits = []
    for row in table.to_pylist():
        view = views(orjson.loads(row["payload"]))
        hits.append(
            Hit(bytes(row["id"]).hex(), "", "", view.input, view.output, row["source"], row["record"])
        )
    return hits
