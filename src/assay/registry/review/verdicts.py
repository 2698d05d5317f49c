"""Giving verdicts: what is checked before one is in the log, and whose turn it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from assay.errors import Conflict, UsageError
from assay.govern.auto_review import Standing, standings
from assay.govern.review_values import (
    ADJUDICATE,
    EDIT,
    MOST_VERDICTS,
    REVIEW,
    VERDICTS,
    Said,
    check_score,
    check_tags,
    put_payload,
    verdicts_body,
)
from assay.govern.reviews import CONFLICT, OPEN, REVIEWED, Judged, Refusal, Reviews, refusal, visible
from assay.kernels.ids import id_list, sorted_ids
from assay.model.operation import Operation
from assay.registry.acting import noted
from assay.registry.querying.choosing import aligned
from assay.registry.review.edited import checked_edit
from assay.registry.review.results import Given, Rules
from assay.registry.review.samples import shuffled
from assay.store.notes import SALT_BYTES

if TYPE_CHECKING:
    from assay.registry import Registry

Edit = tuple[bytes, Mapping[str, Any] | str]
"""The id of the example that an edit makes, and its payload, or the object that holds it already."""

_SHOWN: Final = 3
_WHOLE: Final = re.compile("[0-9a-f]{64}")


def judge(
    registry: Registry, action: str, name: str, given: Sequence[Given], dry_run: bool
) -> Operation | None:
    """Give verdicts, or adjudicate, in one operation. Raises UsageError, Conflict, NotFound."""
    fold = folding(registry)
    judged = fold(registry.store.log.entries()).named(name)
    if not 1 <= len(given) <= MOST_VERDICTS:
        raise UsageError(f"{len(given):,} verdicts at once", f"give 1 to {MOST_VERDICTS:,}")
    ids = resolve(judged, [one.id for one in given])
    if len(set(ids)) != len(ids):
        raise UsageError("an example was given two verdicts", "give one for each")
    pairs = list(zip(ids, given, strict=True))
    edits = {id_: _edit(registry, judged, action, id_, one) for id_, one in pairs if one.verdict == EDIT}
    said = [_said(id_, one, edits.get(id_)) for id_, one in pairs]

    def check(entries: Sequence[Operation]) -> None:
        now = fold(entries)
        raise_refused([refusal(now, action, name, registry.actor, one) for one in said])
        for one, told in zip(said, given, strict=True):
            if told.follows is not None:
                _unmoved(now.named(name), one.id, registry.actor, told.follows)

    check(registry.store.log.entries())
    if dry_run:
        return None
    written = [
        _written(registry, one, told, edits.get(one.id)) for one, told in zip(said, given, strict=True)
    ]
    salt = registry.entropy(SALT_BYTES)
    body = verdicts_body(registry.store.objects, judged.queue, written, salt)
    return registry.act(action, judged.queue.dataset, body, check)


def newest_seen(judged: Judged, id: bytes, actor: str) -> int:
    """The entry with the newest verdict on an example that `actor` may see; 0 where there is none."""
    return max((one.seq for one in visible(judged, id, actor)), default=0)


def _unmoved(judged: Judged, id: bytes, actor: str, follows: int) -> None:
    """Raise Conflict where a verdict came that the person has not seen, saying whose."""
    seen = [one for one in visible(judged, id, actor) if one.seq > follows]
    if seen:
        first = min(seen, key=lambda one: one.seq)
        who = "you, in another window," if first.actor == actor else first.actor
        raise Conflict(
            f"{who} judged {id.hex()[:12]} first: {first.verdict}, at {first.time}",
            "nothing was written; look at it again, then judge",
        )


def folding(registry: Registry) -> Callable[[Sequence[Operation]], Reviews]:
    """The fold of reviews, which takes in only what the log has got since it was asked before."""
    return registry.reviews.folded


def resolve(judged: Judged, ids: Sequence[str]) -> list[bytes]:
    """The ids of a queue that some digits begin. Raises NotFound, UsageError."""
    whole = [bytes.fromhex(one) for one in ids if _WHOLE.fullmatch(one)]
    if len(whole) == len(ids) and judged.queue.ids.issuperset(whole):
        return whole
    known = sorted_ids(judged.queue.ids)
    return id_list(aligned(known, [(one, repr(one)) for one in ids], f"the queue {judged.queue.name}"))


def _edit(registry: Registry, judged: Judged, action: str, id: bytes, given: Given) -> Edit:
    if given.payload is not None:
        return checked_edit(registry.example(id.hex()), given.payload), given.payload
    proposed = {one.edited: one.payload for one in judged.case(id).given if one.edited and one.payload}
    if action != ADJUDICATE or len(proposed) != 1:
        raise UsageError(f"the edit of {id.hex()[:12]} has no payload", "give it with --payload FILE")
    edited, payload = next(iter(proposed.items()))
    assert edited is not None and payload is not None
    return edited, payload


def _said(id: bytes, given: Given, edit: Edit | None) -> Said:
    if given.verdict not in VERDICTS:
        raise UsageError(f"{given.verdict[:40]!r} is no verdict", f"one of: {', '.join(VERDICTS)}")
    if given.payload is not None and given.verdict != EDIT:
        raise UsageError(f"{id.hex()[:12]} has a payload and is not edited", "say edit, or leave it out")
    edited = None if edit is None else edit[0]
    return Said(id, given.verdict, check_tags(given.tags), check_score(given.score), None, edited, None)


def _written(registry: Registry, said: Said, given: Given, edit: Edit | None) -> Said:
    """The verdict with its comment and its payload written."""
    payload = None
    if edit is not None:
        payload = edit[1] if isinstance(edit[1], str) else put_payload(registry.store.objects, edit[1])
    note = noted(registry, given.comment).get("note")
    return Said(said.id, said.verdict, said.tags, said.score, note, said.edited, payload)


def waiting_for(found: Reviews, judged: Judged, actor: str, *, conflicts: bool = False) -> list[bytes]:
    """What an actor may judge and has not, or may adjudicate, in the order in which it is shown."""
    half, rest = _waiting(found, judged, actor, conflicts)
    place = _order(judged.queue.ids, crc32(actor.encode()))
    return [*sorted(half, key=place.__getitem__), *sorted(rest, key=place.__getitem__)]


def count_waiting(found: Reviews, judged: Judged, actor: str, *, conflicts: bool = False) -> int:
    """How much `waiting_for` would give."""
    return sum(map(len, _waiting(found, judged, actor, conflicts)))


def _waiting(found: Reviews, judged: Judged, actor: str, conflicts: bool) -> tuple[list[bytes], list[bytes]]:
    """What waits for an actor, in no order: what somebody else has judged, and the rest."""
    queue = judged.queue
    standing: Mapping[bytes, Standing] = standings(found, judged) if queue.auto else {}
    action, wanted = (ADJUDICATE, (CONFLICT,)) if conflicts else (REVIEW, (OPEN, REVIEWED))
    half: list[bytes] = []
    rest: list[bytes] = []
    for id_, case in judged.cases.items():
        state = standing[id_].state if queue.auto else case.state(queue.reviewers)
        if state not in wanted or actor in case.verdicts or actor in case.suggestions:
            continue
        if refusal(found, action, queue.name, actor, Said(id_, "accept")) is None:
            (half if state == REVIEWED else rest).append(id_)
    if not conflicts:  # what nobody judged is open, and only who wrote it may not judge it
        rest += [
            id_ for id_ in queue.ids if id_ not in judged.cases and actor not in found.authors.get(id_, ())
        ]
    return half, rest


@lru_cache(maxsize=4)
def _order(ids: frozenset[bytes], seed: int) -> Mapping[bytes, int]:
    """Each id's place in the order that a seed gives."""
    return {id_: place for place, id_ in enumerate(shuffled(list(ids), seed))}


