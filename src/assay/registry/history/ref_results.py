"""The answers about branches, tags, merges, rollbacks and blame, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BranchSummary:
    """A branch: the version it started from, its newest one, and how many were made on it."""

    dataset: str
    name: str
    start: int
    head: int
    versions: int

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "branch": self.name,
            "start": f"{self.dataset}@v{self.start}",
            "head": f"{self.dataset}@v{self.head}",
            "versions": self.versions,
        }


@dataclass(frozen=True, slots=True)
class TagSummary:
    """A tag: the number of its version, and who put it there, when ("" where it would be put)."""

    dataset: str
    name: str
    version: int
    actor: str
    time: str

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "tag": self.name,
            "version": f"{self.dataset}@v{self.version}",
            "actor": self.actor,
            "time": self.time,
        }


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a merge did. `base` is the nearest common version; `version` None: none was made (nothing to merge, or a
    dry run, which says what `counts` would be). `decided` are the contradictions and whose side was taken."""

    dataset: str
    branch: str
    into: str
    base: str
    version: str | None
    counts: Mapping[str, int]
    decided: tuple[Mapping[str, Any], ...]
    dry_run: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "branch": self.branch,
            "into": self.into,
            "base": self.base,
            "version": self.version,
            **{name: self.counts.get(name, 0) for name in ("added", "removed", "edited", "moved")},
            "conflicts": [dict(one) for one in self.decided],
            "dry_run": self.dry_run,
        }


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """What a rollback did. `version` None: a dry run. `kept_out`: examples of `to` that were disabled or forgotten."""

    dataset: str
    to: str
    version: str | None
    counts: Mapping[str, int]
    kept_out: int

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "to": self.to,
            "version": self.version,
            **dict(self.counts),
            "kept_out": self.kept_out,
            "dry_run": self.version is None,
        }


@dataclass(frozen=True, slots=True)
class Act:
    """One operation in an example's story. `how`: added, edited, merged, rolled_back, enabled or moved."""

    how: str
    version: str
    branch: str
    operation: int
    action: str
    actor: str
    time: str
    said: str

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Blame:
    """Who and what brought an example into a version.

    `brought` is the operation that first made it part of this line of history; `since` are those by which it came
    from there to here, oldest first. `curation` says what read it: {"object", "recipe_digest", "records"}, None where
    no curation did. `descent` are the examples it was edited from, nearest first: {"id", "version", "action", "actor",
    "time"} of the edit.
    """

    id: str
    version: str
    split: str
    source: str | None
    record: int | None
    brought: Act
    since: tuple[Act, ...]
    curation: Mapping[str, Any] | None
    descent: tuple[Mapping[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "version": self.version,
            "split": self.split,
            "source": self.source,
            "record": self.record,
            "brought": self.brought.as_json(),
            "since": [one.as_json() for one in self.since],
            "curation": None if self.curation is None else dict(self.curation),
            "descent": [dict(one) for one in self.descent],
        }
