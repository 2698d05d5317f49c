"""Review: queues, verdicts and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import NotFound, UsageError
from assay.govern.auto_review import count_states, standings, trust
from assay.govern.review_agreement import Agreement, agreement
from assay.govern.review_values import ADJUDICATE, MOST_EXAMPLES, QUEUE, REVIEW, Queue, Verdict, put_by_id
from assay.govern.reviews import OPEN, REVIEWED, Judged, Reviews, extended, name_refusal, visible
from assay.kernels.ids import IdArray, id_list, sorted_ids
from assay.model.operation import Operation
from assay.model.ref import check_name
from assay.registry.acting import noted
from assay.registry.review.results import HIDDEN, Given, QueueStatus, Rules, Shown
from assay.registry.review.samples import Drawing, draw, known_answers
from assay.registry.review.verdicts import (
    check_rules,
    folding,
    judge,
    newest_seen,
    raise_refused,
    resolve,
    waiting_for,
)
from assay.store.idsets import ids_body
from assay.store.notes import read_note

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.review.applying import Applied
    from assay.registry.review.gold import GoldStatus
    from assay.registry.review.overview import Desk, Overview


@dataclass(frozen=True, slots=True)
class Folded:
    """The reviews of the log's first `entries`; `head`: the digest of the entry before the last of them, which chains
    all before it."""

    reviews: Reviews
    entries: int
    head: str | None


def _head(entries: Sequence[Operation], count: int) -> str | None:
    return entries[count - 1].prev if count else None


class Reviewing:
    """The queues of a registry. Whatever a person may not see yet is not in any answer that they get."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def fold(self) -> Reviews:
        """Everything that was reviewed, with what was refused. Raises Damaged."""
        return self.folded(self._registry.store.log.entries())

    def folded(self, entries: Sequence[Operation]) -> Reviews:
        """Everything that was reviewed in these first entries of the log. What was folded of them before is not read
        again. Raises Damaged."""
        held = self._registry.reviewed
        if held is None or held.entries > len(entries) or held.head != _head(entries, held.entries):
            held = Folded(Reviews(), 0, None)
        try:
            extended(held.reviews, self._registry.store.objects, entries[held.entries :])
        except BaseException:
            self._registry.reviewed = None  # half of an operation may have been taken in
            raise
        self._registry.reviewed = Folded(held.reviews, len(entries), _head(entries, len(entries)))
        return held.reviews

    def create(
        self,
        name: str,
        ref: str,
        drawing: Drawing = Drawing(),  # noqa: B008 - a frozen value
        rules: Rules = Rules(),  # noqa: B008
        *,
        note: str = "",
        purpose: str | None = None,
        dry_run: bool = False,
    ) -> QueueStatus:
        """Open a queue of examples of a version. Raises UsageError, NotFound; Conflict when the name is taken."""
        registry = self._registry
        check_rules(check_name(name, "queue"), rules)
        version = registry.version(ref)
        drawn = draw(registry, version, drawing)
        fold = folding(registry)
        found = fold(registry.store.log.entries())
        answers: dict[bytes, str] = {}
        if rules.gold:
            dataset = version.manifest.dataset
            answers = known_answers(found, dataset, rules.gold, drawing.seed, rules.gold_from, drawn.ids)
        ids = sorted_ids([*id_list(drawn.ids), *answers])
        if len(ids) > MOST_EXAMPLES:
            raise UsageError(
                f"{len(ids):,} examples are too many for a queue: {MOST_EXAMPLES:,} at most",
                "draw fewer with --n",
            )
        body = self._queue_body(name, version.manifest.number, ids, rules, purpose)
        if answers:
            body["gold"] = put_by_id(registry.store.objects, answers)
        if drawn.by is not None:
            body |= {"by": drawn.by, "strata": put_by_id(registry.store.objects, drawn.strata)}

        def check(entries: Sequence[Operation]) -> None:
            raise_refused([name_refusal(fold(entries), name)])

        if dry_run:
            check(registry.store.log.entries())
            operation = Operation(1, None, "", registry.actor, QUEUE, version.manifest.dataset, body)
            queue = Queue(
                name, version.manifest.dataset, version.manifest.number, frozenset(id_list(ids)), rules.reviewers,
                body["blind"], operation, answers, drawn.by, drawn.strata, rules.auto, rules.min_agreement, purpose,
            )  # fmt: skip
            return self._status(found, Judged(queue), note, dry_run=True)
        registry.act(QUEUE, version.manifest.dataset, body | noted(registry, note), check)
        return self.status(name)

    def _queue_body(
        self, name: str, number: int, ids: IdArray, rules: Rules, purpose: str | None
    ) -> dict[str, Any]:
        blind = rules.reviewers > 1 if rules.blind is None else rules.blind
        body: dict[str, Any] = {
            "queue": name,
            "version": number,
            "reviewers": rules.reviewers,
            "blind": blind,
        }
        if purpose is not None:
            body["purpose"] = purpose
        if rules.auto:
            body |= {"auto": sorted(set(rules.auto)), "min_agreement": rules.min_agreement}
        return body | ids_body(self._registry.store.objects, ids)

    def queues(self, dataset: str | None = None) -> list[QueueStatus]:
        """Every queue, or those of a dataset, oldest first."""
        found = self.fold()
        return [self._status(found, judged) for judged in found.of(dataset)]

    def status(self, name: str) -> QueueStatus:
        """Where a queue stands. Raises NotFound."""
        found = self.fold()
        return self._status(found, found.named(name))

    def _status(
        self, found: Reviews, judged: Judged, note: str | None = None, dry_run: bool = False
    ) -> QueueStatus:
        queue = judged.queue
        standing = standings(found, judged)
        said = queue.operation.body.get("note")
        if note is None:
            note = (read_note(self._registry.store.objects, said) or "") if isinstance(said, str) else ""
        verdicts: dict[str, dict[str, int]] = {}
        for id_, case in judged.cases.items():
            seen = {one.actor for one in visible(judged, id_, self._registry.actor)}
            for one in (*case.verdicts.values(), *case.suggestions.values()):
                counts = verdicts.setdefault(one.actor, {})
                word = one.verdict if one.actor in seen else HIDDEN
                counts[word] = counts.get(word, 0) + 1
        outcomes: dict[str, int] = {}
        for state in standing.values():
            if state.verdict is not None:
                outcomes[state.verdict.verdict] = outcomes.get(state.verdict.verdict, 0) + 1
        return QueueStatus(
            queue, note, count_states(standing), sum(one.auto for one in standing.values()),
            sum(case.applied for case in judged.cases.values()), dict(sorted(outcomes.items())),
            dict(sorted(verdicts.items())), trust(found, queue) if queue.auto else (),
            sum(one.operation.body.get("queue") == queue.name for one in found.refused), dry_run,
        )  # fmt: skip

    def overview(self, dataset: str | None = None) -> list[Overview]:
        """Every queue, or those of a dataset, newest first, with what waits for this actor."""
        from assay.registry.review.overview import overview

        return overview(self._registry, self.fold(), dataset)

    def desk(self, name: str, *, conflicts: bool = False, most: int = 8) -> Desk:
        """What a reviewer has before them in a queue: how far it is, what comes next, what they judged last. Raises
        NotFound."""
        from assay.registry.review.overview import desk

        return desk(self._registry, self.fold(), name, conflicts, most)

    def next(self, name: str, *, conflicts: bool = False, after: str | None = None) -> Shown | None:
        """The next example for this actor to judge, or to adjudicate with `conflicts`; None when there is none.

        Those that another person has judged come first, then each actor has an order of their own. `after`: an id that
        is passed over this time, with all before it. Raises NotFound.
        """
        registry, found = self._registry, self.fold()
        judged = found.named(name)
        waiting = waiting_for(found, judged, registry.actor, conflicts=conflicts)
        if after is not None and (passed := resolve(judged, [after])[0]) in waiting:
            at = waiting.index(passed) + 1
            waiting = waiting[at:] + waiting[:at]
        for place, id_ in enumerate(waiting):
            try:
                return self._shown(judged, id_, len(waiting) - (0 if after else place))
            except NotFound:  # erased since it was queued
                continue
        return None

    def show(self, name: str, id: str) -> Shown:
        """One example of a queue as this actor may see it. Raises NotFound."""
        judged = self.fold().named(name)
        return self._shown(judged, resolve(judged, [id])[0], 0)

    def _shown(self, judged: Judged, id: bytes, left: int) -> Shown:
        registry = self._registry
        said = []
        for one in visible(judged, id, registry.actor):
            comment = read_note(registry.store.objects, one.note) if one.note is not None else ""
            said.append((one, comment or ""))
        seen = newest_seen(judged, id, registry.actor)
        return Shown(judged.queue, registry.example(id.hex()), judged.state(id), said, left, seen)

    def about(self, id: bytes) -> Sequence[tuple[str, Verdict]]:
        """Everything that was said of an example, and every edit that made it: queue and verdict, oldest first, as far
        as this actor may see it."""
        said = [
            (judged.queue.name, verdict)
            for judged in self.fold().queues.values()
            for held in judged.cases
            for verdict in visible(judged, held, self._registry.actor)
            if id in (verdict.id, verdict.edited)
        ]
        return sorted(said, key=lambda one: one[1].seq)

    def give(self, name: str, given: Sequence[Given], *, dry_run: bool = False) -> Operation | None:
        """Give verdicts, all in one operation or none. None after a dry run.

        Raises UsageError for what a rule forbids, Conflict where somebody else was first, NotFound.
        """
        return judge(self._registry, REVIEW, name, given, dry_run)

    def adjudicate(self, name: str, given: Sequence[Given], *, dry_run: bool = False) -> Operation | None:
        """Decide on examples whose verdicts are in conflict. An `edit` without a payload takes the only edit that was
        proposed. Raises as `give` does."""
        return judge(self._registry, ADJUDICATE, name, given, dry_run)

    def agreement(self, name: str) -> Agreement:
        """How far the reviewers of a queue agree. Accuracy on known answers is not told to somebody who judges here
        before all is judged: it would tell which they are. Raises NotFound."""
        found = self.fold()
        judged = found.named(name)
        states = count_states(standings(found, judged))
        busy = bool(states[OPEN] or states[REVIEWED]) and self._registry.actor in judged.reviewers()
        return agreement(found, judged, self._registry.actor, gold=not busy)

    def export(self, name: str, file: str, *, dry_run: bool = False) -> int:
        """Write a queue as JSON Lines, to be filled in elsewhere; how many rows."""
        from assay.registry.review.files import export_queue

        return export_queue(self._registry, name, file, dry_run)

    def import_(self, name: str, file: str, *, dry_run: bool = False) -> Mapping[str, int]:
        """Give the verdicts of a file, all of them or none; how many of each. Raises BadInput."""
        from assay.registry.review.files import import_verdicts

        return import_verdicts(self._registry, name, file, dry_run)

    def apply(self, name: str, *, reason: str = "", dry_run: bool = False) -> Applied:
        """Make the next version out of what was decided: rejected leave, edited are replaced, accepted stay."""
        from assay.registry.review.applying import apply

        return apply(self._registry, name, reason, dry_run)

    def gold(self, name: str) -> GoldStatus:
        """How a gold queue stands: coverage and agreement. Raises NotFound."""
        from assay.registry.review.gold import gold_status

        return gold_status(self._registry, name)
