"""`registry.policies`: which policy is in force, what it says of a version, and what is let pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import BadInput, Forbidden, InvalidPolicy, NotFound, UsageError
from assay.govern.approvals import WAIVE, Waiver, approvals, end_of_day, objection
from assay.govern.enacted import POLICY, Enacted, enacted, in_force
from assay.govern.gate import Gate, evaluate, read_gate
from assay.govern.policy import Policy, parse_policy, rule_classes
from assay.govern.rule import Moment, Rule
from assay.model.operation import Operation
from assay.model.ref import Ref
from assay.registry.acting import noted
from assay.registry.governing.gating import gate_of, policy_of, refused
from assay.registry.governing.viewing import RegistryView
from assay.registry.listing import resolve
from assay.registry.loading import Door
from assay.registry.strict_yaml import read_yaml
from assay.registry.timing import spell_time
from assay.store.heads import Committed

if TYPE_CHECKING:
    from assay.registry import Registry

_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class InForce:
    """A policy and where the log has it."""

    enacted: Enacted
    policy: Policy

    def as_json(self) -> dict[str, Any]:
        one = self.enacted
        return {
            "dataset": one.dataset,
            "number": one.number,
            "digest": one.digest,
            "time": one.operation.time,
            "actor": one.operation.actor,
            "operation": one.operation.seq,
            "policy": self.policy.as_json(),
        }


@dataclass(frozen=True)
class Policies:
    """The policies of one registry. Every method either does all it says or changes nothing."""

    registry: Registry

    def read(self, source: str | Path | Mapping[str, Any]) -> Policy:
        """A policy from a YAML file, or from plain data. Raises NotFound, BadInput, InvalidPolicy."""
        if isinstance(source, Mapping):
            return parse_policy(source)
        path = Path(source)
        if not path.is_file():
            raise NotFound(
                f"no policy at {source}", "give the path of a YAML file; docs/policies.md shows one"
            )
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{source} is too large for a policy", "a policy is a page of YAML")
        return self.parse(path.read_bytes(), str(source))

    def parse(self, text: bytes, source: str) -> Policy:
        """A policy from YAML; `source` says in an error where it stands. Raises BadInput, InvalidPolicy."""
        if len(text) > _MAX_BYTES:
            raise BadInput(f"{source} is too large for a policy", "a policy is a page of YAML")
        try:
            value = read_yaml(text)
        except ValueError as error:
            raise InvalidPolicy(
                f"{source} is not YAML that can be read: {error}", "see docs/policies.md"
            ) from None
        return parse_policy(value)

    def set(
        self,
        source: str | Path | Mapping[str, Any],
        dataset: str | None = None,
        *,
        reason: str = "",
        dry_run: bool = False,
    ) -> InForce | None:
        """Put a policy in force: for one dataset, or for all that have none of their own.

        None after a dry run. Raises as `read` does, and NotFound for a dataset that there is not.
        """
        policy = self.read(source)
        if dataset is not None:
            resolve(self.registry, Ref(dataset))
        if dry_run:
            return None
        body = {
            "policy": self.registry.store.objects.put_json(policy.as_json()),
            "digest": policy.digest,
            "approvals": policy.approvals,
            "approvers": list(policy.approvers),
            **noted(self.registry, reason),
        }
        done = self.registry.act(POLICY, dataset, body)
        found = None
        for entry in self.registry.store.log.entries()[: done.seq]:
            if entry.action == POLICY and entry.dataset == dataset:
                found = enacted(entry, found) or found
        assert found is not None  # it was just written
        return InForce(found, policy)

    def show(self, dataset: str | None = None) -> InForce | None:
        """The policy in force for a dataset, or (None) for those without one of their own; None without any."""
        found = in_force(self.registry.store.log.entries(), dataset)
        return None if found is None else InForce(found, policy_of(self.registry, found))

    def rules(self) -> dict[str, type[Rule]]:
        """Every rule that a policy may name."""
        return rule_classes()

    def test(self, source: str | Path | Mapping[str, Any], ref: str, moment: Moment = "release") -> Gate:
        """What a policy that is not in force would say of a version; no waivers count."""
        policy, found = self.read(source), resolve(self.registry, Ref.parse(ref))
        view = RegistryView(self.registry, self.registry.store.objects.manifest(found.manifest))
        return evaluate(policy, view, moment, view.manifest.fingerprint)

    def check(self, ref: str, moment: Moment = "release") -> Gate:
        """What the policy in force says of a version now, with the waivers that hold now."""
        found = resolve(self.registry, Ref.parse(ref))
        return self.gate(found, moment)

    def require(self, ref: str, moment: Moment = "train") -> Gate:
        """`check`, for who is about to use the version. Raises GateFailed where it fails, Revoked where it is."""
        found = resolve(self.registry, Ref.parse(ref))
        Door(self.registry, self.registry.store.objects.manifest(found.manifest), force=False)()
        gate = self.gate(found, moment)
        if not gate.passed:
            raise refused(gate, moment)
        return gate

    def gate(self, found: Committed, moment: Moment) -> Gate:
        """`check` for a version that was looked up."""
        dataset = str(found.operation.dataset)
        entries = self.registry.store.log.entries()
        manifest = self.registry.store.objects.manifest(found.manifest)
        enacted_ = in_force(entries, dataset)
        holding = [one for one in self._waivers(entries, dataset, found.number) if one.holds(self._now())]
        return gate_of(self.registry, manifest, enacted_, moment, holding)

    def recorded(self, operation: Operation) -> Gate | None:
        """What a gate said when an operation was written; None where none was asked. Raises Damaged."""
        name = operation.body.get("findings")
        return read_gate(self.registry.store.objects, name) if isinstance(name, str) else None

    def waivers(self, ref: str) -> tuple[Waiver, ...]:
        """What was let pass of a version, expired or not."""
        found = resolve(self.registry, Ref.parse(ref))
        return self._waivers(self.registry.store.log.entries(), str(found.operation.dataset), found.number)

    def waive(
        self, ref: str, code: str, *, until: str, reason: str, dry_run: bool = False
    ) -> Operation | None:
        """Let a finding of a version pass up to the end of a day (UTC). None after a dry run.

        Raises Forbidden for an author of the version; UsageError for a code that no rule in force has, a day that is
        past or none, and for no reason.
        """
        found = resolve(self.registry, Ref.parse(ref))
        dataset = str(found.operation.dataset)
        if not reason.strip():
            raise UsageError("a waiver needs a reason", "say why the finding may pass: --reason TEXT")
        if end_of_day(until) < self._now():
            raise UsageError(f"{until} is past", "name the last day on which the waiver is to count")
        self._check_code(dataset, code)
        said = {
            "version": found.number,
            "fingerprint": found.operation.body["fingerprint"],
            "code": code,
            "until": until,
        }
        self._allow(self.registry.store.log.entries(), dataset, said)
        if dry_run:
            return None
        body = said | noted(self.registry, reason)
        return self.registry.act(WAIVE, dataset, body, lambda entries: self._allow(entries, dataset, said))

    def _check_code(self, dataset: str, code: str) -> None:
        shown = self.show(dataset)
        if shown is None:
            raise UsageError("no policy is in force: there is nothing to waive", "`assay policy set FILE`")
        codes = sorted(known for rule in shown.policy.rules for known in rule.codes)
        if code not in codes:
            raise UsageError(f"no rule in force has the code {code!r}", f"its codes: {', '.join(codes)}")

    def _allow(self, entries: Any, dataset: str, body: Mapping[str, Any]) -> None:
        proposed = Operation(0, None, self._now(), self.registry.actor, WAIVE, dataset, body)
        reason = objection(entries, proposed)
        if reason is not None:
            raise Forbidden(reason, "let somebody else decide, who made none of it")

    def _waivers(self, entries: Any, dataset: str, number: int) -> tuple[Waiver, ...]:
        standing = approvals(entries, dataset).versions.get(number)
        return standing.waivers if standing is not None else ()

    def _now(self) -> str:
        return self.registry.store.until or spell_time(self.registry.clock())
