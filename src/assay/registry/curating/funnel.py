"""The funnel: how many records entered each stage and what became of them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from assay.curate.barring import ForgottenStage
from assay.curate.gather import Gathered
from assay.curate.ledger import IDENTICAL_STAGE
from assay.curate.plan import Plan
from assay.curate.settle import IDENTICAL, KEPT, Settled
from assay.curate.stage import SetStage
from assay.registry.results import FunnelStage


def funnel(
    gathered: Gathered, settled: Settled, plan: Plan
) -> tuple[tuple[FunnelStage, ...], dict[str, int]]:
    """The stages with their counts, and the malformed records by code. Base rows are not counted."""
    rows = np.flatnonzero(~gathered.pinned)
    stage = settled.stage[rows]
    entered = len(rows) + len(gathered.forgotten)
    identical = int((stage == IDENTICAL).sum())
    out = [
        FunnelStage(IDENTICAL_STAGE, entered, identical, {IDENTICAL_STAGE: identical} if identical else {})
    ]
    entered -= identical
    flagged = _flagged(gathered, settled, plan)
    for position, made_by in enumerate(plan.stages):
        here = rows[stage == position]
        codes: Counter[str] = Counter()
        names = list(made_by.codes)
        failure = settled.failure[here]
        for index in gathered.failures.code[failure[failure >= 0]].tolist():
            codes[names[index]] += 1
        if isinstance(made_by, SetStage) and (failure < 0).any():
            codes[made_by.code] += int((failure < 0).sum())
        gone = len(here)
        if isinstance(made_by, ForgottenStage) and gathered.forgotten:
            gone = codes[made_by.kind] = len(gathered.forgotten)
        ordered = dict(sorted(codes.items(), key=lambda pair: (-pair[1], pair[0])))
        out.append(FunnelStage(made_by.kind, entered, gone, ordered, flagged[position]))
        entered -= gone
    malformed = Counter(record.code for _, record in gathered.malformed)
    return tuple(out), dict(sorted(malformed.items()))


def _flagged(gathered: Gathered, settled: Settled, plan: Plan) -> list[dict[str, int]]:
    """Kept records that a stage flagged, by code."""
    failures = gathered.failures
    counts: list[Counter[str]] = [Counter() for _ in plan.stages]
    noted = failures.flag & (settled.stage[failures.row] == KEPT) if len(failures.row) else failures.flag
    for position, code in zip(failures.stage[noted].tolist(), failures.code[noted].tolist(), strict=True):
        counts[position][list(plan.stages[position].codes)[code]] += 1
    return [dict(sorted(count.items())) for count in counts]
