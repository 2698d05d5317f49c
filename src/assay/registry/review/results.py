"""What review use cases take and answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from assay.govern.auto_review import Trust
from assay.govern.review_values import Queue, Verdict
from assay.govern.reviews import State
from assay.model.example import Example

MIN_AGREEMENT: Final = 0.9
HIDDEN: Final = "hidden"
"""What counts of verdicts say of those that one may not see yet."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Under which rules a queue is judged.

    `reviewers`: 1 or 2 people an example. `blind` None: when there are two. `gold`: so many known answers are mixed in,
    from the queue `gold_from` or from any gold queue of the dataset. `auto`: actors that are programs, which decide
    where the lower bound of their agreement with people is at least `min_agreement`.
    """

    reviewers: int = 1
    blind: bool | None = None
    gold: int = 0
    gold_from: str | None = None
    auto: tuple[str, ...] = ()
    min_agreement: float = MIN_AGREEMENT


@dataclass(frozen=True, slots=True)
class Given:
    """One verdict as a person gives it: `id` may be the beginning of one; `payload` is the whole new payload of an
    edit. `follows`: the entry with the newest verdict that this person saw on the example (0: none), so that nothing
    that came meanwhile is judged over unseen; None: whatever was said.
    """

    id: str
    verdict: str
    tags: Mapping[str, str] = field(default_factory=dict)
    score: float | None = None
    comment: str = ""
    payload: Mapping[str, Any] | None = None
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """Where a queue stands. `states` counts examples; `decided_by_auto` of the decided ones; `verdicts`: actor →
    verdict → how many, `hidden` for those that one may not see yet; `refused`: verdicts in the log that do not count.
    `dry_run`: nothing was opened."""

    queue: Queue
    note: str
    states: Mapping[State, int]
    decided_by_auto: int
    applied: int
    outcomes: Mapping[str, int]
    verdicts: Mapping[str, Mapping[str, int]]
    trust: Sequence[Trust]
    refused: int
    dry_run: bool = False

    def as_json(self) -> dict[str, Any]:
        queue = self.queue
        return {
            "queue": queue.name, "version": queue.ref, "examples": len(queue.ids), "purpose": queue.purpose,
            "reviewers": queue.reviewers, "blind": queue.blind, "by": queue.by, "gold": len(queue.gold),
            "auto": list(queue.auto), "min_agreement": queue.min_agreement, "note": self.note,
            "time": queue.operation.time, "actor": queue.operation.actor,
            "states": {name.replace(" ", "_"): count for name, count in self.states.items()},
            "decided_by_auto": self.decided_by_auto, "applied": self.applied, "outcomes": dict(self.outcomes),
            "verdicts": {actor: dict(counts) for actor, counts in self.verdicts.items()},
            "trust": [one.as_json() for one in self.trust], "refused": self.refused,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """An example that somebody is to judge, what they may see of what was said (each with its comment), and how many
    are left for them. `seen`: the entry with the newest verdict that they see, 0 for none (`Given.follows`)."""

    queue: Queue
    example: Example
    state: State
    said: Sequence[tuple[Verdict, str]]
    left: int
    seen: int = 0

    def as_json(self) -> dict[str, Any]:
        one = self.example
        return {
            "queue": self.queue.name, "id": one.name, "state": self.state.replace(" ", "_"), "left": self.left,
            "payload": dict(one.payload), "provenance": dict(one.provenance),
            "said": [
                {**verdict.as_json(), "actor": verdict.actor, "time": verdict.time, "comment": comment}
                for verdict, comment in self.said
            ],
        }  # fmt: skip
