"""Length: inputs and outputs too short to teach anything, or too long to fit."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.counting import counts_of_units


class Length(RowStage):
    """Bounds on input and output, in units: a word of a script with spaces, or one Han or kana character.

    A bound that is not given does not bind. The bounds themselves are allowed.
    """

    kind: ClassVar[str] = "length"
    version: ClassVar[int] = 1
    cheap: ClassVar[bool] = True
    codes: ClassVar[dict[str, str]] = {
        "input_too_short": "the input has too few words or characters",
        "input_too_long": "the input has too many words or characters",
        "output_too_short": "the output has too few words or characters",
        "output_too_long": "the output has too many words or characters",
    }

    min_input: int | None = Field(default=None, ge=0)
    max_input: int | None = Field(default=None, ge=0)
    min_output: int | None = Field(default=None, ge=0)
    max_output: int | None = Field(default=None, ge=0)

    def measure(self, batch: Batch) -> Columns:
        """`input` and `output`: int64[n], in units."""
        return {
            "input": counts_of_units(batch.input_bytes),
            "output": counts_of_units(batch.output_bytes),
        }

    def checks(self, values: Columns) -> list[Check]:
        found = []
        for side in ("input", "output"):
            length = values[side].astype(np.float64)
            least, most = getattr(self, f"min_{side}"), getattr(self, f"max_{side}")
            if least is not None:
                found.append(_check(f"{side}_too_short", length < least, length, least))
            if most is not None:
                found.append(_check(f"{side}_too_long", length > most, length, most))
        return found


def _check(code: str, failed: npt.NDArray[np.bool_], value: npt.NDArray[np.float64], bound: int) -> Check:
    return Check(code, failed, value, float(bound))
