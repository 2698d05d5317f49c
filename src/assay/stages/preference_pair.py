"""Preference pairs that teach little: two sides that say the same, or a preference for length."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.counting import count_units
from assay.kernels.jaccard import similarity
from assay.kernels.length_bias import LengthBias, length_bias
from assay.model.example import flat_text

__all__ = ["LengthBias", "PreferencePair", "length_bias", "sides"]


class PreferencePair(RowStage):
    """Rejects (or flags) pairs whose sides are too alike, or whose chosen side is out of proportion longer.

    Alike: the Jaccard similarity of the sets of `ngram`-character shingles, after lower case and white-space
    folding, is at least `threshold`. Longer: chosen / rejected length in units is above `max_length_ratio`, if it
    is given. Turns that both sides begin with are no part of either. Rows of other kinds pass.
    """

    kind: ClassVar[str] = "preference_pair"
    version: ClassVar[int] = 1
    measured_by: ClassVar[tuple[str, ...]] = ("ngram",)
    codes: ClassVar[dict[str, str]] = {
        "chosen_like_rejected": "chosen and rejected answer are nearly the same",
        "length_bias": "the chosen answer is out of proportion longer than the rejected one",
    }

    threshold: float = Field(default=0.9, ge=0.0, le=1.0)
    ngram: int = Field(default=5, ge=1, le=50)
    max_length_ratio: float | None = Field(default=None, gt=0.0)

    def measure(self, batch: Batch) -> Columns:
        """`pair`: bool[n]; `similarity`: float64[n], 0 without a pair; `chosen`, `rejected`: int64[n], units."""
        n = len(batch)
        pair, alike = np.zeros(n, np.bool_), np.zeros(n, np.float64)
        lengths = np.zeros((2, n), np.int64)
        for row, payload in enumerate(batch.payloads):
            if "chosen" in payload and "messages" not in payload:
                chosen, rejected = sides(payload)
                pair[row] = True
                alike[row] = similarity(chosen, rejected, self.ngram)
                lengths[:, row] = count_units(chosen), count_units(rejected)
        return {"pair": pair, "similarity": alike, "chosen": lengths[0], "rejected": lengths[1]}

    def checks(self, values: Columns) -> list[Check]:
        pair = values["pair"].astype(np.bool_)
        alike = np.where(pair, values["similarity"].astype(np.float64), math.nan)
        found = [Check("chosen_like_rejected", alike >= self.threshold, alike, self.threshold)]
        if self.max_length_ratio is not None:
            longer, shorter = values["chosen"].astype(np.float64), values["rejected"].astype(np.float64)
            ratio = np.where(pair, longer / np.maximum(shorter, 1.0), math.nan)
            found.append(Check("length_bias", ratio > self.max_length_ratio, ratio, self.max_length_ratio))
        return found


def sides(payload: Mapping[str, Any]) -> tuple[str, str]:
    """The chosen and the rejected answer of a preference payload, without the turns that both begin with."""
    chosen, rejected = payload.get("chosen"), payload.get("rejected")
    if isinstance(chosen, list) and isinstance(rejected, list):
        same = 0
        while same < min(len(chosen), len(rejected)) and chosen[same] == rejected[same]:
            same += 1
        if same < max(len(chosen), len(rejected)):
            chosen, rejected = chosen[same:], rejected[same:]
    return flat_text(chosen), flat_text(rejected)
