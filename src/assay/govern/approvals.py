"""Who approved, released, revoked and waived what: a fold of the log, which also says what does not count and why.

**Separation of duties.** The authors of a version are the actors of all operations that made it or a version that
leads to it, back to the last approved ones; through a merge, those of both sides; through a rollback, also those of the
version that came back. No author may approve the version or waive a finding of it. The rule is asked when an
operation is about to be written, and again whenever the log is read: an entry that breaks it, however it got
there, does not count and is listed in `refused`.

A revocation is for good, and it binds what a rollback brings back. What was approved stays approved when a later policy
asks for more; what is to be released must meet the policy of that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from assay.errors import UsageError
from assay.govern.enacted import POLICY, Enacted, enacted
from assay.model.operation import Operation
from assay.model.ref import end_of
from assay.store.heads import BRANCH, MAIN

APPROVE: Final = "approve"
RELEASE: Final = "release"
REVOKE: Final = "revoke"
WAIVE: Final = "waive"
ACTIONS: Final = (APPROVE, RELEASE, REVOKE, WAIVE)

GATE_OPEN: Final = ("passed", "waived", "none")
"""What `gate` of a release may say: no rule is broken, those that are were waived, no policy is in force."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that is let pass: of which version, under which code, up to the end of which day (UTC)."""

    version: int
    code: str
    until: str
    operation: Operation

    def holds(self, now: str) -> bool:
        """Whether it still counts at a moment (RFC 3339, UTC)."""
        return now <= end_of(self.until)


@dataclass(frozen=True, slots=True)
class Refused:
    """An operation in the log that does not count, and why."""

    operation: Operation
    reason: str


@dataclass(frozen=True)
class Standing:
    """What was said of one version. `approvals` are those that count, one a person; `approved` is the one that
    completed them. `revoked` may be that of the version that a rollback brought back."""

    number: int
    authors: frozenset[str]
    approvals: tuple[Operation, ...] = ()
    approved: Operation | None = None
    released: Operation | None = None
    revoked: Operation | None = None
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True)
class Approvals:
    """All of it for a dataset. `approved`: the newest version that is approved; `released`: the one that was released
    last; neither is revoked, and either may be None."""

    versions: Mapping[int, Standing]
    approved: int | None
    released: int | None
    refused: tuple[Refused, ...]


def approvals(entries: Iterable[Operation], dataset: str) -> Approvals:
    """What counts of all that was said of a dataset's versions, and what does not."""
    fold = _Fold(dataset)
    for operation in entries:
        fold.take(operation)
    return fold.result()


def objection(entries: Iterable[Operation], operation: Operation) -> str | None:
    """Why an operation would not count if it came after `entries`; None when it would."""
    fold = _Fold(operation.dataset or "")
    for entry in entries:
        fold.take(entry)
    return fold.objection(operation)


def uncounted(entries: Iterable[Operation], dataset: str) -> frozenset[int]:
    """The `seq` of all approvals, releases and revocations that give a version nothing: those that break a rule,
    approvals of a version that needs more of them, and what was said of one that is revoked by a rollback."""
    found = approvals(entries, dataset)
    seqs = {one.operation.seq for one in found.refused}
    for standing in found.versions.values():
        if standing.approved is None or standing.revoked is not None:
            seqs |= {one.seq for one in standing.approvals}
        if standing.released is not None and standing.revoked is not None:
            seqs.add(standing.released.seq)
    return frozenset(seqs)


@dataclass
class _Version:
    operation: Operation
    before: tuple[int, ...]
    back_to: int | None
    approvals: list[Operation] = field(default_factory=list)
    approved: Operation | None = None
    released: Operation | None = None
    revoked: Operation | None = None
    waivers: list[Waiver] = field(default_factory=list)


