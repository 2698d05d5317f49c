"""Repetition: outputs that go round in circles."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.repetition import repetitions


class Repetition(RowStage):
    """Rejects outputs in which too many pairs of neighbouring words (or Han and kana characters) come again.

    Outputs of fewer than `min_units` words or characters are left alone: in a short answer a repeated pair says
    nothing.
    """

    kind: ClassVar[str] = "repetition"
    version: ClassVar[int] = 1
    cheap: ClassVar[bool] = True
    codes: ClassVar[dict[str, str]] = {"repetitive_output": "the output repeats itself"}

    max_ratio: float = Field(default=0.6, ge=0.0, le=1.0)
    min_units: int = Field(default=30, ge=2)

    def measure(self, batch: Batch) -> Columns:
        """`ratio`: float64[n], share of repeated pairs; `units`: int64[n]."""
        ratio, units = repetitions(batch.output_bytes)
        return {"ratio": ratio, "units": units}

    def checks(self, values: Columns) -> list[Check]:
        ratio = values["ratio"].astype(np.float64)
        failed = (ratio > self.max_ratio) & (values["units"].astype(np.int64) >= self.min_units)
        return [Check("repetitive_output", failed, ratio, self.max_ratio)]
