"""Placeholders: answers and questions that somebody meant to write later."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.answers import final_answer
from assay.kernels.placeholders import holds_placeholder, last_field_is_placeholder, unfilled_slots

Part = Literal["output", "input", "slots"]


class Placeholder(RowStage):
    """Rejects (or flags) rows whose answer or question is a placeholder, or whose answer has unfilled slots.

    `look_at` says which of the three are checked. Up to `max_slots` unfilled slots are allowed.
    """

    kind: ClassVar[str] = "placeholder"
    version: ClassVar[int] = 1
    codes: ClassVar[dict[str, str]] = {
        "placeholder_output": "the answer is a placeholder or holds one",
        "placeholder_input": "the question is a placeholder or ends in one",
        "unfilled_template": "the answer has slots that nobody filled",
    }

    look_at: tuple[Part, ...] = ("output", "input", "slots")
    max_slots: int = Field(default=0, ge=0)

    def measure(self, batch: Batch) -> Columns:
        """`output`, `input`: bool[n]; `slots`: int64[n], unfilled ones."""
        n = len(batch)
        answers = list(map(final_answer, batch.payloads, batch.outputs))
        return {
            "output": np.fromiter(map(holds_placeholder, batch.inputs, answers), np.bool_, n),
            "input": np.fromiter(map(last_field_is_placeholder, batch.inputs), np.bool_, n),
            "slots": np.fromiter(map(unfilled_slots, batch.inputs, answers), np.int64, n),
        }

    def checks(self, values: Columns) -> list[Check]:
        found = []
        for part in ("output", "input"):
            if part in self.look_at:
                is_one = values[part].astype(np.bool_)
                found.append(Check(f"placeholder_{part}", is_one, is_one.astype(np.float64), 0.0))
        if "slots" in self.look_at:
            slots = values["slots"].astype(np.float64)
            found.append(Check("unfilled_template", slots > self.max_slots, slots, float(self.max_slots)))
        return found
