"""Who reviewed what: for policies that ask for a share of reviewed examples, and for the blast radius of a reviewer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.govern.auto_review import standings
from assay.govern.review_values import EDIT, SKIP, Verdict
from assay.govern.reviews import Case, Reviews, reviews
from assay.kernels.ids import IdArray, contains, sorted_ids
from assay.model.operation import Operation
from assay.store.objects import Objects


@dataclass(frozen=True, slots=True)
class ReviewShare:
    """Of `examples`, how many were found fit as they are: by `people`, or by a trusted program alone (`auto`)."""

    examples: int
    people: int
    auto: int

    @property
    def share(self) -> float:
        """Reviewed by anybody, 0 to 1; NaN of no examples."""
        return (self.people + self.auto) / self.examples if self.examples else float("nan")

    def as_json(self) -> dict[str, Any]:
        share = round(self.share, 6) if self.examples else None
        return {"examples": self.examples, "people": self.people, "auto": self.auto, "share": share}


def reviewed_by(
    objects: Objects, entries: Iterable[Operation], dataset: str | None = None
) -> dict[str, IdArray]:
    """Reviewer → the sorted ids that they accepted, rejected, edited or adjudicated, and the ids their edits made.

    Verdicts that were replaced, passes, and what the rules refuse do not count. Raises Damaged.
    """
    out: dict[str, set[bytes]] = {}
    for judged in reviews(objects, entries).of(dataset):
        for case in judged.cases.values():
            for one in _given(case):
                ids = out.setdefault(one.actor, set())
                ids.add(one.id)
                if one.edited is not None:
                    ids.add(one.edited)
    return {actor: sorted_ids(ids) for actor, ids in sorted(out.items())}


def review_share(
    objects: Objects, entries: Iterable[Operation], ids: IdArray, dataset: str | None = None
) -> ReviewShare:
    """How many of `ids` (sorted) were decided to be fit: accepted, or made by an edit that was decided on.

    What is rejected later, in whatever queue, is not fit any more. `dataset`: only its queues count. Raises Damaged.
    """
    people, auto = fit(reviews(objects, entries), dataset)
    by_people = contains(people, ids)
    alone = contains(auto, ids) & ~by_people
    return ReviewShare(len(ids), int(np.count_nonzero(by_people)), int(np.count_nonzero(alone)))


def fit(found: Reviews, dataset: str | None = None) -> tuple[IdArray, IdArray]:
    """The sorted ids that people, and that programs alone, decided to be fit as they are. The newest decision holds."""
    newest: dict[bytes, tuple[int, bool, bool]] = {}
    for judged in found.of(dataset):
        for id_, one in standings(found, judged).items():
            if one.verdict is None or id_ in judged.queue.gold:
                continue
            said = one.verdict
            states = [(id_, said.fits)]
            if said.verdict == EDIT and said.edited is not None:
                states.append((said.edited, True))
            for example, fits in states:
                if example not in newest or newest[example][0] <= said.seq:
                    newest[example] = (said.seq, fits, one.auto)
    people = sorted_ids(id_ for id_, (_, fits, auto) in newest.items() if fits and not auto)
    return people, sorted_ids(id_ for id_, (_, fits, auto) in newest.items() if fits and auto)


def _given(case: Case) -> list[Verdict]:
    said = [*case.verdicts.values(), *case.suggestions.values()]
    if case.adjudicated is not None:
        said.append(case.adjudicated)
    return [one for one in said if one.verdict != SKIP]
