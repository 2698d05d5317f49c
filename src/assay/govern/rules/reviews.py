from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from assay.govern.rule import Rule, Verdict
from assay.govern.view import View
from assay.kernels.ids import contains


class Reviews(Rule):
    """At least a share of the examples were reviewed and found fit as they are.

    Counted are the examples of the version that a review accepted, or that an edit made which was decided on. The
    newest decision holds: what is rejected later, in whatever queue, does not count any more. With `auto: false`
    only people count, and no auto-reviewer, however well it agrees with them. The share is of all examples, in all
    splits unless `splits` names some. The finding names no ids: no example is to blame for a review that was not made.

    ```yaml
    - reviews: {min_share: 0.05}
    - reviews: {min_share: 1.0, splits: [test], auto: false}
    ```
    """

    kind: ClassVar[str] = "reviews"
    codes: ClassVar[Mapping[str, str]] = {"too_few_reviewed": "too small a share was reviewed and found fit"}

    min_share: float = Field(gt=0.0, le=1.0, description="the share that must be")
    auto: bool = Field(default=True, description="whether decisions of trusted programs count")
    splits: tuple[str, ...] = Field(default=(), description="of which splits; none: of all")

    def judge(self, view: View) -> Sequence[Verdict]:
        reviewed = view.reviewed(self.auto)
        seen = total = 0
        for rows in view.stored(["kind"]):
            if not self.splits or rows.split in self.splits:
                total += len(rows.ids)
                seen += int(np.count_nonzero(contains(reviewed, rows.ids)))
        share = seen / total if total else 0.0
        said = f"{seen:,} of {total:,} examples"
        return [
            Verdict(
                "too_few_reviewed",
                share >= self.min_share,
                share,
                self.min_share,
                said,
                "share",
                bound="least",
            )
        ]
