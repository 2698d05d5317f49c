"""branch and tag: names for versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.errors import NotFound, UsageError
from assay.model.operation import Operation
from assay.model.ref import Ref, check_label
from assay.registry.history.ref_results import BranchSummary, TagSummary
from assay.store.heads import BRANCH, MAIN, Line, line_of
from assay.store.refs import KEPT_NAMES, TAG, refs

if TYPE_CHECKING:
    from assay.registry import Registry


def spelled(dataset: str, ref: str) -> str:
    """A ref of a dataset, which may leave the dataset out: "v2" is "helpdesk@v2". Raises UsageError for another's."""
    if ref == dataset or ref.startswith(f"{dataset}@"):
        return ref
    if "@" in ref:
        raise UsageError(f"{ref!r} is no version of {dataset}", f"name a version of {dataset}, such as v1")
    return f"{dataset}@{ref}"


def branch(registry: Registry, dataset: str, name: str, start: str | None, dry_run: bool) -> BranchSummary:
    """Make a branch from a version (default: the newest on main).

    Raises UsageError for a name that is taken, kept, or reads as a version.
    """
    _check(name, BRANCH)
    version = registry.version(spelled(dataset, start) if start else dataset).manifest

    def check(entries: Sequence[Operation]) -> None:
        known = refs(entries, dataset)
        taken = known.branches.get(name) or known.tags.get(name)
        if taken is not None:
            what = "branch" if name in known.branches else "tag"
            raise UsageError(
                f"{dataset} has a {what} {name!r} already, at v{taken.version}", "choose another name"
            )

    check(registry.store.log.entries())
    if not dry_run:
        registry.act(BRANCH, dataset, {"name": name, "version": version.number}, check)
    return BranchSummary(dataset, name, version.number, version.number, 0)


def branches(registry: Registry, dataset: str) -> list[BranchSummary]:
    """The branches of a dataset, main first, then by name. Raises NotFound."""
    line = _line(registry, dataset)
    started = {
        name: made.version for name, made in refs(registry.store.log.entries(), dataset).branches.items()
    }
    own = {name: [c for c in line.versions if c.branch == name] for name in line.heads}
    return [
        BranchSummary(dataset, name, started.get(name, 1), head, len(own[name]))
        for name, head in sorted(line.heads.items(), key=lambda item: (item[0] != MAIN, item[0]))
    ]


def tag(registry: Registry, ref: str, name: str, move: bool, dry_run: bool) -> TagSummary:
    """Give the version a tag, or with `move` move the tag there.

    Raises UsageError for a name that is a branch, kept, reads as a version, or (without `move`) names another
    version.
    """
    _check(name, TAG)
    version = registry.version(ref).manifest
    dataset, number = version.dataset, version.number

    def moved(entries: Sequence[Operation]) -> bool:
        known = refs(entries, dataset)
        if name in known.branches:
            raise UsageError(f"{dataset} has a branch {name!r}", "choose another name")
        at = known.tags.get(name)
        if at is not None and at.version == number:
            raise UsageError(f"{name!r} names {version.ref} already", "there is nothing to do")
        if at is not None and not move:
            raise UsageError(f"{name!r} names {dataset}@v{at.version}", "--move moves it")
        return at is not None

    body = {"name": name, "version": number}
    if moved(registry.store.log.entries()):
        body["moved"] = True
    if not dry_run:
        registry.act(TAG, dataset, body, lambda entries: void(moved(entries)))
    return TagSummary(dataset, name, number, registry.actor, "")


def tags(registry: Registry, dataset: str) -> list[TagSummary]:
    """The tags of a dataset, by name. Raises NotFound."""
    _line(registry, dataset)
    found = refs(registry.store.log.entries(), dataset).tags
    return [
        TagSummary(dataset, name, one.version, one.operation.actor, one.operation.time)
        for name, one in sorted(found.items())
    ]


def void(_: object) -> None:
    """Nothing: a check answers by raising."""


def _check(name: str, what: str) -> None:
    check_label(name, what)
    if name in KEPT_NAMES:
        raise UsageError(
            f"{name!r} cannot name a {what}: it has a meaning of its own",
            f"kept names: {', '.join(sorted(KEPT_NAMES))}",
        )


def _line(registry: Registry, dataset: str) -> Line:
    wanted = Ref.parse(dataset).dataset
    line = line_of(registry.store.log.entries(), wanted)
    if not line.versions:
        raise NotFound(f"no dataset {wanted!r}", "`assay list` shows what there is")
    return line
