"""/policy: the policy of every dataset that has none of its own; it can be set before there is any dataset."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, Field

from assay.errors import AssayError
from assay.registry import Registry
from assay.registry.governing.policies import InForce
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.pages.policy import EXAMPLE, Policied, policied, spelled
from assay.web.routing import Done, Page, Pages

pages = Pages()
_DATASETS: Final = 200


class Own(BaseModel):
    """A dataset with a policy of its own."""

    name: str
    number: int
    day: str


class PoliciesPage(Page):
    """The policy in force for all that have none of their own, None without one; and which have. `problem`: why the
    text is no policy."""

    policy: Policied | None
    own: list[Own]
    more: int
    draft: str
    may: bool
    problem: str = ""
    hint: str = ""


class Draft(BaseModel):
    """A policy as YAML, and why it is set."""

    text: str = Field(max_length=200_000)
    reason: str = Field(default="", max_length=2_000)


@pages.page("/policy", Permission.READ, "policies.html")
def policies(ask: Ask) -> PoliciesPage:
    """The policy of the registry."""
    return _page(ask)


@pages.page("/policy/check", Permission.RELEASE, "policies.html", method="POST")
def check(ask: Ask, form: Draft) -> PoliciesPage:
    """Whether a text is a policy; nothing is written."""
    text = form.text.replace("\r\n", "\n")
    try:
        ask.registry.policies.parse(text.encode(), "the text")
    except AssayError as error:
        return _page(ask, draft=text, problem=error.message, hint=error.hint)
    return _page(ask, draft=text)


@pages.act("/policy/set", Permission.RELEASE)
def put(ask: Ask, form: Draft) -> Done:
    """Put a policy in force for every dataset that has none of its own."""
    registry = ask.registry
    proposed = registry.policies.parse(form.text.replace("\r\n", "\n").encode(), "the text")
    done = registry.policies.set(proposed.as_json(), None, reason=form.reason.strip())
    assert done is not None
    return Done(said=f"policy {done.enacted.number} is in force", see="/policy", answer=done.as_json())


def _page(ask: Ask, draft: str | None = None, problem: str = "", hint: str = "") -> PoliciesPage:
    registry = ask.registry
    found = registry.policies.show(None)
    own = _own(registry)
    return PoliciesPage(
        command="assay policy show",
        policy=None if found is None else policied(registry, found, None),
        own=own[:_DATASETS],
        more=max(0, len(own) - _DATASETS),
        draft=draft if draft is not None else EXAMPLE if found is None else spelled(found.policy),
        may=ask.identity.may(Permission.RELEASE),
        problem=problem,
        hint=hint,
    )


def _own(registry: Registry) -> list[Own]:
    shown: list[tuple[str, InForce | None]] = [
        (one.name, registry.policies.show(one.name)) for one in registry.datasets()
    ]
    return [
        Own(name=name, number=found.enacted.number, day=found.enacted.operation.time[:10])
        for name, found in shown
        if found is not None and found.enacted.dataset == name
    ]
