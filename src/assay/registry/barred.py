"""Examples that no new version may hold, whatever an older one holds: what was disabled, what was forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Final

from assay.errors import Conflict
from assay.kernels.ids import IdArray, as_ids, concat, contains, order
from assay.model.operation import Operation
from assay.store.objects import Objects

BARS: Final[tuple[str, ...]] = ("assay.store.barred:barred_ids",)
"""Who says what is barred: "module:function", looked up when a rollback or a merge asks. The function takes the
objects, the log's entries and the dataset's name, and gives sorted ids (V32)."""


def barred(objects: Objects, entries: Sequence[Operation], dataset: str) -> IdArray:
    """The ids, sorted, that rollback and merge leave out."""
    found = [as_ids([])]
    for place in BARS:
        module, _, function = place.partition(":")
        found.append(getattr(import_module(module), function)(objects, entries, dataset))
    ids = concat(found)
    return ids[order(ids)]


def without(splits: Mapping[str, IdArray], barred: IdArray) -> dict[str, IdArray]:
    """The same splits less the barred examples."""
    return {name: ids[~contains(barred, ids)] if len(barred) else ids for name, ids in splits.items()}


def still_allowed(
    objects: Objects, dataset: str, splits: Mapping[str, IdArray]
) -> Callable[[Sequence[Operation]], None]:
    """A check for a commit: raises Conflict when something in `splits` was barred meanwhile."""

    def check(entries: Sequence[Operation]) -> None:
        now = barred(objects, entries, dataset)
        hit = sum(int(contains(now, ids).sum()) for ids in splits.values()) if len(now) else 0
        if hit:
            raise Conflict(
                f"{hit} examples of {dataset} were disabled or forgotten while this version was made",
                "run the command again",
            )

    return check
