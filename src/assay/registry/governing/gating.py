"""The gate at commit: every version is held against the policy before the log names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from assay.errors import GateFailed
from assay.govern.approvals import Waiver
from assay.govern.enacted import Enacted, in_force
from assay.govern.gate import Gate, evaluate, summary, write_gate
from assay.govern.policy import Policy, parse_policy
from assay.govern.rule import Moment
from assay.model.operation import Operation
from assay.model.version import Manifest
from assay.registry.governing.viewing import RegistryView
from assay.registry.timing import spell_time
from assay.store.commit import Draft, commit

if TYPE_CHECKING:
    from assay.registry import Registry

REMEDIES: Final = frozenset({"disable", "rollback"})
"""What takes examples away or goes back must be quick and is never refused: the gate of the release sees it."""


def commit_version(registry: Registry, draft: Draft) -> tuple[Manifest, Gate | None]:
    """Commit a draft through the gate: the version, and what the policy says of it (None without a policy).

    Every door that makes a version goes through here. Raises GateFailed, Conflict, UsageError.
    """
    store, gate = registry.store, _CommitGate(registry, draft.action)
    made = commit(
        store.objects,
        store.log,
        replace(draft, gate=gate),
        actor=registry.actor,
        time=spell_time(registry.clock()),
    )
    return made, gate.result


@dataclass
class _CommitGate:
    registry: Registry
    action: str
    result: Gate | None = None
    _known: dict[tuple[str, str], Gate] = field(default_factory=dict)

    def __call__(self, manifest: Manifest, entries: Sequence[Operation]) -> Mapping[str, Any]:
        enacted = in_force(entries, manifest.dataset)
        if enacted is None or self.action in REMEDIES:
            self.result = None
            return {}
        key = (manifest.name, enacted.object)
        if key not in self._known:
            self._known[key] = gate_of(self.registry, manifest, enacted, "commit")
        self.result = gate = self._known[key]
        if not gate.passed:
            raise refused(gate, "commit")
        return {"findings": write_gate(self.registry.store.objects, gate), "gate": gate.result}


def policy_of(registry: Registry, enacted: Enacted) -> Policy:
    """The policy that an operation put in force. Raises InvalidPolicy, Damaged."""
    return parse_policy(registry.store.objects.get_json(enacted.object))


def gate_of(
    registry: Registry,
    manifest: Manifest,
    enacted: Enacted | None,
    moment: Moment,
    waivers: Sequence[Waiver] = (),
) -> Gate:
    """What the policy says of a version at a moment."""
    if enacted is None:
        return Gate(manifest.ref, manifest.fingerprint, moment, None)
    policy = policy_of(registry, enacted)
    return evaluate(policy, RegistryView(registry, manifest), moment, manifest.fingerprint, waivers)


def refused(gate: Gate, moment: Moment) -> GateFailed:
    """The error that says all of a gate that failed."""
    failed = [one for one in gate.outcomes if one.status == "failed"]
    verb = {"commit": "made", "release": "released", "train": "trained on"}[moment]
    rules = f"{len(failed)} rule{'' if len(failed) == 1 else 's'} of the policy"
    hint = {
        "commit": "repair the data or the recipe and run again; `assay policy show` says what is asked",
        "release": "repair it in a new version, or let a finding pass: `assay waive REF CODE --until DATE --reason …`",
        "train": "train on a version that passes: `assay check REF --at train`",
    }[moment]
    return GateFailed(
        f"{gate.version} is not {verb}: it breaks {rules}\n{summary(failed)}", hint, gate.as_json()
    )
