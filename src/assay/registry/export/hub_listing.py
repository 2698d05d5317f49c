"""Lists for clients of the Hub: the names that versions of a dataset have, and the versions behind one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from assay.govern.approvals import uncounted
from assay.model.ref import Ref
from assay.registry.export.hub_revisions import commit_of, hub_line
from assay.registry.listing import resolve
from assay.store.aliases import GIVEN_BY, alias_version
from assay.store.refs import refs

if TYPE_CHECKING:
    from assay.registry import Registry

MOST: Final = 200
"""Versions of a list: the newest."""


def names(registry: Registry, dataset: str) -> tuple[dict[str, str], dict[str, str]]:
    """Branches and tags, each name with its commit. Among the tags are `prod` and `approved`, and the numbers of the
    newest versions. Raises NotFound."""
    line, entries = hub_line(registry, dataset), registry.store.log.entries()
    branches = dict(line.heads)
    tags = {name: tag.version for name, tag in refs(entries, dataset).tags.items()}
    refused = uncounted(entries, dataset)
    for alias in GIVEN_BY:
        number = alias_version(entries, dataset, alias, refused)
        if number is not None:
            tags[alias] = number
    tags |= {f"v{one.number}": one.number for one in line.versions[-MOST:]}

    known: dict[int, str] = {}

    def commit(number: int) -> str:
        if number not in known:
            known[number] = commit_of(registry, line.versions[number - 1])
        return known[number]

    return ({name: commit(n) for name, n in branches.items()}, {name: commit(n) for name, n in tags.items()})


def commits(registry: Registry, dataset: str, ref: str) -> list[tuple[str, str, str, str, str]]:
    """The versions that led to one, the newest first: commit, title, message, actor, time. Raises NotFound."""
    line = hub_line(registry, dataset)
    found: list[tuple[str, str, str, str, str]] = []
    at: int | None = resolve(registry, Ref.parse(ref)).number
    while at is not None and len(found) < MOST:
        one = line.versions[at - 1]
        message = registry.store.objects.manifest(one.manifest).message
        operation = one.operation
        found.append(
            (commit_of(registry, one), f"{dataset}@v{one.number}", message, operation.actor, operation.time)
        )
        at = one.before
    return found
