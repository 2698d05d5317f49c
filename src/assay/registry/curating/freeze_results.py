"""The answers of `freeze`, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ContaminatedExample:
    """A row that holds an eval item. `item` counts from 1; `matched` is the row's own text."""

    id: str
    split: str
    item: int
    score: float
    matched: str

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "split": self.split, "item": self.item, "score": self.score, "matched": self.matched,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ContaminatedVersion:
    """A version with contaminated rows: how many by split, and the worst of them."""

    version: str
    rows: Mapping[str, int]
    examples: tuple[ContaminatedExample, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "rows": sum(self.rows.values()),
            "splits": dict(self.rows),
            "examples": [one.as_json() for one in self.examples],
        }


@dataclass(frozen=True, slots=True)
class InjectionResult:
    """One kind of injected rows: how many there were and how many of them were found."""

    kind: str
    injected: int
    found: int
    false_alarms: int

    @property
    def recall(self) -> float:
        return self.found / self.injected

    @property
    def precision(self) -> float | None:
        """Injected rows among all that were found; None when nothing was."""
        hits = self.found + self.false_alarms
        return self.found / hits if hits else None

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "injected": self.injected, "found": self.found, "recall": self.recall,
            "precision": self.precision,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Eval items put among `own_rows` of the registry's own rows, `false_alarms` of which were taken for items."""

    own_rows: int
    false_alarms: int
    kinds: tuple[InjectionResult, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "own_rows": self.own_rows,
            "false_alarms": self.false_alarms,
            "kinds": [kind.as_json() for kind in self.kinds],
        }


@dataclass(frozen=True, slots=True)
class FreezeResult:
    """What a freeze did and found. `status`: frozen, unchanged (it was frozen already), or dry_run."""

    name: str
    digest: str
    items: int
    status: str
    versions_checked: int
    findings: tuple[ContaminatedVersion, ...]
    self_test: SelfTest | None = None

    def as_json(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "name": self.name,
            "digest": self.digest,
            "items": self.items,
            "status": self.status,
            "versions_checked": self.versions_checked,
            "findings": [one.as_json() for one in self.findings],
        }
        if self.self_test is not None:
            answer["self_test"] = self.self_test.as_json()
        return answer


@dataclass(frozen=True, slots=True)
class EvalSetSummary:
    """A frozen eval set as `list` shows it."""

    name: str
    digest: str
    items: int
    time: str
    actor: str

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "digest": self.digest, "items": self.items, "time": self.time, "actor": self.actor,
        }  # fmt: skip