def decided(found: Reviews, judged: Judged) -> dict[bytes, Standing]:
    """What a queue decided that is in no version yet; known answers are there to measure, and decide nothing."""
    return {
        id_: one
        for id_, one in standings(found, judged).items()
        if one.verdict is not None and id_ not in judged.queue.gold and not judged.case(id_).applied
    }


def check_rules(name: str, rules: Rules) -> None:
    """Raises UsageError for rules that no queue can have."""
    if rules.reviewers not in (1, 2):
        raise UsageError(f"{rules.reviewers} reviewers an example", "1, or 2 for double review")
    if not 0 < rules.min_agreement <= 1:
        raise UsageError(f"an agreement of {rules.min_agreement} cannot be reached", "above 0 and at most 1")
    if rules.gold < 0:
        raise UsageError(f"{rules.gold} known answers", "0 or more")
    for actor in rules.auto:
        if not actor.strip() or not actor.isprintable() or len(actor) > 100:
            raise UsageError(f"{actor[:40]!r} cannot name an auto-reviewer of {name}", "name its actor")


def raise_refused(refusals: Sequence[Refusal | None]) -> None:
    """Raise for what is refused: Conflict when others were first, UsageError else."""
    found = [one for one in refusals if one is not None]
    if not found:
        return
    shown = "; ".join(one.reason for one in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    error = Conflict if all(one.late for one in found) else UsageError
    raise error(f"{shown}{more}", found[0].hint)
