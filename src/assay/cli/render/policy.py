"""A policy as a table of its rules, and the rules that there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.cards import moment
from assay.cli.render.frame import columns, labelled, title
from assay.cli.render.text import clip, safe_text, short

if TYPE_CHECKING:
    from assay.govern.policy import Policy
    from assay.govern.rule import Rule
    from assay.registry.governing.policies import InForce

_TRAINING = {
    "any": "from any version that is not revoked",
    "approved": "from approved versions alone",
    "released": "from released versions alone",
}
_STYLES = {"refuse": "red", "warn": "yellow", "off": "dim"}


def policy_card(found: InForce) -> RenderableType:
    """The policy in force: whose, since when, and what it asks."""
    one = found.enacted
    whose = (
        f"policy of {one.dataset}" if one.dataset is not None else "policy of every dataset without its own"
    )
    head = title(whose, f"number {one.number}", short(one.digest))
    return Group(
        head,
        labelled([("since", f"{moment(one.operation.time)} by {one.operation.actor}")]),
        _body(found.policy),
    )


def was_read(policy: Policy) -> RenderableType:
    """The answer of `policy set --dry-run`."""
    return Group(title("the policy holds", short(policy.digest), "nothing was written"), _body(policy))


def no_policy() -> RenderableType:
    return Text("no policy is in force: nothing is asked; `assay policy set FILE` puts one in force", "dim")


def _body(policy: Policy, *more: tuple[str, RenderableType]) -> RenderableType:
    who = ", ".join(policy.approvers) if policy.approvers else "anybody but the authors"
    facts = [
        *more,
        ("about", policy.description),
        ("approvals", f"{policy.approvals} by {who}"),
        ("training", _TRAINING[policy.training]),
        ("rules", "" if policy.rules else "none"),
    ]
    table = columns("rule", "commit", "release", "train", "asks", grow="asks")
    for rule in policy.rules:
        told = rule.model_dump(mode="json", exclude_defaults=True, exclude={"commit", "release", "train"})
        table.add_row(
            Text(clip(rule.kind, 20), "bold"),
            *(Text(effect, _STYLES[effect]) for effect in (rule.commit, rule.release, rule.train)),
            Text(clip(_inline(told), 80)),
        )
    return Group(labelled(facts), Padding(table, (0, 0, 0, 2))) if policy.rules else labelled(facts)


def _inline(params: Mapping[str, Any]) -> str:
    return "; ".join(f"{name} {_value(value)}" for name, value in params.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(held)}" for name, held in value.items())
    if isinstance(value, (list, tuple)):
        named = [str(one.get("generator", one)) if isinstance(one, Mapping) else str(one) for one in value]
        return ", ".join(named)
    return f"{value:g}" if isinstance(value, float) else str(value)


def rules_table(known: Mapping[str, type[Rule]]) -> RenderableType:
    """One line a rule: its name, and what it demands."""
    table = columns("rule", "demands", grow="demands")
    for name, rule in known.items():
        lead = (rule.__doc__ or "").strip().split("\n\n")[0]
        table.add_row(
            Text(safe_text(name), "bold"), Text(" ".join(lead.split()), overflow="fold", no_wrap=False)
        )
    return table


def page_text(page: str) -> RenderableType:
    """A page of Markdown as it is, but for its paragraphs, which the terminal folds."""
    blocks = [
        block if block.startswith(("|", "`", "#")) else " ".join(block.split())
        for block in page.strip().split("\n\n")
    ]
    return Text("\n\n".join(blocks))
