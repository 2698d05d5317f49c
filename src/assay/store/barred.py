"""What no new version may hold: disabled examples and forgotten ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assay.errors import Conflict
from assay.kernels.ids import IdArray, as_ids, contains
from assay.model.operation import Operation
from assay.store.erased import erased, forgets
from assay.store.idsets import ids_in
from assay.store.objects import Objects
from assay.store.standing import ENABLE, disabled, last_act, member_ids, spelled, union, without

BRINGS_BACK: Final = frozenset({"merge", "rollback", ENABLE})
"""Actions that take over rows of other versions: what is barred is left out of these, quietly. Of any other draft it
means that somebody barred it while the draft was made."""


@dataclass(frozen=True, slots=True)
class Barred:
    """Sorted ids: `disabled` may stay where they stand but not come in; `forgotten` are in no new version."""

    disabled: IdArray
    forgotten: IdArray

    def leave_out(
        self, splits: Mapping[str, IdArray], base: IdArray, brings_back: bool
    ) -> dict[str, IdArray]:
        """The membership without what is barred; `base`: the sorted ids that stand. Raises Conflict."""
        either = union(self.disabled, self.forgotten)
        if not len(either):
            return dict(splits)
        members = member_ids(splits)
        coming = members[contains(either, members)]
        coming = coming[~contains(base, coming)]
        if len(coming) and not brings_back:
            raise Conflict(
                f"{len(coming)} examples were disabled or forgotten while this change was made: {spelled(coming)}",
                "run the command again: it will leave them out",
            )
        return without(splits, union(coming, self.forgotten))


NOTHING: Final = Barred(as_ids([]), as_ids([]))


def barred_by(
    objects: Objects, entries: Sequence[Operation], dataset: str, action: str, body: Mapping[str, Any]
) -> Barred:
    """What these entries bar from the dataset's next version; what an `enable` names is not."""
    gone = disabled(objects, entries, dataset)
    if action == ENABLE:
        gone = gone[~contains(ids_in(objects, body), gone)]
    return Barred(gone, erased(objects, entries).ids)


def barred_ids(objects: Objects, entries: Sequence[Operation], dataset: str) -> IdArray:
    """All that no new version of a dataset may take in (V32, sorted)."""
    found = barred_by(objects, entries, dataset, "", {})
    return union(found.disabled, found.forgotten)


def last_barring(entries: Sequence[Operation], dataset: str) -> int:
    """The sequence number of the last operation that `barred_by` depends on."""
    return max([last_act(entries, dataset), *(one.seq for one in forgets(entries))])
