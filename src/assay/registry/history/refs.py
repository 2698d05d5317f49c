"""Branches, tags, merges, rollbacks and blame of a registry, as `registry.refs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from assay.store.heads import MAIN

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.history.ref_results import (
        Blame,
        BranchSummary,
        MergeResult,
        RollbackResult,
        TagSummary,
    )
    from assay.store.merge import Take


class Refs:
    """What names versions have, and what is made of them. With `dry_run` nothing is written."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def branch(
        self, dataset: str, name: str, start: str | None = None, *, dry_run: bool = False
    ) -> BranchSummary:
        """Make a branch from a version ("v2" or "helpdesk@v2"; default: the newest on main). Raises UsageError,
        NotFound."""
        from assay.registry.history.naming import branch

        return branch(self._registry, dataset, name, start, dry_run)

    def branches(self, dataset: str) -> list[BranchSummary]:
        """The branches of a dataset, main first. Raises NotFound."""
        from assay.registry.history.naming import branches

        return branches(self._registry, dataset)

    def tag(self, ref: str, name: str, *, move: bool = False, dry_run: bool = False) -> TagSummary:
        """Give a version a tag, or `move` the tag there. Raises UsageError, NotFound."""
        from assay.registry.history.naming import tag

        return tag(self._registry, ref, name, move, dry_run)

    def tags(self, dataset: str) -> list[TagSummary]:
        """The tags of a dataset, by name. Raises NotFound."""
        from assay.registry.history.naming import tags

        return tags(self._registry, dataset)

    def merge(
        self,
        dataset: str,
        branch: str,
        *,
        into: str = MAIN,
        message: str = "",
        take: Take | None = None,
        resolve: Mapping[str, Take] | str | None = None,
        dry_run: bool = False,
    ) -> MergeResult:
        """A new version of branch `into` that has what `branch` changed as well.

        `resolve`: id → "ours" or "theirs", or the path of a file of such decisions; `take` decides the rest. Raises
        MergeConflict with every undecided example, Conflict when `into` moved on meanwhile, NotFound.
        """
        from assay.registry.history.merging import merge, read_resolutions

        resolved = read_resolutions(resolve) if isinstance(resolve, str) else resolve or {}
        return merge(self._registry, dataset, branch, into, message, take, resolved, dry_run)

    def rollback(
        self, dataset: str, ref: str, reason: str, *, branch: str = MAIN, dry_run: bool = False
    ) -> RollbackResult:
        """A new version with the examples of an older one ("v2" or "helpdesk@v2"). Raises UsageError, NotFound,
        Conflict."""
        from assay.registry.history.merging import rollback

        return rollback(self._registry, dataset, ref, reason, branch, dry_run)

    def blame(self, ref: str, id: str) -> Blame:
        """Who, which curation and which operation brought an example into a version. Raises NotFound."""
        from assay.registry.trace.blaming import blame

        return blame(self._registry, ref, id)
