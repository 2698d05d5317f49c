"""/d/NAME/policy: the policy in force, what it says of a version, and the acts that four eyes guard."""

from __future__ import annotations

import shlex
from typing import Any, Final, Literal
from urllib.parse import quote

import yaml
from pydantic import BaseModel, Field

from assay.errors import AssayError, UsageError
from assay.govern.approvals import Standing
from assay.govern.gate import Gate
from assay.govern.policy import Policy
from assay.kernels.ids import id_list
from assay.model.escape import acts_unseen
from assay.registry import Registry
from assay.registry.governing.policies import InForce
from assay.registry.governing.releases import Act
from assay.registry.timing import spell_time
from assay.registry.version import Version
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Done, Page, Pages

pages = Pages()
Moment = Literal["commit", "release", "train"]
AT_ONCE: Final = 20_000
"""Rows up to which a version is held against the policy whenever the page is opened; beyond, when it is asked for."""
IDS: Final = 8
EXAMPLE: Final = "approvals: 1\nrules:\n  - contamination\n  - pii: {commit: warn}\n"


class Rule(BaseModel):
    """A rule of the policy and what it does at each moment; `parameters` are the others of its fields."""

    kind: str
    commit: str
    release: str
    train: str
    parameters: dict[str, Any]


class Policied(BaseModel):
    """The policy in force. `own`: it is this dataset's, not that of all. `yaml`: as it would be written."""

    number: int
    digest: str
    own: bool
    time: str
    actor: str
    reason: str
    approvals: int
    approvers: list[str]
    training: str
    description: str
    rules: list[Rule]
    yaml: str


class Outcome(BaseModel):
    """One line of the gate. `value`, `limit`: as people read them. `ids`: the first of `count` examples."""

    rule: str
    code: str
    status: str
    severity: str
    value: str
    limit: str
    message: str
    count: int
    ids: list[str]
    waiver: dict[str, str] | None


class GateTable(BaseModel):
    """What a policy says of a version. `told`: `now`, or `recorded` when the version was made."""

    told: Literal["now", "recorded", "trial"]
    moment: str
    passed: bool
    result: str
    outcomes: list[Outcome]


class Told(BaseModel):
    """Who did something to the version, and when."""

    actor: str
    time: str
    seq: int


class Waived(BaseModel):
    """A finding that is let pass. `holds`: still."""

    code: str
    until: str
    actor: str
    reason: str
    holds: bool


class PolicyPage(Page):
    """All that the page shows. `gate` None: the version was not held against the policy yet; `checked` says whether it
    can be done at once. `codes`: what can be waived. `may`: whether who asks may act."""

    name: str
    ref: str
    rows: int
    fingerprint: str
    moment: Moment
    policy: Policied | None
    gate: GateTable | None
    authors: list[str]
    approvals: list[Told]
    needed: int
    approved: Told | None
    released: Told | None
    revoked: Told | None
    waivers: list[Waived]
    codes: list[str]
    may: bool
    draft: str


class TryPage(Page):
    """What a policy that is not in force would say of a version. `problem`: why it is none."""

    name: str
    ref: str
    text: str
    problem: str
    hint: str
    gate: GateTable | None


class Draft(BaseModel):
    """A policy as YAML. `everywhere`: for every dataset that has none of its own."""

    text: str = Field(max_length=200_000)
    ref: str = Field(default="", max_length=200)
    reason: str = Field(default="", max_length=2_000)
    everywhere: bool = False


class Note(BaseModel):
    """An act on a version, and why."""

    ref: str = Field(max_length=200)
    reason: str = Field(default="", max_length=2_000)


class Waive(Note):
    """A finding that is to be let pass, up to the end of a day (UTC)."""

    code: str = Field(max_length=100)
    until: str = Field(max_length=40)


@pages.page("/d/{name}/policy", Permission.READ, "policy.html")
def policy(ask: Ask, name: str, ref: str = "", moment: Moment = "release", check: bool = False) -> PolicyPage:
    """The policy in force for a dataset, and what it says of a version."""
    registry = ask.registry
    version = registry.version(ref or name)
    name = version.manifest.dataset
    found = registry.policies.show(name)
    standing = registry.releases.standing(version.manifest.ref)
    gate = None if found is None else _gate(registry, version, moment, check)
    codes = sorted(code for rule in found.policy.rules for code in rule.codes) if found else []
    return PolicyPage(
        command=shlex.join(["assay", "check", version.manifest.ref, "--at", moment]),
        name=name, ref=version.manifest.ref, rows=len(version), fingerprint=version.fingerprint, moment=moment,
        policy=None if found is None else policied(registry, found, name), gate=gate,
        authors=sorted(standing.authors), approvals=[_told(one) for one in standing.approvals],
        needed=registry.releases.needed(name), approved=_maybe(standing.approved), released=_maybe(standing.released),
        revoked=_maybe(standing.revoked), waivers=_waivers(registry, standing), codes=codes,
        may=ask.identity.may(Permission.RELEASE), draft=EXAMPLE if found is None else spelled(found.policy),
    )  # fmt: skip


@pages.page("/d/{name}/policy/try", Permission.RELEASE, "policy_try.html", method="POST")
def trial(ask: Ask, name: str, form: Draft) -> TryPage:
    """What a policy would say of a version; nothing is written."""
    registry = ask.registry
    version = registry.version(form.ref or name)
    text = form.text.replace("\r\n", "\n")
    told = {"name": version.manifest.dataset, "ref": version.manifest.ref, "text": text}
    command = shlex.join(["assay", "policy", "test", "FILE", version.manifest.ref])
    try:
        proposed = registry.policies.parse(text.encode(), "the text")
        gate = registry.policies.test(proposed.as_json(), version.manifest.ref)
    except AssayError as error:
        return TryPage(command=command, **told, problem=error.message, hint=error.hint, gate=None)
    return TryPage(command=command, **told, problem="", hint="", gate=_table(gate, "trial"))


