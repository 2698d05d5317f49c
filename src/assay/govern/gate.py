"""The gate: a version held against a policy at one moment, with waivers; and the object that keeps the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.errors import Damaged
from assay.govern.approvals import Waiver
from assay.govern.policy import Policy
from assay.govern.rule import Bound, Effect, Moment, Unit
from assay.govern.view import View
from assay.kernels.ids import IdArray, id_list
from assay.store.idsets import ids_body, ids_in
from assay.store.objects import Objects, object_key

Status = Literal["passed", "warned", "failed", "waived"]
Result = Literal["none", "passed", "waived", "failed"]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One verdict of one rule, and what follows from it. A finding is an outcome whose status is not `passed`.

    `effect`: what a broken rule does at this moment. `value`, `limit`, `unit`, `message`, `ids` as in `Verdict`.
    """

    rule: str
    code: str
    status: Status
    effect: Effect
    value: float | None
    limit: float | None
    unit: Unit
    message: str
    ids: IdArray
    bound: Bound = "most"
    waiver: Mapping[str, str] | None = None
    """`until` and `by` of what lets it pass."""

    @property
    def severity(self) -> Severity:
        """`error` for what refuses."""
        return "error" if self.effect == "refuse" else "warning"

    def as_json(self, with_ids: bool = True) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "code": self.code,
            "status": self.status,
            "severity": self.severity,
            "message": self.message,
            "value": None if self.value is None else round(self.value, 6),
            "limit": self.limit,
            "unit": self.unit,
            "bound": self.bound,
            "count": len(self.ids),
            **({"ids": [one.hex() for one in id_list(self.ids)]} if with_ids else {}),
            **({"waiver": dict(self.waiver)} if self.waiver is not None else {}),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """What came of holding a version against a policy. `policy`: its digest, None where none is in force."""

    version: str
    fingerprint: str
    moment: Moment
    policy: str | None
    outcomes: tuple[Outcome, ...] = ()

    @property
    def findings(self) -> tuple[Outcome, ...]:
        """What is broken, whether it refuses, warns or was waived."""
        return tuple(one for one in self.outcomes if one.status != "passed")

    @property
    def passed(self) -> bool:
        """Whether nothing refuses."""
        return all(one.status != "failed" for one in self.outcomes)

    @property
    def result(self) -> Result:
        """In a word, as the log has it; warnings pass."""
        if self.policy is None:
            return "none"
        if not self.passed:
            return "failed"
        return "waived" if any(one.status == "waived" for one in self.outcomes) else "passed"

    def as_json(self, with_ids: bool = True) -> dict[str, Any]:
        return {
            "version": self.version,
            "fingerprint": self.fingerprint,
            "moment": self.moment,
            "policy": self.policy,
            "passed": self.passed,
            "result": self.result,
            "rules": [one.as_json(with_ids=False) for one in self.outcomes],
            "findings": [one.as_json(with_ids) for one in self.findings],
        }


def evaluate(
    policy: Policy, view: View, moment: Moment, fingerprint: str, waivers: Iterable[Waiver] = ()
) -> Gate:
    """Hold a version against all rules that are not off at this moment. `waivers` are those that hold now.

    Raises NotFound, InvalidRecipe, MissingExtra when a rule asks for what there is not, and Damaged.
    """
    # A version just made has no waivers: a number is given once, and a waiver names the version.
    let_pass = {one.code: one for one in sorted(waivers, key=lambda one: one.until)}
    outcomes = []
    for rule in policy.rules:
        effect = rule.effect(moment)
        if effect == "off":
            continue
        for verdict in rule.judge(view):
            waiver = let_pass.get(verdict.code) if not verdict.ok else None
            status: Status = "passed" if verdict.ok else "failed" if effect == "refuse" else "warned"
            outcomes.append(
                Outcome(
                    rule.kind, verdict.code, "waived" if waiver else status, effect, verdict.value,
                    verdict.limit, verdict.unit, verdict.message, verdict.ids, verdict.bound,
                    {"until": waiver.until, "by": waiver.operation.actor} if waiver else None,
                )
            )  # fmt: skip
    return Gate(view.name, fingerprint, moment, policy.digest, tuple(outcomes))


def write_gate(objects: Objects, gate: Gate) -> str:
    """Write a result as an object, which operations name; many ids lie in objects that it names."""
    outcomes = [one.as_json(with_ids=False) | ids_body(objects, one.ids) for one in gate.outcomes]
    told = gate.as_json(with_ids=False)
    del told["findings"]
    return objects.put_json(told | {"rules": outcomes})


def read_gate(objects: Objects, name: str) -> Gate:
    """The result that an object holds. Raises Damaged."""
    value = objects.get_json(name)
    try:
        return Gate(
            value["version"], value["fingerprint"], value["moment"], value["policy"],
            tuple(_outcome(objects, one) for one in value["rules"]),
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise Damaged(f"{object_key(name)} is not the result of a gate: {error!r}") from None


def _outcome(objects: Objects, value: Mapping[str, Any]) -> Outcome:
    effect: Effect = "refuse" if value["severity"] == "error" else "warn"
    return Outcome(
        value["rule"], value["code"], value["status"], effect, value["value"], value["limit"], value["unit"],
        value["message"], ids_in(objects, value), value["bound"], value.get("waiver"),
    )  # fmt: skip


def summary(findings: Sequence[Outcome]) -> str:
    """One line a finding, for an error's message."""
    return "\n".join(
        f"  {one.code}: {one.message}"
        + (f" ({len(one.ids):,} example{'' if len(one.ids) == 1 else 's'})" if len(one.ids) else "")
        for one in findings
    )
