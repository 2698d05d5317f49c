"""Auto-review: where the verdict of a program may stand for a person's.

A program's verdicts are suggestions. One decides only in a queue that asks for one verdict an example, where no
person has judged, and where its kind is trusted. Take all examples of the dataset, in any queue, on which the program
gave the same verdict (accept or reject) in the same stratum and on which people decided; let k of n such decisions say
the same, fits or does not fit (an edit says that it does not). The kind is trusted when the lower end of Wilson's 95 %
interval of k/n (1927) is at least the queue's `min_agreement`. Accepting and rejecting are measured apart: a program
that accepts everything never gains the right to reject. In a queue without strata all examples are one stratum.

The measure is taken over the whole log as it stands. Where agreement falls, what the program alone decided is open
again, unless it went into a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from assay.govern.review_values import SKIP, Queue, Verdict
from assay.govern.reviews import DECIDED, OPEN, STATES, Judged, Reviews, State
from assay.kernels.agreement_intervals import wilson

EVERYTHING: Final = ""
"""The stratum of every example in a queue without strata."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How often people agreed with a program's verdict in a stratum: `agreed` of `judged`."""

    actor: str
    stratum: str
    verdict: str
    judged: int
    agreed: int
    needed: float

    @property
    def lower(self) -> float:
        return wilson(self.agreed, self.judged)[0]

    @property
    def decides(self) -> bool:
        return self.judged > 0 and self.lower >= self.needed

    def as_json(self) -> dict[str, Any]:
        return {
            "actor": self.actor, "stratum": self.stratum, "verdict": self.verdict, "judged": self.judged,
            "agreed": self.agreed, "lower": round(self.lower, 4), "needed": self.needed, "decides": self.decides,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an example stands: its state, the verdict it was decided by, and whether a program decided it."""

    state: State
    verdict: Verdict | None = None
    auto: bool = False


def trust(found: Reviews, queue: Queue) -> list[Trust]:
    """What is known of every auto-reviewer of a queue, by actor, stratum and verdict."""
    people = _people(found, queue.dataset)
    counts: dict[tuple[str, str, str], list[int]] = {}
    suggested: set[tuple[str, bytes]] = set()
    for judged in found.of(queue.dataset):
        for id_, case in judged.cases.items():
            for actor, one in case.suggestions.items():
                if actor not in queue.auto or one.verdict == SKIP:
                    continue
                stratum = stratum_of(judged.queue, id_) if judged.queue.by == queue.by else None
                if stratum is None and queue.by is not None:
                    continue
                count = counts.setdefault((actor, stratum or EVERYTHING, one.verdict), [0, 0])
                if id_ in people and (actor, id_) not in suggested:
                    suggested.add((actor, id_))
                    count[0] += 1
                    count[1] += people[id_].fits == one.fits
    return [Trust(*key, n, k, queue.min_agreement) for key, (n, k) in sorted(counts.items())]


def stratum_of(queue: Queue, id: bytes) -> str:
    """The stratum of an example in its queue."""
    return queue.strata.get(id, EVERYTHING)


def standings(found: Reviews, judged: Judged) -> Mapping[bytes, Standing]:
    """Where every example of a queue stands, what programs may decide taken in."""
    queue = judged.queue
    trusted = set[tuple[str, str, str]]()
    if queue.auto and queue.reviewers == 1:
        trusted = {(one.actor, one.stratum, one.verdict) for one in trust(found, queue) if one.decides}
    out: dict[bytes, Standing] = {}
    for id_ in sorted(queue.ids):
        case = judged.case(id_)
        state = case.state(queue.reviewers)
        out[id_] = Standing(state, case.decision(queue.reviewers))
        if state == OPEN and trusted:
            stratum = stratum_of(queue, id_) if queue.by is not None else EVERYTHING
            said = [v for v in case.suggestions.values() if (v.actor, stratum, v.verdict) in trusted]
            if said and all(one.fits == said[0].fits for one in said):
                out[id_] = Standing(DECIDED, said[0], auto=True)
    return out


def count_states(standing: Mapping[bytes, Standing]) -> dict[State, int]:
    """How many examples are in each state."""
    counts: dict[State, int] = dict.fromkeys(STATES, 0)
    for one in standing.values():
        counts[one.state] += 1
    return counts


def _people(found: Reviews, dataset: str) -> dict[bytes, Verdict]:
    """The newest decision of people on each example of a dataset, in whatever queue."""
    newest: dict[bytes, Verdict] = {}
    for judged in found.of(dataset):
        for id_ in judged.cases:
            decision = judged.decision(id_)
            if decision is not None and (id_ not in newest or newest[id_].seq < decision.seq):
                newest[id_] = decision
    return newest
