"""Reviews: what people said about examples, as a fold of the log, and the rules about who may say what.

An example of a queue is

    open         nobody has judged it
    reviewed     some have, and another person must
    in conflict  all verdicts are given and differ
    decided      all verdicts are given and agree, or a third person adjudicated

A verdict that breaks a rule does not count, and is listed as refused; `refusal` is asked by the fold and at the door.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from assay.errors import NotFound
from assay.govern.review_values import (
    ADJUDICATE,
    APPLY,
    EDIT,
    QUEUE,
    REVIEW,
    SKIP,
    Queue,
    Said,
    Verdict,
    queue_of,
    verdicts_of,
)
from assay.kernels.ids import id_list
from assay.model.operation import Operation
from assay.store.idsets import ids_in
from assay.store.objects import Objects

State = Literal["open", "reviewed", "in conflict", "decided"]
OPEN: Final = "open"
REVIEWED: Final = "reviewed"
CONFLICT: Final = "in conflict"
DECIDED: Final = "decided"
STATES: Final[tuple[State, ...]] = (OPEN, REVIEWED, CONFLICT, DECIDED)


@dataclass(slots=True)
class Case:
    """What was said of one example in one queue: people's verdicts and programs' suggestions by actor, in the order
    given; the adjudication; and whether the decision went into a version."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    suggestions: dict[str, Verdict] = field(default_factory=dict)
    adjudicated: Verdict | None = None
    applied: bool = False

    @property
    def given(self) -> list[Verdict]:
        """The verdicts of people, without those who passed."""
        return [one for one in self.verdicts.values() if one.verdict != SKIP]

    def state(self, reviewers: int) -> State:
        """What people have made of it; programs do not count here."""
        if self.adjudicated is not None:
            return DECIDED
        given = self.given
        if len(given) < reviewers:
            return REVIEWED if given else OPEN
        return DECIDED if all(one.agrees(given[0]) for one in given[1:]) else CONFLICT

    def decision(self, reviewers: int) -> Verdict | None:
        """The verdict that people came to, if they have."""
        if self.adjudicated is not None:
            return self.adjudicated
        return self.given[0] if self.state(reviewers) == DECIDED else None


@dataclass(frozen=True, slots=True)
class Judged:
    """A queue and what was said in it. Examples of which nothing was said have no case."""

    queue: Queue
    cases: dict[bytes, Case] = field(default_factory=dict)

    def case(self, id: bytes) -> Case:
        """The case of an example, an empty one where nothing was said."""
        return self.cases.get(id) or Case()

    def state(self, id: bytes) -> State:
        return self.case(id).state(self.queue.reviewers)

    def decision(self, id: bytes) -> Verdict | None:
        case = self.cases.get(id)
        return None if case is None else case.decision(self.queue.reviewers)

    def reviewers(self) -> list[str]:
        """Everybody with a verdict here, programs too, by name."""
        return sorted({name for case in self.cases.values() for name in (*case.verdicts, *case.suggestions)})


