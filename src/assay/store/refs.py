"""Tags and branches of a dataset: a fold of the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from assay.model.operation import Operation
from assay.store.heads import BRANCH, MAIN

TAG: Final = "tag"
"""The action that gives a `version` a `name`, or moves the name there."""

KEPT_NAMES: Final = frozenset({MAIN, "latest", "approved", "prod"})
"""Names with a meaning of their own, which no tag and no branch may have."""


@dataclass(frozen=True, slots=True)
class Named:
    """A tag or a branch: its name, the number of the version that it names or started from, and the operation."""

    name: str
    version: int
    operation: Operation


@dataclass(frozen=True, slots=True)
class Refs:
    """The tags and the branches of one dataset, by name. `main` is not among the branches: it always is."""

    tags: Mapping[str, Named]
    branches: Mapping[str, Named]


def refs(entries: Iterable[Operation], dataset: str) -> Refs:
    """What names a dataset's versions have. A name is a tag or a branch, whichever came first."""
    tags: dict[str, Named] = {}
    branches: dict[str, Named] = {}
    for operation in entries:
        if operation.dataset != dataset or operation.action not in (TAG, BRANCH):
            continue
        name, version = operation.body.get("name"), operation.body.get("version")
        if not isinstance(name, str) or not isinstance(version, int) or name in KEPT_NAMES:
            continue
        named = Named(name, version, operation)
        if operation.action == TAG and name not in branches:
            tags[name] = named
        elif operation.action == BRANCH and name not in tags:
            branches.setdefault(name, named)
    return Refs(tags, branches)
