"""`registry.releases`: who may approve, what may be released, and what was withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import Conflict, Forbidden, NotFound, UsageError
from assay.govern.approvals import APPROVE, RELEASE, REVOKE, Approvals, Standing, approvals, objection
from assay.govern.enacted import POLICY, in_force
from assay.govern.gate import Gate, write_gate
from assay.model.operation import Operation
from assay.model.ref import Ref
from assay.registry.acting import noted
from assay.registry.governing.gating import refused
from assay.registry.listing import resolve
from assay.registry.timing import spell_time
from assay.store.heads import Committed

if TYPE_CHECKING:
    from assay.registry import Registry

_HINTS = {
    APPROVE: "let somebody approve it who made none of it; `assay show REF` lists the authors",
    RELEASE: "`assay show REF` says what is missing",
    REVOKE: "`assay show REF` says since when",
}


@dataclass(frozen=True)
class Act:
    """What was done to a version. `operation` is None after a dry run; `standing` is as it is afterwards, `needed` how
    many approvals a release takes; `gate` what the policy said, of a release."""

    version: str
    action: str
    operation: Operation | None
    standing: Standing
    needed: int
    gate: Gate | None = None

    def as_json(self) -> dict[str, Any]:
        done = self.operation
        return {
            "version": self.version,
            "action": self.action,
            "operation": None if done is None else done.seq,
            "actor": None if done is None else done.actor,
            "time": None if done is None else done.time,
            **standing_json(self.standing, self.needed),
            **({"gate": self.gate.as_json()} if self.gate is not None else {}),
        }


@dataclass(frozen=True)
class Releases:
    """Approvals, releases and revocations of one registry. The rules are asked at the door, at every attempt, and again
    whenever the log is read."""

    registry: Registry

    def approve(self, ref: str, note: str = "", *, dry_run: bool = False) -> Act:
        """Approve a version. Raises Forbidden: to its authors, to whom the policy does not name, and twice."""
        return self._act(APPROVE, ref, note, dry_run)

    def release(self, ref: str, note: str = "", *, dry_run: bool = False) -> Act:
        """Release a version that is approved and passes the gate, findings being waived or not there.

        Raises Forbidden, GateFailed; Conflict when the policy changes meanwhile.
        """
        found = resolve(self.registry, Ref.parse(ref))
        dataset = str(found.operation.dataset)
        before = in_force(self.registry.store.log.entries(), dataset)
        # First what is told at once: reading all rows is for nothing when nobody approved.
        self._allow(
            self.registry.store.log.entries(), RELEASE, found, {"gate": "passed" if before else "none"}
        )
        gate = self.registry.policies.gate(found, "release")
        if not gate.passed:
            raise refused(gate, "release")
        said: dict[str, Any] = {"gate": gate.result}
        if before is not None and not dry_run:
            said["findings"] = write_gate(self.registry.store.objects, gate)

        def same_policy(entries: Sequence[Operation]) -> None:
            now = in_force(entries, dataset)
            if now != before:
                raise Conflict(
                    f"the policy of {dataset} changed while {ref} was looked at",
                    "run the command again: the new policy will be asked",
                )

        return self._act(RELEASE, ref, note, dry_run, said, gate, same_policy)

    def revoke(self, ref: str, reason: str, *, dry_run: bool = False) -> Act:
        """Withdraw a version for good: its rows are not given out any more. Raises UsageError for no reason."""
        if not reason.strip():
            raise UsageError(
                "a revocation needs a reason", "say what is wrong with the version: --reason TEXT"
            )
        return self._act(REVOKE, ref, reason, dry_run)

    def standing(self, ref: str) -> Standing:
        """What was said of a version, as the rules count it."""
        found = resolve(self.registry, Ref.parse(ref))
        return self.of(str(found.operation.dataset)).versions[found.number]

    def of(self, dataset: str) -> Approvals:
        """All of it for a dataset, with what stands in the log and does not count."""
        return approvals(self.registry.store.log.entries(), dataset)

    def everywhere(self) -> dict[str, Approvals]:
        """The same for every dataset, by one pass over the log."""
        parts: dict[str, list[Operation]] = {name: [] for name in self.registry.store.lines()}
        for one in self.registry.store.log.entries():
            if one.dataset is None:
                for part in parts.values() if one.action == POLICY else ():
                    part.append(one)
            elif one.dataset in parts:
                parts[one.dataset].append(one)
        return {name: approvals(part, name) for name, part in parts.items()}

    def needed(self, dataset: str) -> int:
        """How many approvals a release takes now."""
        found = in_force(self.registry.store.log.entries(), dataset)
        return 1 if found is None else found.approvals

    def _act(
        self,
        action: str,
        ref: str,
        note: str,
        dry_run: bool,
        more: Mapping[str, Any] | None = None,
        gate: Gate | None = None,
        also: Any = None,
    ) -> Act:
        found = resolve(self.registry, Ref.parse(ref))
        dataset, said = str(found.operation.dataset), dict(more or {})
        self._allow(self.registry.store.log.entries(), action, found, said)
        done = None
        if not dry_run:
            body = self._body(found) | said | noted(self.registry, note)

            def check(entries: Sequence[Operation]) -> None:
                self._allow(entries, action, found, said)
                if also is not None:
                    also(entries)

            done = self.registry.act(action, dataset, body, check)
        standing = self.of(dataset).versions[found.number]
        return Act(f"{dataset}@v{found.number}", action, done, standing, self.needed(dataset), gate)

    def _allow(
        self, entries: Sequence[Operation], action: str, found: Committed, said: Mapping[str, Any]
    ) -> None:
        if found.operation not in entries:
            raise NotFound(f"v{found.number} is not in the log", "run the command again")
        now = spell_time(self.registry.clock())
        body = self._body(found) | dict(said)
        proposed = Operation(0, None, now, self.registry.actor, action, found.operation.dataset, body)
        reason = objection(entries, proposed)
        if reason is not None:
            raise Forbidden(reason, _HINTS[action])

    @staticmethod
    def _body(found: Committed) -> dict[str, Any]:
        return {"version": found.number, "fingerprint": found.operation.body["fingerprint"]}


def standing_json(standing: Standing, needed: int) -> dict[str, Any]:
    """What was said of a version, as scripts read it."""

    def told(one: Operation | None) -> dict[str, Any] | None:
        return None if one is None else {"actor": one.actor, "time": one.time, "operation": one.seq}

    return {
        "authors": sorted(standing.authors),
        "approvals": [told(one) for one in standing.approvals],
        "needed": needed,
        "approved": told(standing.approved),
        "released": told(standing.released),
        "revoked": told(standing.revoked),
        "waivers": [
            {
                "code": one.code,
                "until": one.until,
                "actor": one.operation.actor,
                "operation": one.operation.seq,
            }
            for one in standing.waivers
        ],
    }
