"""Gold sets: a stratified sample, judged by hand, frozen as an eval set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from assay.errors import UsageError
from assay.formats.questions import as_question
from assay.govern.auto_review import stratum_of
from assay.govern.review_agreement import Agreement
from assay.govern.review_values import ACCEPT, EDIT, GOLD, read_payload
from assay.govern.reviews import Judged
from assay.kernels.ids import id_list, sorted_ids
from assay.registry.review.results import QueueStatus, Rules
from assay.registry.review.samples import Drawing
from assay.store.evalsets import frozen_sets

if TYPE_CHECKING:
    from assay.registry import Registry, Tell
    from assay.registry.curating.freeze_results import FreezeResult


DRAWING: Final = Drawing("stratified", 300)
"""So many hand-checked examples tell most changes of a model from chance, and are judged in a day."""


@dataclass(frozen=True, slots=True)
class GoldStatus:
    """A gold queue: `coverage`: stratum → (drawn, decided, fit to be frozen); `frozen`: how many items were, if so."""

    status: QueueStatus
    coverage: Mapping[str, tuple[int, int, int]]
    agreement: Agreement
    frozen: int | None

    def as_json(self) -> dict[str, Any]:
        return {
            "gold": self.status.queue.name, "status": self.status.as_json(),
            "coverage": [
                {"stratum": name, "drawn": drawn, "decided": decided, "fit": fit}
                for name, (drawn, decided, fit) in self.coverage.items()
            ],
            "agreement": self.agreement.as_json(), "frozen": self.frozen,
        }  # fmt: skip


def create_gold(
    registry: Registry,
    name: str,
    ref: str,
    drawing: Drawing = DRAWING,
    rules: Rules | None = None,
    *,
    note: str = "",
    dry_run: bool = False,
) -> QueueStatus:
    """Draw a sample of a version and queue it under `name`, the eval set that it is to become.

    Raises UsageError, also when an eval set has the name already; NotFound; Conflict when a queue has it.
    """
    if name in frozen_sets(registry.store.log.entries()):
        raise UsageError(f"{name} is a frozen eval set already", "choose another name")
    return registry.reviews.create(
        name, ref, drawing, rules or Rules(), note=note, purpose=GOLD, dry_run=dry_run
    )


def gold_status(registry: Registry, name: str) -> GoldStatus:
    """Coverage and agreement of a gold queue. Raises NotFound; UsageError for a queue of another purpose."""
    judged = _gold_queue(registry, name)
    drawn, decided, fit = Counter[str](), Counter[str](), Counter[str]()
    for id_ in judged.queue.ids:
        stratum = stratum_of(judged.queue, id_) or "–"
        drawn[stratum] += 1
        decision = judged.decision(id_)
        if decision is not None:
            decided[stratum] += 1
            fit[stratum] += decision.verdict in (ACCEPT, EDIT)
    coverage = {
        stratum: (count, decided[stratum], fit[stratum])
        for stratum, count in sorted(drawn.items(), key=lambda one: (-one[1], one[0]))
    }
    frozen = frozen_sets(registry.store.log.entries()).get(name)
    items = frozen.items if frozen is not None and frozen.operation.body.get("queue") == name else None
    reviews = registry.reviews
    return GoldStatus(reviews.status(name), coverage, reviews.agreement(name), items)


def freeze_gold(
    registry: Registry, name: str, *, dry_run: bool = False, tell: Tell | None = None
) -> FreezeResult:
    """Freeze what people accepted, and their edits, as the eval set `name`; nothing is taken from a program's verdict.

    Raises UsageError when nothing was decided, or an item has no question.
    """
    from assay.registry.curating.freezing import FreezeRequest, freeze_items

    judged = _gold_queue(registry, name)
    items = []
    for id_ in id_list(sorted_ids(judged.queue.ids - judged.queue.gold.keys())):
        decision = judged.decision(id_)
        if decision is None or decision.verdict not in (ACCEPT, EDIT):
            continue
        payload: Mapping[str, Any] | None
        if decision.payload is not None:
            payload = read_payload(registry.store.objects, decision.payload)
            if payload is None:
                raise UsageError(
                    f"the text of the edit of {id_.hex()[:12]} was erased", "reject it, then freeze"
                )
        else:
            payload = registry.example(id_.hex()).payload
        item = as_question(payload)
        if item is None:
            raise UsageError(
                f"{id_.hex()[:12]} has no question, and cannot be an eval item", "reject it, then freeze"
            )
        items.append(item)
    if not items:
        raise UsageError(
            f"nothing of {name} was accepted or edited", "`assay review next` shows what is to be judged"
        )
    return freeze_items(registry, FreezeRequest(name, (), dry_run=dry_run, queue=name), items, tell)


def _gold_queue(registry: Registry, name: str) -> Judged:
    judged = registry.reviews.fold().named(name)
    if judged.queue.purpose != GOLD:
        raise UsageError(f"{name} is a queue, and no gold set", f"`assay review status {name}` shows it")
    return judged
