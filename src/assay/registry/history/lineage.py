"""The lineage of a dataset: its versions on their branches, what led to each, and what was done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assay.govern.runs import runs
from assay.model.ref import Ref
from assay.registry.listing import resolve, said
from assay.store.evalsets import frozen_sets
from assay.store.heads import MAIN
from assay.store.refs import refs

if TYPE_CHECKING:
    from assay.registry import Registry

MOST: Final = 60


@dataclass(frozen=True, slots=True)
class Step:
    """A version. `before`: the one before it on its branch; `merged`: the one that a merge took in; `back_to`: the
    one that a rollback brought back. `guards`: eval sets that were frozen when it was made. `runs` learned from it."""

    number: int
    branch: str
    action: str
    time: str
    actor: str
    message: str
    rows: int
    before: int | None
    merged: int | None
    back_to: int | None
    tags: Sequence[str]
    approved: bool
    released: bool
    revoked: bool
    current: bool
    guards: int
    runs: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Some versions of a dataset, newest first; `older`: the number before which the next part goes on. `branches`: all
    of them, main first. `eval_sets`: the names of those that guard every new version."""

    dataset: str
    steps: Sequence[Step]
    branches: Sequence[str]
    eval_sets: Sequence[str]
    versions: int
    older: int | None


def lineage(registry: Registry, dataset: str, before: int | None = None, most: int = MOST) -> Lineage:
    """The newest `most` versions, or those before number `before`. Raises NotFound."""
    found = resolve(registry, Ref.parse(dataset))
    dataset = str(found.operation.dataset)
    entries = registry.store.log.entries()
    line = registry.store.lines()[dataset]
    shown = [one for one in line.versions if before is None or one.number < before][-most:][::-1]
    standing = registry.releases.of(dataset)
    tags: dict[int, list[str]] = {}
    for tag in refs(entries, dataset).tags.values():
        tags.setdefault(tag.version, []).append(tag.name)
    learned: dict[int, list[str]] = {}
    for run in runs(entries):
        if run.dataset == dataset:
            learned.setdefault(run.version, []).append(run.name)
    frozen = frozen_sets(entries).values()
    steps = []
    for one in shown:
        body, counts = one.operation.body, registry.store.objects.manifest(one.manifest).counts
        stands = standing.versions[one.number]
        merged, back = body.get("from"), body.get("to") if one.operation.action == "rollback" else None
        steps.append(
            Step(
                one.number, one.branch, one.operation.action, one.operation.time, one.operation.actor,
                said(registry, one.operation), sum(counts.values()), one.before,
                merged if isinstance(merged, int) else None, back if isinstance(back, int) else None,
                tuple(sorted(tags.get(one.number, ()))), stands.approved is not None, stands.released is not None,
                stands.revoked is not None, standing.released == one.number,
                sum(each.operation.seq < one.operation.seq for each in frozen),
                tuple(dict.fromkeys(learned.get(one.number, ()))),
            )
        )  # fmt: skip
    older = shown[-1].number if shown and shown[-1].number > 1 else None
    branches = [MAIN, *sorted(name for name in line.heads if name != MAIN)]
    names = tuple(one.name for one in frozen)
    return Lineage(dataset, tuple(steps), branches, names, len(line.versions), older)
