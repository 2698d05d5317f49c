"""/d/NAME/names: the names that versions have: tags, branches; and going back to an older version."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from pydantic import BaseModel, Field

from assay.errors import UsageError
from assay.model.ref import Ref
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.naming import Name, names_of
from assay.web.routing import Done, Page, Pages

pages = Pages()
_VERSIONS = 200


class BranchLine(BaseModel):
    """A branch: where it started, its newest version, how many were made on it."""

    name: str
    start: int
    head: int
    versions: int


class NamesPage(Page):
    """All names of a dataset's versions; `versions`: what can be named, the newest first."""

    name: str
    newest: str
    names: list[Name]
    branches: list[BranchLine]
    versions: list[str]
    may_change: bool
    may_release: bool


class Tag(BaseModel):
    """A name for a version; `move`: even where another version has it."""

    ref: str = Field(max_length=300)
    tag: str = Field(max_length=100)
    move: bool = False


class Branch(BaseModel):
    """A new line of versions that begins at `start`."""

    branch: str = Field(max_length=100)
    start: str = Field(default="", max_length=300)


class Rollback(BaseModel):
    """The version whose examples are to be the newest again, and why."""

    ref: str = Field(max_length=300)
    reason: str = Field(default="", max_length=2_000)
    branch: str = Field(default="main", max_length=100)


@pages.page("/d/{name}/names", Permission.READ, "names.html")
def names(ask: Ask, name: str) -> NamesPage:
    """The tags and branches of a dataset."""
    registry = ask.registry
    manifest = registry.version(name).manifest
    dataset = manifest.dataset
    count = len(registry.store.versions()[dataset])
    return NamesPage(
        command=shlex.join(["assay", "branch", dataset]),
        name=dataset, newest=manifest.ref, names=names_of(registry, dataset),
        branches=[
            BranchLine(name=b.name, start=b.start, head=b.head, versions=b.versions)
            for b in registry.refs.branches(dataset)
        ],
        versions=[f"{dataset}@v{number}" for number in range(count, max(0, count - _VERSIONS), -1)],
        may_change=ask.identity.may(Permission.CONTRIBUTE), may_release=ask.identity.may(Permission.RELEASE),
    )  # fmt: skip


@pages.act("/d/{name}/names/tag", Permission.RELEASE)
def tag(ask: Ask, name: str, form: Tag) -> Done:
    """Give a version a name."""
    made = ask.registry.refs.tag(_of(ask, name, form.ref), form.tag.strip(), move=form.move)
    return Done(said=f"v{made.version} is {made.name}", see=_see(name), answer=made.as_json())


@pages.act("/d/{name}/names/branch", Permission.CONTRIBUTE)
def branch(ask: Ask, name: str, form: Branch) -> Done:
    """Make a branch."""
    start = _of(ask, name, form.start) if form.start.strip() else None
    made = ask.registry.refs.branch(name, form.branch.strip(), start)
    return Done(said=f"the branch {made.name} starts at v{made.start}", see=_see(name), answer=made.as_json())


@pages.act("/d/{name}/names/rollback", Permission.CONTRIBUTE)
def rollback(ask: Ask, name: str, form: Rollback) -> Done:
    """Make an older version's examples the newest version."""
    if not form.reason.strip():
        raise UsageError("no reason was given", "say why: the log keeps it")
    done = ask.registry.refs.rollback(
        name, _of(ask, name, form.ref), form.reason.strip(), branch=form.branch.strip() or "main"
    )
    see = f"/d/{quote(name)}/versions" if done.version is None else f"/d/{quote(done.version, safe='@')}"
    return Done(said=f"went back to {done.to}", see=see, answer=done.as_json())


def _of(ask: Ask, name: str, ref: str) -> str:
    """The version that a form names, which must be of the page's dataset."""
    ref = ref.strip()
    asked = Ref.parse(ref if ref.partition("@")[0] == name else f"{name}@{ref}")
    found = ask.registry.version(str(asked)).manifest
    if found.dataset != name:
        raise UsageError(f"{found.ref} is no version of {name}", f"act on the page of {found.dataset}")
    return found.ref


def _see(name: str) -> str:
    return f"/d/{quote(name)}/names"
