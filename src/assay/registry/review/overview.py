"""Queues as a reviewer sees them: how far each is, what waits for this person, and what they said last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assay.govern.auto_review import count_states, standings
from assay.govern.review_values import Queue, Verdict
from assay.govern.reviews import CONFLICT, DECIDED, OPEN, REVIEWED, Judged, Reviews, State, tally
from assay.kernels.agreement_intervals import Estimate, coefficients
from assay.registry.review.verdicts import count_waiting, waiting_for
from assay.store.notes import read_note

if TYPE_CHECKING:
    from assay.registry import Registry

RECENT: Final = 6


@dataclass(frozen=True, slots=True)
class Overview:
    """A queue in a list. `left`, `conflicts`: how many examples this actor may judge, and adjudicate. `agreement`:
    Krippendorff's alpha of the people, None before any example has two verdicts. `applied`: decisions in a version."""

    queue: Queue
    note: str
    states: Mapping[State, int]
    applied: int
    left: int
    conflicts: int
    agreement: Estimate | None


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies before a reviewer: the ids that come next in their order, and their newest verdicts, newest first.

    `judged`: how many examples they gave a verdict on. `agreement` as in `Overview`.
    """

    queue: Queue
    states: Mapping[State, int]
    left: int
    conflicts: int
    coming: Sequence[bytes]
    recent: Sequence[Verdict]
    judged: int
    agreement: Estimate | None


def overview(registry: Registry, found: Reviews, dataset: str | None) -> list[Overview]:
    """Every queue, or those of a dataset, newest first."""
    queues = sorted(found.of(dataset), key=lambda one: -one.queue.operation.seq)
    return [_overview(registry, found, one) for one in queues]


def _overview(registry: Registry, found: Reviews, judged: Judged) -> Overview:
    queue = judged.queue
    said = queue.operation.body.get("note")
    note = read_note(registry.store.objects, said) if isinstance(said, str) else ""
    states = states_of(found, judged)
    left, conflicts = _waiting(registry, found, judged, states)
    return Overview(
        queue, note or "", states, sum(case.applied for case in judged.cases.values()), left, conflicts,
        _alpha(judged),
    )  # fmt: skip


def states_of(found: Reviews, judged: Judged) -> Mapping[State, int]:
    """How many examples of a queue are in each state."""
    return count_states(standings(found, judged)) if judged.queue.auto else tally(judged)


def _alpha(judged: Judged) -> Estimate | None:
    twice = [[one.verdict for one in case.given] for case in judged.cases.values() if len(case.given) > 1]
    return coefficients(twice).get("krippendorff_alpha") if twice else None


def _waiting(
    registry: Registry, found: Reviews, judged: Judged, states: Mapping[State, int]
) -> tuple[int, int]:
    """How many this actor may judge, and adjudicate; looked for only where there is something open."""
    left = conflicts = 0
    if states[OPEN] or states[REVIEWED]:
        left = count_waiting(found, judged, registry.actor)
    if states[CONFLICT]:
        conflicts = count_waiting(found, judged, registry.actor, conflicts=True)
    return left, conflicts


def desk(registry: Registry, found: Reviews, name: str, conflicts: bool, most: int) -> Desk:
    """What a reviewer has before them. Raises NotFound."""
    judged, actor = found.named(name), registry.actor
    states = states_of(found, judged)
    left = waiting_for(found, judged, actor) if states[OPEN] or states[REVIEWED] else []
    disputed = waiting_for(found, judged, actor, conflicts=True) if states[CONFLICT] else []
    mine = [
        one
        for case in judged.cases.values()
        for one in (*case.verdicts.values(), *case.suggestions.values())
        if one.actor == actor
    ]
    mine.sort(key=lambda one: -one.seq)
    coming = disputed if conflicts else left
    return Desk(
        judged.queue,
        states,
        len(left),
        len(disputed),
        coming[:most],
        mine[:RECENT],
        len(mine),
        _alpha(judged),
    )


def covered(states: Mapping[State, int]) -> float:
    """The share of a queue that is decided, 0 to 1."""
    whole = sum(states.values())
    return states[DECIDED] / whole if whole else 1.0
