"""/d/NAME/merge: what a branch would bring into another, whose side counts where both contradict; then the merge."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import Query as Asked
from pydantic import BaseModel, Field

from assay.errors import MergeConflict, UsageError
from assay.store.heads import MAIN
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Done, Mistaken, Page, Pages

pages = Pages()
_SHOWN: Final = 100
Take = Literal["", "ours", "theirs"]
Name = Annotated[str, Asked(max_length=100)]


class Clash(BaseModel):
    """An example about which both branches decided, each otherwise."""

    id: str
    see: str
    said: str


class MergePage(Page):
    """What a merge of `branch` into `into` would change. `clashes`: up to a hundred of the `undecided` examples."""

    name: str
    newest: str
    branch: str
    into: str
    take: Take
    branches: list[str]
    base: str = ""
    counts: dict[str, int] = Field(default_factory=dict)
    clashes: list[Clash] = Field(default_factory=list)
    undecided: int = 0
    problem: str = ""
    hint: str = ""


class Merge(BaseModel):
    """A merge; `take`: whose side counts where both contradict."""

    branch: str = Field(max_length=100)
    into: str = Field(default=MAIN, max_length=100)
    take: Take = ""
    message: str = Field(default="", max_length=2_000)


@pages.page("/d/{name}/merge", Permission.CONTRIBUTE, "merge.html")
def plan(ask: Ask, name: str, branch: Name = "", into: Name = MAIN, take: Take = "") -> MergePage:
    """What a merge would change; nothing is written."""
    registry = ask.registry
    manifest = registry.version(name).manifest
    dataset = manifest.dataset
    branches = [one.name for one in registry.refs.branches(dataset)]
    branch = branch or next((one for one in branches if one != into), "")
    words = [
        "assay",
        "merge",
        dataset,
        branch or "BRANCH",
        "--into",
        into,
        *(["--take", take] if take else []),
    ]
    known: dict[str, Any] = {
        "command": shlex.join([*words, "--dry-run"]), "name": dataset, "newest": manifest.ref, "branch": branch,
        "into": into, "take": take, "branches": branches[:200],
    }  # fmt: skip
    if not branch:
        return MergePage(**known)
    try:
        would = registry.refs.merge(dataset, branch, into=into, take=take or None, dry_run=True)
    except MergeConflict as error:
        clashes = [_clash(manifest.ref, one) for one in error.conflicts[:_SHOWN]]
        return MergePage(**known, clashes=clashes, undecided=len(error.conflicts))
    except UsageError as error:
        raise Mistaken(error, MergePage(**known, problem=error.message, hint=error.hint)) from None
    counts = {key: would.counts.get(key, 0) for key in ("added", "removed", "edited", "moved")}
    return MergePage(**known, base=would.base, counts=counts)


@pages.act("/d/{name}/merge", Permission.CONTRIBUTE)
def merge(ask: Ask, name: str, form: Merge) -> Done:
    """Bring what a branch changed into another, example by example."""
    done = ask.registry.refs.merge(
        name, form.branch, into=form.into, message=form.message.strip(), take=form.take or None
    )
    see = f"/d/{quote(done.version, safe='@')}" if done.version else f"/d/{quote(name)}/names"
    return Done(said=f"merged {form.branch} into {form.into}", see=see, answer=done.as_json())


def _clash(ref: str, one: Mapping[str, Any]) -> Clash:
    id_ = str(one.get("id", ""))
    said = ", ".join(
        f"{key}: {value}" for key, value in one.items() if key != "id" and isinstance(value, str)
    )
    return Clash(id=id_, see=f"/d/{quote(ref, safe='@')}/examples/{quote(id_)}", said=said[:400])
