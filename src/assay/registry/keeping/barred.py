"""Examples that no new version may hold, whatever an older one holds: what was disabled, what was forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assay.errors import Conflict
from assay.kernels.ids import IdArray, contains
from assay.model.operation import Operation
from assay.store.barred import barred_ids
from assay.store.objects import Objects


def without(splits: Mapping[str, IdArray], barred: IdArray) -> dict[str, IdArray]:
    """The same splits less the barred examples."""
    return {name: ids[~contains(barred, ids)] if len(barred) else ids for name, ids in splits.items()}


def still_allowed(
    objects: Objects, dataset: str, splits: Mapping[str, IdArray]
) -> Callable[[Sequence[Operation]], None]:
    """A check for a commit: raises Conflict when something in `splits` was barred meanwhile."""

    def check(entries: Sequence[Operation]) -> None:
        now = barred_ids(objects, entries, dataset)
        hit = sum(int(contains(now, ids).sum()) for ids in splits.values()) if len(now) else 0
        if hit:
            raise Conflict(
                f"{hit} examples of {dataset} were disabled or forgotten while this version was made",
                "run the command again",
            )

    return check
