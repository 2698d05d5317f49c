"""A policy: what a version must be like, and who may approve it. Recipe ≠ policy: a recipe makes, a policy allows.

approvals: 2
approvers: [mira, chen]
rules:
  - pii: {commit: refuse}
  - licences: {allowed: [MIT, CC-BY-4.0]}
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assay.curate.plan import describe_problems
from assay.errors import InvalidPolicy
from assay.govern.rule import Rule
from assay.model.canonical import canonical_json

Training = Literal["any", "approved", "released"]
"""Which versions models may learn from; a revoked one never is."""

GROUP: Final = "assay.policies"
FORMAT: Final = 1


class _Head(BaseModel):
    """All of a policy but its rules."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: int = Field(default=FORMAT, ge=1, le=FORMAT)
    description: str = Field(default="", max_length=2_000)
    approvals: int = Field(default=1, ge=1, le=10)
    approvers: tuple[str, ...] = Field(default=(), max_length=64)
    training: Training = "any"
    rules: tuple[Any, ...] = ()

    @field_validator("approvers")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() or len(name) > 100 for name in names):
            raise ValueError("an approver is a name of at most 100 characters")
        if len(set(names)) < len(names):
            raise ValueError("an approver is named twice")
        return names


@dataclass(frozen=True)
class Policy:
    """The rules in the order written, how many approvals a release needs, who may give them (nobody named: all), and
    which versions models may learn from.

    No author of a change may approve it, whoever is named.
    """

    rules: tuple[Rule, ...] = ()
    approvals: int = 1
    approvers: tuple[str, ...] = ()
    description: str = ""
    training: Training = "any"

    def as_json(self) -> dict[str, Any]:
        """The policy as it would be written in YAML, every default spelled out but `training: any`, which is left out:
        policies that were digested before there was such a field keep their digests."""
        training = {} if self.training == "any" else {"training": self.training}
        return {
            "format": FORMAT,
            "description": self.description,
            "approvals": self.approvals,
            "approvers": list(self.approvers),
            **training,
            "rules": [{rule.kind: rule.model_dump(mode="json", exclude_none=True)} for rule in self.rules],
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON: equal policies have equal digests."""
        return "sha256:" + hashlib.sha256(canonical_json(self.as_json())).hexdigest()


def rule_classes() -> dict[str, type[Rule]]:
    """Every rule that is installed, by the name it has in a policy."""
    return {name: point.load() for name, point in sorted(_points().items())}


def parse_policy(value: Any) -> Policy:
    """A policy from plain data. Raises InvalidPolicy with one line for each problem."""
    if not isinstance(value, Mapping):
        raise refusal(
            ["a policy is a map with the keys rules, approvals, approvers, training and description"]
        )
    problems: list[str] = []
    head = _Head()
    try:
        head = _Head.model_validate(_tuples(value))
    except ValidationError as error:
        problems += [line.removeprefix("policy.") for line in describe_problems(error, "policy", _Head)]
    listed = value.get("rules") or ()
    rules = _rules(listed if isinstance(listed, (list, tuple)) else (), problems)
    kinds = [rule.kind for rule in rules]
    problems += [f"{k}: named twice; a rule stands once" for k in sorted(set(kinds)) if kinds.count(k) > 1]
    if len(head.approvers) and len(head.approvers) < head.approvals:
        problems.append(f"approvals: {head.approvals} are asked for and {len(head.approvers)} may give them")
    if problems:
        raise refusal(problems)
    return Policy(rules, head.approvals, head.approvers, head.description, head.training)


def refusal(problems: list[str]) -> InvalidPolicy:
    listed = "\n".join(f"  {problem}" for problem in problems)
    return InvalidPolicy(
        f"the policy does not hold:\n{listed}", "`assay policy rules` lists every rule and its parameters"
    )


def _rules(listed: Any, problems: list[str]) -> tuple[Rule, ...]:
    points = _points()
    rules: list[Rule] = []
    for position, entry in enumerate(listed):
        if isinstance(entry, str):
            entry = {entry: {}}
        if not isinstance(entry, Mapping) or len(entry) != 1:
            problems.append(f"rules[{position}]: a rule is a map with one key, such as `pii: {{}}`")
            continue
        ((kind, params),) = entry.items()
        where = f"rules[{position}].{kind}"
        if str(kind) not in points:
            near = difflib.get_close_matches(str(kind), points, n=1)
            meant = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(points))}"
            problems.append(f"{where}: no such rule; {meant}")
        elif params is not None and not isinstance(params, Mapping):
            problems.append(f"{where}: parameters must be a map")
        else:
            rule_class: type[Rule] = points[str(kind)].load()
            try:
                rules.append(rule_class.model_validate(_tuples(params or {})))
            except ValidationError as error:
                problems += describe_problems(error, where, rule_class)
    return tuple(rules)


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _tuples(value: Any) -> Any:
    """Lists as tuples, at every depth: values of frozen models are not to change."""
    if isinstance(value, Mapping):
        return {key: _tuples(held) for key, held in value.items()}
    return tuple(_tuples(held) for held in value) if isinstance(value, (list, tuple)) else value
