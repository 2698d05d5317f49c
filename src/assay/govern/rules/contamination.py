from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from assay.govern.rule import Rule, Verdict, some, sorted_of
from assay.govern.view import View


class Contamination(Rule):
    """At most a share of the training rows hold an item of a frozen eval set.

    It is looked for with the stage [`decontaminate`](../stages/decontaminate.md) by overlap of rare word n-grams,
    in all splits but those in `spare`: nobody trains on `test`, and an eval item may stand there. Sets that were
    frozen after the version was made are looked for too. Rephrased and translated items are not found by this rule.
    While nothing is frozen there is nothing to find, and the message says so.

    ```yaml
    - contamination: {}
    - contamination: {sets: [gsm8k], max_rate: 0.001}
    ```
    """

    kind: ClassVar[str] = "contamination"
    codes: ClassVar[Mapping[str, str]] = {"contaminated": "it holds an item of a frozen eval set"}

    max_rate: float = Field(default=0.0, ge=0.0, le=1.0, description="the share that may")
    sets: tuple[str, ...] = Field(default=(), description="which eval sets; none: all that are frozen")
    threshold: float = Field(default=0.35, ge=0.2, le=1.0, description="the stage's threshold")
    spare: tuple[str, ...] = Field(default=("test",), description="splits that nobody trains on")

    def judge(self, view: View) -> Sequence[Verdict]:
        if not self.sets and not view.eval_sets:
            said = "no eval set is frozen: nothing to look for"
            return [Verdict("contaminated", True, 0.0, self.max_rate, said, "share")]
        params: dict[str, Any] = {"threshold": self.threshold, "action": "flag"}
        params |= {"sets": self.sets} if self.sets else {}
        parts, trained = [], 0
        for rows in view.measured("decontaminate", params):
            if rows.split in self.spare:
                continue
            trained += len(rows.ids)
            hit = np.zeros(len(rows.ids), np.bool_)
            for check in rows.checks:
                hit |= check.failed
            parts.append(rows.ids[hit])
        ids = sorted_of(parts)
        rate = len(ids) / trained if trained else 0.0
        said = f"{len(ids):,} of {trained:,} rows; looked for {some(self.sets or tuple(view.eval_sets))}"
        return [Verdict("contaminated", rate <= self.max_rate, rate, self.max_rate, said, "share", ids)]
