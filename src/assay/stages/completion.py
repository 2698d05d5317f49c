"""Completion: answers out of proportion to what was asked, and answers that stop half way."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.answers import final_answer
from assay.kernels.counting import count_units
from assay.kernels.endings import REASONS, ending


class Completion(RowStage):
    """Bounds on output length over input length, and outputs that were cut.

    Lengths are in units (words, or Han and kana characters). A bound that is not given does not bind; the bounds
    themselves are allowed. Rows without an input have no ratio. A truncated output is one of at least `min_units`
    units whose end says that more was to come (`assay.kernels.endings`); `truncation: false` does not look.
    """

    kind: ClassVar[str] = "completion"
    version: ClassVar[int] = 1
    codes: ClassVar[dict[str, str]] = {
        "ratio_too_low": "the output is too short for its input",
        "ratio_too_high": "the output is too long for its input",
        "truncated_output": "the output stops in the middle of a sentence, a quotation or a block of code",
    }

    min_ratio: float | None = Field(default=None, ge=0.0)
    max_ratio: float | None = Field(default=None, ge=0.0)
    truncation: bool = True
    min_units: int = Field(default=20, ge=1)

    def measure(self, batch: Batch) -> Columns:
        """`input`, `output`: int64[n], units. `ending`: int8[n], why the final answer seems cut, 0 if it does not."""
        answers = map(final_answer, batch.payloads, batch.outputs)
        return {
            "input": np.fromiter(map(count_units, batch.inputs), np.int64, len(batch)),
            "output": np.fromiter(map(count_units, batch.outputs), np.int64, len(batch)),
            "ending": np.fromiter(map(ending, answers), np.int8, len(batch)),
        }

    def checks(self, values: Columns) -> list[Check]:
        asked, said = values["input"].astype(np.float64), values["output"].astype(np.float64)
        ratio = np.divide(said, asked, out=np.full(len(asked), np.nan), where=asked > 0)
        found = []
        if self.min_ratio is not None:
            found.append(Check("ratio_too_low", ratio < self.min_ratio, ratio, self.min_ratio))
        if self.max_ratio is not None:
            found.append(Check("ratio_too_high", ratio > self.max_ratio, ratio, self.max_ratio))
        why = values["ending"].astype(np.int64)
        failed = (why > 0) & (said >= self.min_units) & self.truncation
        notes = {int(row): REASONS[int(why[row])] for row in np.flatnonzero(failed)}
        found.append(Check("truncated_output", failed, said, float(self.min_units), notes))
        return found
