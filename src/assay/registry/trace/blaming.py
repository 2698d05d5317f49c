"""blame: who, which curation and which operation brought an example into a version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from assay.errors import NotFound
from assay.registry.history.ref_results import Act, Blame
from assay.registry.trace.explaining import example_by_id, mentions
from assay.store.ancestry import ancestors
from assay.store.heads import Committed, Line

if TYPE_CHECKING:
    from assay.registry import Registry

_LONGEST = 100
"""Edits that a descent is followed back over."""

_RETURNS = {"merge": "merged", "rollback": "rolled_back", "enable": "enabled"}
"""Actions that bring in what another version holds already."""


def blame(registry: Registry, ref: str, prefix: str) -> Blame:
    """The story of an example in a version. Raises NotFound where the version does not hold it."""
    version = registry.version(ref)
    example = example_by_id(registry, prefix)
    dataset, number = version.manifest.dataset, version.manifest.number
    line = registry.store.lines()[dataset]
    held = registry.index().splits_of(example.id, dataset)
    if number not in held or held[number] not in version.counts:
        where = ", ".join(f"v{n}" for n in sorted(held)[:10]) or "none"
        raise NotFound(
            f"{version.name} does not hold example {example.name}",
            f"versions of {dataset} that do: {where}; `assay trace` tells more",
        )
    acts = list(_back(line, number, held))
    origin, how = acts[-1]
    descent = tuple(_descent(registry, line, example.id, origin.number))
    if descent and how == "added":
        how = "edited"
    return Blame(
        example.name,
        version.manifest.ref,
        held[number],
        example.provenance.get("source"),
        example.provenance.get("record"),
        _act(registry, origin, how),
        tuple(_act(registry, one, by) for one, by in reversed(acts[:-1])),
        _curation(registry, origin, example.id),
        descent,
    )


def _back(line: Line, number: int, held: Mapping[int, str]) -> Iterator[tuple[Committed, str]]:
    """The versions that did something to the example, newest first; the last one brought it in."""
    at = line.versions[number - 1]
    while True:
        before = at.before
        if before is not None and before in held:
            if held[before] != held[at.number]:
                yield at, "moved"
            at = line.versions[before - 1]
            continue
        source = _source(line, at, held)
        if source is None:
            yield at, "added"
            return
        yield at, _RETURNS[at.operation.action]
        at = line.versions[source - 1]


def _source(line: Line, at: Committed, held: Mapping[int, str]) -> int | None:
    """The older version from which a version took the example over, or None."""
    action, body = at.operation.action, at.operation.body
    if action not in _RETURNS:
        return None
    named = body.get({"merge": "from", "rollback": "to"}.get(action, ""))
    if isinstance(named, int) and named in held and named < at.number:
        return named
    return max((n for n in ancestors(line, at.number) if n in held and n < at.number), default=None)


def _act(registry: Registry, one: Committed, how: str) -> Act:
    operation = one.operation
    return Act(
        how,
        f"{operation.dataset}@v{one.number}",
        one.branch,
        operation.seq,
        operation.action,
        operation.actor,
        operation.time,
        registry.said(operation),
    )


def _curation(registry: Registry, origin: Committed, example: bytes) -> dict[str, Any] | None:
    """What the curation that made a version says of an example; None where it did not read it."""
    manifest = registry.store.objects.manifest(origin.manifest)
    for _, _, name, rows in registry.index().records_of(example):
        if name == manifest.curation:
            records = [entry for entry, twin in mentions(registry, name, example, rows) if not twin]
            if records:
                digest = registry.store.objects.get_json(name).get("recipe_digest")
                return {"object": name, "recipe_digest": digest, "records": records}
    return None


def _descent(registry: Registry, line: Line, example: bytes, number: int) -> Iterator[dict[str, Any]]:
    """The examples that one was edited from, the edit of each made in an ancestor of the one after it."""
    seen, at, upto = {example}, example, number
    for _ in range(_LONGEST):
        known = ancestors(line, upto)
        dataset = line.versions[0].operation.dataset
        found = [
            edit
            for edit in registry.index().edits_of(at)
            if edit.dataset == dataset and not edit.forth and edit.number in known and edit.other not in seen
        ]
        if not found:
            return
        last = found[-1]
        operation = line.versions[last.number - 1].operation
        yield {
            "id": last.other.hex(), "version": f"{dataset}@v{last.number}", "action": operation.action,
            "actor": operation.actor, "time": operation.time,
        }  # fmt: skip
        seen.add(last.other)
        at, upto = last.other, last.number
