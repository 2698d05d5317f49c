"""What the registry's history bars from a curation: disabled and forgotten examples.

Both are reported as stages of their own, before those of the recipe and whatever it says; the recipe that is
recorded does not name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from assay.curate.evaluate import Failures, join_failures
from assay.curate.gather import Gathered
from assay.curate.plan import Plan
from assay.curate.stage import Stage
from assay.kernels.ids import IdArray, contains


class ForgottenStage(Stage):
    """Stands in the plan for the records that `without_forgotten` dropped."""

    kind: ClassVar[str] = "forgotten"
    codes: ClassVar[Mapping[str, str]] = {
        "forgotten": "the example was erased for good and may not come back"
    }


class DisabledStage(Stage):
    """Stands in the plan for the check that `bar` makes."""

    kind: ClassVar[str] = "disabled"
    codes: ClassVar[Mapping[str, str]] = {
        "disabled": "the example was disabled and has not been enabled since"
    }


def with_barring(plan: Plan, disabled: IdArray, forgotten: IdArray) -> Plan:
    """The plan, the two stages before all others where there is anything for them to do."""
    added: tuple[Stage, ...] = (ForgottenStage(),) if len(forgotten) else ()
    added += (DisabledStage(),) if len(disabled) else ()
    return replace(plan, stages=(*added, *plan.stages)) if added else plan


def bar(gathered: Gathered, plan: Plan, disabled: IdArray) -> Gathered:
    """What was gathered, where every row whose id is among `disabled` (V32, sorted) fails for it.

    Rows of the version that is added to are left alone.
    """
    if not len(disabled) or not len(gathered):
        return gathered
    ids = np.ascontiguousarray(gathered.ids).view("V32")
    rows = np.flatnonzero(contains(disabled, ids) & ~gathered.pinned)
    position = next(k for k, stage in enumerate(plan.stages) if isinstance(stage, DisabledStage))
    n = len(rows)
    failed = Failures(
        rows, np.full(n, position, np.int16), np.zeros(n, np.int16), np.full(n, np.nan), np.full(n, np.nan),
        np.zeros(n, np.bool_), np.full(n, None, np.object_),
    )  # fmt: skip
    joined = join_failures([failed, gathered.failures])
    passes = gathered.passes.copy()
    passes[rows] = False
    return replace(gathered, failures=joined.take(np.argsort(joined.row, kind="stable")), passes=passes)