class _Fold:
    """The state after some entries. Total: whatever the log says, it never raises."""

    def __init__(self, dataset: str) -> None:
        self._dataset = dataset
        self._versions: dict[int, _Version] = {}
        self._heads: dict[str, int] = {}
        self._own: Enacted | None = None
        self._common: Enacted | None = None
        self._refused: list[Refused] = []

    def take(self, operation: Operation) -> None:
        if operation.action == POLICY and operation.dataset is None:
            self._common = enacted(operation, self._common) or self._common
        if operation.dataset != self._dataset:
            return
        if operation.action == POLICY:
            self._own = enacted(operation, self._own) or self._own
        elif operation.action == BRANCH:
            name, start = operation.body.get("name"), operation.body.get("version")
            if isinstance(name, str) and isinstance(start, int) and start in self._versions:
                self._heads.setdefault(name, start)
        elif operation.action in ACTIONS:
            reason = self.objection(operation)
            if reason is not None:
                self._refused.append(Refused(operation, reason))
            else:
                self._accept(operation)
        elif "manifest" in operation.body:
            self._made(operation)

    def _made(self, operation: Operation) -> None:
        body = operation.body
        number, branch = body.get("version"), str(body.get("branch", MAIN))
        if not isinstance(number, int):
            return
        before = [self._heads.get(branch), body.get("from"), body.get("to")]
        known = tuple(n for n in before if isinstance(n, int) and n in self._versions)
        back = body.get("to") if operation.action == "rollback" else None
        self._versions[number] = _Version(operation, known, back if isinstance(back, int) else None)
        self._heads[branch] = number

    def _accept(self, operation: Operation) -> None:
        body = operation.body
        version = self._versions[body["version"]]
        if operation.action == APPROVE:
            version.approvals.append(operation)
            if version.approved is None and len(version.approvals) >= self._asked():
                version.approved = operation
        elif operation.action == RELEASE:
            version.released = operation
        elif operation.action == REVOKE:
            version.revoked = operation
        else:
            version.waivers.append(Waiver(body["version"], body["code"], body["until"], operation))

    def _asked(self) -> int:
        policy = self._own or self._common
        return policy.approvals if policy is not None else 1

    def objection(self, operation: Operation) -> str | None:
        """The rule, for the door and for the fold."""
        number = operation.body.get("version")
        if not isinstance(number, int) or number not in self._versions:
            return f"there is no version {number} of {self._dataset}"
        name, version = f"{self._dataset}@v{number}", self._versions[number]
        if operation.body.get("fingerprint") != version.operation.body.get("fingerprint"):
            return f"the fingerprint is not that of {name}"
        if operation.action == REVOKE:
            return f"{name} is revoked already" if self._revocation(number) is not None else None
        if self._revocation(number) is not None:
            return f"{name} is revoked"
        if operation.action == RELEASE:
            return self._against_release(operation, name, version)
        if operation.actor in (authors := self.authors(number)):
            made = authors[operation.actor]
            by = f"{made.action}, operation {made.seq}"
            act = "approve it" if operation.action == APPROVE else "waive its findings"
            return (
                f"{operation.actor} made {self._dataset}@v{made.body['version']} ({by}): "
                f"the author of a change cannot {act}"
            )
        if (reason := self._not_an_approver(operation.actor)) is not None:
            return reason
        if operation.action == WAIVE:
            return _against_waiver(operation)
        if any(one.actor == operation.actor for one in version.approvals):
            return f"{operation.actor} approved {name} already"
        return None

    def _not_an_approver(self, actor: str) -> str | None:
        policy = self._own or self._common
        if policy is None or not policy.approvers or actor in policy.approvers:
            return None
        return f"{actor} is not among the approvers of the policy: {', '.join(policy.approvers)}"

    def _against_release(self, operation: Operation, name: str, version: _Version) -> str | None:
        given, asked = len(version.approvals), self._asked()
        if version.approved is None or given < asked:
            return f"{name} is not approved: {given} of {asked} approvals"
        gate = operation.body.get("gate")
        if gate not in GATE_OPEN or (gate == "none" and (self._own or self._common) is not None):
            return f"{name} was released without passing the gate of the policy"
        return None

    def _revocation(self, number: int) -> Operation | None:
        """That of the version, or of one that a rollback brought back in it."""
        at: int | None = number
        while at is not None and (version := self._versions.get(at)) is not None:
            if version.revoked is not None:
                return version.revoked
            at = version.back_to if version.back_to is not None and version.back_to < at else None
        return None

    def authors(self, number: int) -> dict[str, Operation]:
        """Actor → the newest operation by which they are an author of a version."""
        found: dict[str, Operation] = {}
        waiting, seen = [number], {number}
        while waiting:
            version = self._versions[waiting.pop()]
            actor = version.operation.actor
            if actor not in found or found[actor].seq < version.operation.seq:
                found[actor] = version.operation
            for before in version.before:
                if before not in seen and not self._settled(before):
                    seen.add(before)
                    waiting.append(before)
        return found

    def _settled(self, number: int) -> bool:
        return self._versions[number].approved is not None and self._revocation(number) is None

    def _all_authors(self) -> dict[int, frozenset[str]]:
        """`authors` of every version, each from those before it: what leads to a version has a smaller number."""
        found: dict[int, frozenset[str]] = {}
        for number, version in sorted(self._versions.items()):
            before = [found[n] for n in version.before if n in found and not self._settled(n)]
            found[number] = frozenset({version.operation.actor}).union(*before)
        return found

    def result(self) -> Approvals:
        authors = self._all_authors()
        standing = {
            number: Standing(
                number, authors[number], tuple(v.approvals), v.approved, v.released,
                self._revocation(number), tuple(v.waivers),
            )
            for number, v in self._versions.items()
        }  # fmt: skip
        good = [one for one in standing.values() if one.revoked is None]
        return Approvals(
            standing,
            max((s.number for s in good if s.approved), default=None),
            max(((s.released.seq, s.number) for s in good if s.released), default=(0, None))[1],
            tuple(self._refused),
        )


def end_of_day(day: str) -> str:
    """The last instant of a day (UTC), to be compared as text. Raises UsageError for what is no day."""
    try:
        if "T" not in day:
            return end_of(day)
    except UsageError:
        pass
    raise UsageError(f"{day!r} is not a day", "write YYYY-MM-DD")


def _against_waiver(operation: Operation) -> str | None:
    code, until = operation.body.get("code"), operation.body.get("until")
    if not isinstance(code, str) or not code or not isinstance(until, str):
        return "a waiver names a code and a day"
    try:
        end = end_of_day(until)
    except UsageError as error:
        return error.message
    return f"the waiver had expired when it was given: {until}" if end < operation.time else None
