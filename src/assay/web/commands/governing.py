"""policy, waive, approve, release, revoke, runs link, gold."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from assay.errors import InvalidPolicy, NotFound
from assay.govern.pages import page
from assay.govern.policy import rule_classes
from assay.registry.review.gold import create_gold
from assay.registry.review.results import Rules
from assay.registry.review.samples import Drawing
from assay.registry.strict_yaml import read_yaml
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.commands.declaring import Answer, Body, Commands, Exit, Named, Ref, Some, Told

commands = Commands()


class Note(Body):
    ref: Named
    note: Told = ""
    dry_run: bool = False


class Reason(Body):
    ref: Named
    reason: Named
    dry_run: bool = False


class Waive(Body):
    ref: Named
    code: Named
    until: Named = Field(description="the last day on which it counts, YYYY-MM-DD")
    reason: Named
    dry_run: bool = False


class NewPolicy(Body):
    yaml: str = Field(max_length=1_000_000, description="what the file of the command holds")
    dataset: Told | None = None
    reason: Told = ""
    dry_run: bool = False


class TestPolicy(Body):
    yaml: str = Field(max_length=1_000_000)
    ref: Named
    at: Literal["commit", "release", "train"] = "release"


class Link(Body):
    ref: Named
    run: Named
    model: Told = ""
    base_model: Told = ""
    tracker: Told = ""
    url: Told = ""
    trackers: dict[Named, Named] = Field(default_factory=dict, max_length=20)


class Gold(Body):
    name: Named
    ref: Named = Field(alias="from")
    n: int = Field(default=300, ge=1, le=100_000)
    by: Told | None = None
    seed: int = Field(default=0, ge=0, lt=1 << 63)
    double: bool = False
    note: Told = ""
    dry_run: bool = False


@commands.get("policy show")
def show(ask: Ask, dataset: Some = None) -> Answer:
    """The policy in force for a dataset, or for all that have none of their own."""
    found = ask.registry.policies.show(dataset)
    return {"policy": None} if found is None else found.as_json()


@commands.get("policy rules")
def rules(ask: Ask, rule: Some = None) -> Answer:
    """The rules that a policy may name, or one rule's page."""
    known = rule_classes()
    if rule is None:
        return {"rules": {name: dict(one.codes) for name, one in known.items()}}
    if rule not in known:
        raise NotFound(f"no rule {rule[:60]!r}", f"there are: {', '.join(known)}")
    return {"rule": rule, "codes": dict(known[rule].codes), "page": page(known[rule])}


@commands.post("policy set", Permission.RELEASE)
def set_policy(ask: Ask, form: NewPolicy) -> Answer:
    """Put a policy in force, from now on."""
    policies, said = ask.registry.policies, _yaml(form.yaml)
    done = policies.set(said, form.dataset, reason=form.reason, dry_run=form.dry_run)
    if done is not None:
        return done.as_json()
    policy = policies.read(said)
    return {"dataset": form.dataset, "digest": policy.digest, "policy": policy.as_json()}


@commands.post("policy test", Permission.READ)
def test_policy(ask: Ask, form: TestPolicy) -> Answer | Exit:
    """What a policy that is not in force would say of a version. It changes nothing."""
    gate = ask.registry.policies.test(_yaml(form.yaml), form.ref, form.at)
    return gate.as_json() if gate.passed else Exit(gate.as_json())


@commands.post("waive", Permission.RELEASE)
def waive(ask: Ask, form: Waive) -> Answer:
    """Let a finding of a version pass for a while. Not for authors of the version."""
    registry = ask.registry
    done = registry.policies.waive(
        form.ref, form.code, until=form.until, reason=form.reason, dry_run=form.dry_run
    )
    return {
        "version": registry.version(form.ref).manifest.ref,
        "code": form.code,
        "until": form.until,
        "operation": None if done is None else done.seq,
        "actor": registry.actor,
    }


@commands.post("approve", Permission.RELEASE)
def approve(ask: Ask, form: Note) -> Answer:
    """Approve a version that others made."""
    return ask.registry.releases.approve(form.ref, form.note, dry_run=form.dry_run).as_json()


@commands.post("release", Permission.RELEASE)
def release(ask: Ask, form: Note) -> Answer:
    """Release a version that is approved."""
    return ask.registry.releases.release(form.ref, form.note, dry_run=form.dry_run).as_json()


@commands.post("revoke", Permission.RELEASE)
def revoke(ask: Ask, form: Reason) -> Answer:
    """Withdraw a version for good."""
    return ask.registry.releases.revoke(form.ref, form.reason, dry_run=form.dry_run).as_json()


@commands.post("runs link", Permission.CONTRIBUTE)
def link(ask: Ask, form: Link) -> Answer:
    """Say that a training run learned from a version."""
    runs, said = ask.registry.runs, form.model_dump(exclude={"ref", "run", "trackers"})
    return runs.account(runs.link(form.ref, form.run, said, trackers=form.trackers)).as_json()


@commands.get("gold", Permission.REVIEW)
def gold_status(ask: Ask, name: Ref) -> Answer:
    """How far a gold set is judged, and how far its judges agree."""
    return ask.registry.reviews.gold(name).as_json()


@commands.post("gold", Permission.CONTRIBUTE)
def gold(ask: Ask, form: Gold) -> Answer:
    """Draw a stratified sample of a version, and queue it for review. Freezing it is a job."""
    drawing = Drawing("stratified", form.n, form.seed, form.by)
    rules = Rules(reviewers=2 if form.double else 1)
    made = create_gold(
        ask.registry, form.name, form.ref, drawing, rules, note=form.note, dry_run=form.dry_run
    )
    return made.as_json()


def _yaml(text: str) -> dict[str, Any]:
    """A policy's mapping. Raises InvalidPolicy."""
    try:
        found = read_yaml(text.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise InvalidPolicy(
            f"the policy is not YAML that can be read: {error}", "see docs/policies.md"
        ) from None
    if not isinstance(found, dict):
        raise InvalidPolicy("a policy is a map", "see docs/policies.md")
    return found
