"""Which versions each dataset has, and on which branch: a fold of the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from assay.errors import Damaged
from assay.model.operation import Operation
from assay.store.log import log_key

MAIN: Final = "main"
"""The branch of every version that names none."""

BRANCH: Final = "branch"
"""The action that makes a branch: `name`, and the `version` that it starts from."""


COMPACT: Final = "compact"
"""The action that names a manifest, `equal`, to be read for a `version` from now on: same examples, other segments."""


@dataclass(frozen=True, slots=True)
class Committed:
    """One version as the log has it: number, its manifest's object name, the operation, its branch, and the
    number of the version before it on that branch (None for the dataset's first). `compacted`: the manifests that
    were read for it earlier, the first of them the operation's own."""

    number: int
    manifest: str
    operation: Operation
    branch: str = MAIN
    before: int | None = None
    compacted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """The versions of a dataset by number, from 1, and the number of the newest one on each branch."""

    versions: Sequence[Committed]
    heads: dict[str, int]

    def head(self, branch: str = MAIN) -> Committed | None:
        """The newest version on a branch, or None."""
        number = self.heads.get(branch)
        return None if number is None else self.versions[number - 1]

    def on(self, branch: str = MAIN) -> list[Committed]:
        """The versions that lead to the head of a branch, oldest first."""
        out, number = list[Committed](), self.heads.get(branch)
        while number is not None:
            out.append(self.versions[number - 1])
            number = out[-1].before
        return out[::-1]


def lines(entries: Iterable[Operation]) -> dict[str, Line]:
    """Dataset → its line. Every operation with a manifest makes a version, whatever its action.

    Raises Damaged when the count breaks, or a version stands on a branch that was never made.
    """
    made: dict[str, list[Committed]] = {}
    heads: dict[str, dict[str, int]] = {}
    for operation in entries:
        dataset, body = operation.dataset, operation.body
        if dataset is None:
            continue
        if operation.action == BRANCH:
            name, start = body.get("name"), body.get("version")
            if isinstance(name, str) and isinstance(start, int) and 1 <= start <= len(made.get(dataset, ())):
                heads[dataset].setdefault(name, start)
        if operation.action == COMPACT:
            _compact(made.get(dataset, []), body)
        if "manifest" not in body:
            continue
        versions = made.setdefault(dataset, [])
        here = heads.setdefault(dataset, {})
        number, manifest, branch = body.get("version"), body["manifest"], body.get("branch", MAIN)
        if number != len(versions) + 1 or not isinstance(manifest, str):
            raise Damaged(f"{log_key(operation.seq)} is not the commit of {dataset}@v{len(versions) + 1}")
        if not isinstance(branch, str) or (branch not in here and versions):
            raise Damaged(f"{log_key(operation.seq)} commits to a branch of {dataset} that there is not")
        versions.append(Committed(number, manifest, operation, branch, here.get(branch)))
        here[branch] = number
    return {dataset: Line(versions, heads[dataset]) for dataset, versions in made.items()}


def _compact(versions: list[Committed], body: Mapping[str, Any]) -> None:
    """Another manifest for a version; an operation that states another fingerprint than the version's says nothing."""
    number, equal = body.get("version"), body.get("equal")
    if not isinstance(number, int) or not isinstance(equal, str) or not 1 <= number <= len(versions):
        return
    old = versions[number - 1]
    if body.get("fingerprint") == old.operation.body.get("fingerprint"):
        versions[number - 1] = replace(old, manifest=equal, compacted=(*old.compacted, old.manifest))


def versions(entries: Iterable[Operation]) -> dict[str, Sequence[Committed]]:
    """Dataset → all its versions, on whatever branch, numbered 1, 2, … Raises Damaged as `lines` does."""
    return {dataset: line.versions for dataset, line in lines(entries).items()}


def line_of(entries: Iterable[Operation], dataset: str) -> Line:
    """The line of one dataset; an empty one where it has no version."""
    return lines(e for e in entries if e.dataset == dataset).get(dataset, Line((), {}))


def head(entries: Iterable[Operation], dataset: str, branch: str = MAIN) -> Committed | None:
    """The newest version of a dataset on a branch, or None."""
    return line_of(entries, dataset).head(branch)
