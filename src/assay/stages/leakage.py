"""Leakage: answers that stand in their question already."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.counting import units
from assay.kernels.lcs import shared_run


class Leakage(RowStage):
    """Rejects (or flags) rows of whose output one unbroken stretch of more than `max_copied` stands in the input.

    The stretch is the longest common substring in units (words, or Han and kana characters), in lower case.
    Outputs of fewer than `min_units` are left alone: extraction and classification answer in the words of the
    question. Tasks that edit, translate or summarise copy rightly, so this is no stage for every data set.
    """

    kind: ClassVar[str] = "leakage"
    version: ClassVar[int] = 1
    codes: ClassVar[dict[str, str]] = {"answer_in_input": "much of the answer is copied from the question"}

    max_copied: float = Field(default=0.4, ge=0.0, le=1.0)
    min_units: int = Field(default=10, ge=1)

    def measure(self, batch: Batch) -> Columns:
        """`copied`, `units`: int64[n], length of the longest shared stretch and of the output."""
        asked = [units(text.lower()) for text in batch.inputs]
        said = [units(text.lower()) for text in batch.outputs]
        return {
            "copied": np.fromiter(map(shared_run, asked, said), np.int64, len(batch)),
            "units": np.fromiter(map(len, said), np.int64, len(batch)),
        }

    def checks(self, values: Columns) -> list[Check]:
        copied, length = values["copied"].astype(np.float64), values["units"].astype(np.float64)
        share = np.divide(copied, length, out=np.zeros(len(length)), where=length > 0)
        failed = (share > self.max_copied) & (length >= self.min_units)
        notes = {
            int(row): f"{int(copied[row])} of {int(length[row])} words or characters in one stretch"
            for row in np.flatnonzero(failed)
        }
        return [Check("answer_in_input", failed, share, self.max_copied, notes)]
