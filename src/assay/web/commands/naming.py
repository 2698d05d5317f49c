"""branch, tag, merge, rollback."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.commands.declaring import Answer, Body, Commands, Named, Ref, Told

commands = Commands()


class NewBranch(Body):
    name: Named
    branch: Named
    start: Told | None = Field(default=None, alias="from", description="where it starts")
    dry_run: bool = False


class NewTag(Body):
    ref: Named
    tag: Named
    move: bool = False
    dry_run: bool = False


class Merge(Body):
    name: Named
    branch: Named
    into: Named = "main"
    message: Told = ""
    take: Literal["ours", "theirs"] | None = None
    dry_run: bool = False


class Rollback(Body):
    name: Named
    ref: Named
    reason: Named
    branch: Named = "main"
    dry_run: bool = False


@commands.get("branch")
def branches(ask: Ask, name: Ref) -> Answer:
    """The branches of a dataset."""
    return {"dataset": name, "branches": [one.as_json() for one in ask.registry.refs.branches(name)]}


@commands.post("branch", Permission.CONTRIBUTE)
def branch(ask: Ask, form: NewBranch) -> Answer:
    """Make a branch of a dataset."""
    made = ask.registry.refs.branch(form.name, form.branch, form.start, dry_run=form.dry_run)
    return made.as_json() | {"dry_run": form.dry_run}


@commands.get("tag")
def tags(ask: Ask, ref: Ref) -> Answer:
    """The tags of a dataset."""
    return {"dataset": ref, "tags": [one.as_json() for one in ask.registry.refs.tags(ref)]}


@commands.post("tag", Permission.RELEASE)
def tag(ask: Ask, form: NewTag) -> Answer:
    """Give a version a name."""
    made = ask.registry.refs.tag(form.ref, form.tag, move=form.move, dry_run=form.dry_run)
    return made.as_json() | {"dry_run": form.dry_run}


@commands.post("merge", Permission.CONTRIBUTE)
def merge(ask: Ask, form: Merge) -> Answer:
    """Bring what a branch changed into another, example by example. `take`: whose side, where both contradict."""
    done = ask.registry.refs.merge(
        form.name, form.branch, into=form.into, message=form.message, take=form.take, dry_run=form.dry_run
    )
    return done.as_json()


@commands.post("rollback", Permission.CONTRIBUTE)
def rollback(ask: Ask, form: Rollback) -> Answer:
    """An older version's examples as a new version, with the reason."""
    done = ask.registry.refs.rollback(
        form.name, form.ref, form.reason, branch=form.branch, dry_run=form.dry_run
    )
    return done.as_json()