@dataclass(frozen=True, slots=True)
class Refused:
    """A queue or a verdict in the log that does not count. `id` None: the whole operation."""

    operation: Operation
    id: bytes | None
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a verdict cannot be given. `late`: it could have been, had somebody else not been first."""

    reason: str
    hint: str
    late: bool = False


@dataclass(frozen=True, slots=True)
class Reviews:
    """All queues by name; who wrote which example (`authors`: id → actors, through edits and edits of edits); what was
    refused."""

    queues: dict[str, Judged] = field(default_factory=dict)
    authors: dict[bytes, frozenset[str]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)

    def named(self, name: str) -> Judged:
        """The queue of that name. Raises NotFound with those there are."""
        if name not in self.queues:
            known = ", ".join(sorted(self.queues)) or "none yet; `assay review create NAME REF` makes one"
            raise NotFound(f"no queue {name!r}", f"queues here: {known}")
        return self.queues[name]

    def of(self, dataset: str | None) -> Iterator[Judged]:
        """The queues of one dataset, or all."""
        return (one for one in self.queues.values() if dataset is None or one.queue.dataset == dataset)


def reviews(objects: Objects, entries: Iterable[Operation]) -> Reviews:
    """What was reviewed after these operations. Raises Damaged for an operation that cannot be read."""
    return extended(Reviews(), objects, entries)


def extended(found: Reviews, objects: Objects, entries: Iterable[Operation]) -> Reviews:
    """`found` after more operations, which follow those it was made of: the same value, changed. Raises Damaged."""
    for operation in entries:
        if operation.action == QUEUE:
            _open(found, objects, operation)
        elif operation.action in (REVIEW, ADJUDICATE):
            _judge(found, objects, operation)
        elif operation.action == APPLY and str(operation.body.get("queue")) in found.queues:
            judged = found.queues[str(operation.body["queue"])]
            for id_ in id_list(ids_in(objects, operation.body)):
                judged.cases.setdefault(id_, Case()).applied = True
    return found


def name_refusal(found: Reviews, name: str) -> Refusal | None:
    """Why a queue cannot have a name, or None."""
    if name in found.queues:
        return Refusal(f"there is a queue {name!r} already", "choose another name", late=True)
    return None


def refusal(found: Reviews, action: str, name: str, actor: str, said: Said) -> Refusal | None:
    """Why `actor` may not give this verdict after all that is in `found`; None when nothing is against it."""
    judged = found.queues.get(name)
    if judged is None:
        return Refusal(f"no queue {name!r}", "`assay review list` names them")
    short = said.id.hex()[:12]
    if said.id not in judged.queue.ids:
        return Refusal(f"{short} is not in the queue {name}", "`assay review next` shows what is")
    if judged.case(said.id).applied:
        return Refusal(
            f"the decision on {short} is in a version already", "queue it again to judge it again", True
        )
    if actor in found.authors.get(said.id, ()):
        return Refusal(f"{actor} wrote {short} and cannot judge it", "leave it to another person")
    if said.verdict == EDIT and said.edited == said.id:
        return Refusal(f"the edit of {short} changes nothing", "accept it, or change something")
    rule = _may_adjudicate if action == ADJUDICATE else _may_review
    return rule(judged, actor, said)


def _may_review(judged: Judged, actor: str, said: Said) -> Refusal | None:
    queue, case, short = judged.queue, judged.case(said.id), said.id.hex()[:12]
    if actor in queue.auto:
        if said.verdict == EDIT:
            return Refusal(f"{actor} is an auto-reviewer of {queue.name} and cannot edit", "accept or reject")
        return None
    if case.adjudicated is not None:
        return Refusal(f"{short} was adjudicated by {case.adjudicated.actor}", "the decision stands", True)
    given = [one.actor for one in case.given]
    if actor not in given and len(given) >= queue.reviewers:
        return Refusal(
            f"{short} was judged by {' and '.join(given)}", "`assay review next` shows an open one", True
        )
    # Whoever may have seen the other's verdict cannot come round to it any more.
    if actor in given and queue.blind and len(given) >= queue.reviewers > 1:
        return Refusal(
            f"both verdicts on {short} are given, and the queue is blind", "ask a third person", True
        )
    return None


def _may_adjudicate(judged: Judged, actor: str, said: Said) -> Refusal | None:
    queue, case, short = judged.queue, judged.case(said.id), said.id.hex()[:12]
    if said.verdict == SKIP:
        return Refusal("an adjudication decides", "accept, reject or edit")
    if actor in queue.auto:
        return Refusal(f"{actor} is an auto-reviewer of {queue.name} and cannot adjudicate", "ask a person")
    if actor in {one.actor for one in case.given}:
        return Refusal(f"{actor} judged {short} and cannot adjudicate it", "a third person decides")
    if case.adjudicated is not None and case.adjudicated.actor != actor:
        return Refusal(f"{short} was adjudicated by {case.adjudicated.actor}", "the decision stands", True)
    if case.adjudicated is None and case.state(queue.reviewers) != CONFLICT:
        return Refusal(f"{short} is not in conflict", "`assay review status` tells which are", True)
    return None


def _open(found: Reviews, objects: Objects, operation: Operation) -> None:
    queue = queue_of(objects, operation)
    why = name_refusal(found, queue.name)
    if why is None:
        found.queues[queue.name] = Judged(queue)
    else:
        found.refused.append(Refused(operation, None, why.reason))


def _judge(found: Reviews, objects: Objects, operation: Operation) -> None:
    name = str(operation.body.get("queue"))
    for said in verdicts_of(objects, operation):
        why = refusal(found, operation.action, name, operation.actor, said)
        if why is None:
            _count(found, found.queues[name], operation, said)
        else:
            found.refused.append(Refused(operation, said.id, why.reason))


def _count(found: Reviews, judged: Judged, operation: Operation, said: Said) -> None:
    actor = operation.actor
    verdict = Verdict(
        said.id, said.verdict, said.tags, said.score, said.note, said.edited, said.payload,
        actor, operation.time, operation.seq,
    )  # fmt: skip
    case = judged.cases.setdefault(said.id, Case())
    if operation.action == ADJUDICATE:
        case.adjudicated = verdict
    else:
        held = case.suggestions if actor in judged.queue.auto else case.verdicts
        held.pop(actor, None)
        held[actor] = verdict
    taken = operation.action == ADJUDICATE and said.edited in {one.edited for one in case.given}
    if said.edited is not None and not taken:
        wrote = found.authors.get(said.id, frozenset()) | {actor}
        found.authors[said.edited] = found.authors.get(said.edited, frozenset()) | wrote


def visible(judged: Judged, id: bytes, actor: str) -> list[Verdict]:
    """The verdicts on an example that `actor` may see.

    One's own always. Others' in a blind queue once all are given. Programs' suggestions once people have decided: who
    sees one first agrees with it too easily, and its measured agreement would be worth little.
    """
    case, state = judged.case(id), judged.state(id)
    shown = [
        one
        for one in case.verdicts.values()
        if one.actor == actor or not judged.queue.blind or state in (CONFLICT, DECIDED)
    ]
    shown += [one for one in case.suggestions.values() if one.actor == actor or state == DECIDED]
    return shown + ([case.adjudicated] if case.adjudicated is not None else [])


def tally(judged: Judged) -> Mapping[State, int]:
    """How many of a queue's examples people have brought to each state."""
    counts: dict[State, int] = dict.fromkeys(STATES, 0)
    for case in judged.cases.values():
        counts[case.state(judged.queue.reviewers)] += 1
    counts[OPEN] += len(judged.queue.ids) - len(judged.cases)
    return counts