@pages.act("/d/{name}/policy/set", Permission.RELEASE)
def put(ask: Ask, name: str, form: Draft) -> Done:
    """Put a policy in force."""
    policies = ask.registry.policies
    proposed = policies.parse(form.text.replace("\r\n", "\n").encode(), "the text")
    dataset = None if form.everywhere else ask.registry.version(name).manifest.dataset
    done = policies.set(proposed.as_json(), dataset, reason=form.reason)
    assert done is not None
    return Done(said=f"policy {done.enacted.number} is in force", see=_see(name), answer=done.as_json())


@pages.act("/d/{name}/policy/approve", Permission.RELEASE)
def approve(ask: Ask, name: str, form: Note) -> Done:
    """Approve a version. Its authors may not."""
    return _done(name, ask.registry.releases.approve(_of(ask, name, form.ref), form.reason))


@pages.act("/d/{name}/policy/release", Permission.RELEASE)
def release(ask: Ask, name: str, form: Note) -> Done:
    """Release a version that is approved and passes the gate."""
    return _done(name, ask.registry.releases.release(_of(ask, name, form.ref), form.reason))


@pages.act("/d/{name}/policy/revoke", Permission.RELEASE)
def revoke(ask: Ask, name: str, form: Note) -> Done:
    """Withdraw a version for good; it takes a reason."""
    return _done(name, ask.registry.releases.revoke(_of(ask, name, form.ref), form.reason))


@pages.act("/d/{name}/policy/waive", Permission.RELEASE)
def waive(ask: Ask, name: str, form: Waive) -> Done:
    """Let a finding of a version pass for a while. Its authors may not."""
    ref = _of(ask, name, form.ref)
    done = ask.registry.policies.waive(ref, form.code, until=form.until.strip(), reason=form.reason)
    assert done is not None
    answer = {"version": ref, "code": form.code, "until": form.until, "operation": done.seq}
    return Done(said=f"{form.code} of {ref} is waived", see=_see(name, ref), answer=answer)


def _of(ask: Ask, name: str, ref: str) -> str:
    """The version that a form names, which must be of the page's dataset: an act is on what one saw."""
    found = ask.registry.version(ref).manifest
    if found.dataset != name:
        raise UsageError(f"{found.ref} is no version of {name}", f"act on the page of {found.dataset}")
    return found.ref


def _done(name: str, act: Act) -> Done:
    return Done(said=f"{act.action} {act.version}", see=_see(name, act.version), answer=act.as_json())


def _see(name: str, ref: str = "") -> str:
    return f"/d/{quote(name)}/policy" + (f"?ref={quote(ref)}" if ref else "")


def _gate(registry: Registry, version: Version, moment: Moment, check: bool) -> GateTable | None:
    """What the policy says now, where that is quick or asked for; else what it said when the version was made."""
    if check or len(version) <= AT_ONCE:
        return _table(registry.policies.check(version.manifest.ref, moment), "now")
    recorded = registry.policies.recorded(version.operation)
    return None if recorded is None else _table(recorded, "recorded")


def _table(gate: Gate, told: Literal["now", "recorded", "trial"]) -> GateTable:
    outcomes = [
        Outcome(
            rule=one.rule, code=one.code, status=one.status, severity=one.severity, value=_number(one.value, one.unit),
            limit=_number(one.limit, one.unit), message=one.message, count=len(one.ids),
            ids=[id_.hex() for id_ in id_list(one.ids[:IDS])], waiver=None if one.waiver is None else dict(one.waiver),
        )
        for one in gate.outcomes
    ]  # fmt: skip
    return GateTable(told=told, moment=gate.moment, passed=gate.passed, result=gate.result, outcomes=outcomes)


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{100 * value:.2f} %" if unit == "share" else f"{value:,.6g}"


def policied(registry: Registry, found: InForce, name: str | None) -> Policied:
    """The policy in force, as pages show it; `name`: of the dataset whose page it is."""
    one, policy = found.enacted, found.policy
    rules = []
    for rule in policy.rules:
        said = rule.model_dump(mode="json", exclude_none=True)
        moments = {at: str(said.pop(at)) for at in ("commit", "release", "train")}
        rules.append(Rule(kind=rule.kind, parameters=said, **moments))
    return Policied(
        number=one.number, digest=one.digest, own=one.dataset == name, time=one.operation.time,
        actor=one.operation.actor, reason=registry.said(one.operation), approvals=policy.approvals,
        approvers=list(policy.approvers), training=policy.training,
        description=policy.description, rules=rules, yaml=spelled(policy),
    )  # fmt: skip


def spelled(policy: Policy) -> str:
    """The policy as YAML; characters that act unseen are spelled out."""
    value = policy.as_json()
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    return yaml.safe_dump(value, sort_keys=False, width=100) if acts_unseen(text) else text


def _told(operation: Any) -> Told:
    return Told(actor=operation.actor, time=operation.time, seq=operation.seq)


def _maybe(operation: Any) -> Told | None:
    return None if operation is None else _told(operation)


def _waivers(registry: Registry, standing: Standing) -> list[Waived]:
    now = spell_time(registry.clock())
    return [
        Waived(
            code=one.code, until=one.until, actor=one.operation.actor, reason=registry.said(one.operation),
            holds=one.holds(now),
        )
        for one in standing.waivers
    ]  # fmt: skip
