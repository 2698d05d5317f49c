"""What waits for somebody: findings, conflicts, waivers that end, versions to approve, queues; most blocking first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from assay.govern.approvals import Approvals, approvals, objection
from assay.govern.enacted import in_force
from assay.govern.reviews import CONFLICT, DECIDED
from assay.model.operation import Operation
from assay.registry.review.verdicts import count_waiting
from assay.registry.timing import spell_time
from assay.store.evalsets import frozen_sets
from assay.store.heads import Committed

if TYPE_CHECKING:
    from assay.registry import Registry

Kind = Literal["contaminated", "findings", "waiver", "conflicts", "approve", "unchecked", "release", "queue"]
KINDS: Final[tuple[Kind, ...]] = (
    "contaminated", "findings", "waiver", "conflicts", "approve", "unchecked", "release", "queue",
)  # fmt: skip
"""The order in which they block."""
MOST: Final = 30
SOON: Final = timedelta(days=14)
LOOKED_AT: Final = 60_000
"""Examples of queues that are looked at, newest queues first; what waits in older ones is not told."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Something that waits for this actor. `where`: a version, or a queue; `n`: of how many; `what`: a finding's code,
    an eval set, the end of a waiver."""

    kind: Kind
    where: str
    dataset: str
    n: int = 0
    what: str = ""


def attention(registry: Registry) -> list[Waits]:
    """What waits for the registry's actor, at most `MOST`. Reads the log and small objects, and no rows."""
    entries = registry.store.log.entries()
    by_dataset: dict[str | None, list[Operation]] = {}
    for one in entries:
        by_dataset.setdefault(one.dataset, []).append(one)
    common = by_dataset.get(None, [])
    found = list(_queues(registry))
    for name, line in registry.store.lines().items():
        newest = line.head() or line.versions[-1]
        own = sorted([*common, *by_dataset.get(name, [])], key=lambda one: one.seq)
        found += _dataset(registry, name, newest, own)
    return sorted(found, key=lambda one: (KINDS.index(one.kind), -one.n, one.where))[:MOST]


def _dataset(
    registry: Registry, name: str, newest: Committed, entries: Sequence[Operation]
) -> Iterator[Waits]:
    ref = f"{name}@v{newest.number}"
    said = approvals(entries, name)
    standing = said.versions[newest.number]
    if standing.revoked is not None:
        return
    yield from _findings(registry, ref, name, newest)
    yield from _waivers(registry, ref, name, said, newest.number)
    frozen = [one for one in frozen_sets(entries).values() if one.operation.seq > newest.operation.seq]
    if frozen:
        yield Waits("unchecked", ref, name, len(frozen), frozen[-1].name)
    if standing.approved is None:
        if _may_approve(registry, name, newest, entries):
            yield Waits("approve", ref, name, len(standing.approvals))
    elif standing.released is None and in_force(entries, name) is not None:
        yield Waits("release", ref, name)


def _findings(registry: Registry, ref: str, name: str, newest: Committed) -> Iterator[Waits]:
    """What the gate said when the version was made, but for what is waived."""
    gate = registry.policies.recorded(newest.operation)
    findings = () if gate is None else gate.findings
    waived = {one.code for one in registry.policies.waivers(ref) if one.holds(_now(registry))}
    open_ = [one for one in findings if one.code not in waived]
    hits = [one for one in open_ if one.code == "contaminated"]
    if hits:
        yield Waits("contaminated", ref, name, sum(len(one.ids) for one in hits))
    rest = [one for one in open_ if one.code != "contaminated"]
    if rest:
        yield Waits("findings", ref, name, len(rest), ", ".join(one.code for one in rest[:4]))


def _waivers(registry: Registry, ref: str, name: str, said: Approvals, newest: int) -> Iterator[Waits]:
    """Waivers of the newest version, and of the released one, that end soon."""
    now, soon = _now(registry), spell_time(registry.clock() + SOON)
    for number in sorted({newest, said.released or newest}):
        for one in said.versions[number].waivers:
            if one.holds(now) and not one.holds(soon):
                yield Waits("waiver", f"{name}@v{number}", name, 0, f"{one.code}, {one.until[:10]}")


def _may_approve(registry: Registry, name: str, newest: Committed, entries: Sequence[Operation]) -> bool:
    body = {"version": newest.number, "fingerprint": newest.operation.body.get("fingerprint")}
    asked = Operation(0, None, _now(registry), registry.actor, "approve", name, body)
    return objection(entries, asked) is None


def _queues(registry: Registry) -> Iterator[Waits]:
    found, looked = registry.reviews.fold(), 0
    for judged in sorted(found.queues.values(), key=lambda one: -one.queue.operation.seq):
        looked += len(judged.queue.ids)
        if looked > LOOKED_AT:
            return
        states = [case.state(judged.queue.reviewers) for case in judged.cases.values()]
        if states.count(DECIDED) < len(judged.queue.ids):
            left = count_waiting(found, judged, registry.actor)
            if left:
                yield Waits("queue", judged.queue.name, judged.queue.dataset, left)
        if CONFLICT in states:
            disputed = count_waiting(found, judged, registry.actor, conflicts=True)
            if disputed:
                yield Waits("conflicts", judged.queue.name, judged.queue.dataset, disputed)


def _now(registry: Registry) -> str:
    return spell_time(registry.clock())
