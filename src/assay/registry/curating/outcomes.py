"""What a curation decided of each record of one source, in few words."""

from __future__ import annotations

from collections.abc import Callable

from assay.curate.gather import Gathered
from assay.curate.ledger import FORGOTTEN, IDENTICAL_STAGE
from assay.curate.plan import Plan
from assay.curate.settle import IDENTICAL, KEPT, Settled
from assay.curate.stage import SetStage

Fate = tuple[str, str, str]
"""Outcome, stage and code; the last two are "" for a kept record."""


def watching(fates: dict[int, Fate]) -> Callable[[Gathered, Settled, Plan], None]:
    """A watcher of a curation with one source, which puts there what becomes of each record, by number."""

    def watch(gathered: Gathered, settled: Settled, plan: Plan) -> None:
        fates.clear()
        for _, record in gathered.malformed:
            fates[record.number] = ("malformed", "read", record.code)
        for _, gone in gathered.forgotten:
            fates[gone.number] = ("rejected", FORGOTTEN, FORGOTTEN)
        read = ~gathered.pinned
        records, stages = gathered.record[read].tolist(), settled.stage[read].tolist()
        for number, stage, failure in zip(records, stages, settled.failure[read].tolist(), strict=True):
            if stage == KEPT:
                fates[number] = ("kept", "", "")
            elif stage == IDENTICAL:
                fates[number] = ("rejected", IDENTICAL_STAGE, IDENTICAL_STAGE)
            else:
                fates[number] = ("rejected", plan.stages[stage].kind, _code(gathered, plan, stage, failure))

    return watch


def _code(gathered: Gathered, plan: Plan, position: int, failure: int) -> str:
    """The code of the check that decided, or of the deduplicator."""
    stage = plan.stages[position]
    if failure >= 0:
        entry = int(failure)
        return list(plan.stages[int(gathered.failures.stage[entry])].codes)[
            int(gathered.failures.code[entry])
        ]
    assert isinstance(stage, SetStage)
    return stage.code
