"""Agreement: rows on whose label the annotators do not agree."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.agreement import pairwise_agreement


class Agreement(RowStage):
    """Rejects (or flags) rows of whose pairs of annotators fewer than `min_agreement` gave the same label.

    `column` names the field with the labels: a list with one label an annotator, or an object from annotator to
    label (or `{"label": …}`). Missing labels (null, "") do not count; rows with fewer than two labels pass.
    """

    kind: ClassVar[str] = "agreement"
    version: ClassVar[int] = 1
    measured_by: ClassVar[tuple[str, ...]] = ("column",)
    codes: ClassVar[dict[str, str]] = {
        "annotators_disagree": "the annotators gave this example different labels"
    }

    column: str = Field(default="labels", min_length=1)
    min_agreement: float = Field(default=0.5, ge=0.0, le=1.0)

    def measure(self, batch: Batch) -> Columns:
        """`labels`: int64[n], how many; `most`: int64[n], how often the commonest; `agreement`: float64[n], or 0."""
        found = [label_list(value) for value in batch.column(self.column)]
        agreement = np.fromiter(map(pairwise_agreement, found), np.float64, len(batch))
        return {
            "labels": np.fromiter(map(len, found), np.int64, len(batch)),
            "most": np.fromiter((max(Counter(x).values(), default=0) for x in found), np.int64, len(batch)),
            "agreement": np.nan_to_num(agreement),
        }

    def checks(self, values: Columns) -> list[Check]:
        count, most = values["labels"].astype(np.int64), values["most"].astype(np.int64)
        agreement = np.where(count > 1, values["agreement"].astype(np.float64), math.nan)
        failed = agreement < self.min_agreement
        notes = {int(k): f"{most[k]} of {count[k]} annotators agree" for k in np.flatnonzero(failed)}
        return [Check("annotators_disagree", failed, agreement, self.min_agreement, notes)]


def label_list(value: Any) -> list[str]:
    """The labels of a record's field, one an annotator, each spelled as JSON; empty if the field holds none."""
    if isinstance(value, dict):
        found: Iterable[Any] = value.values()
    elif isinstance(value, list | tuple):
        found = value
    else:
        return []
    plain = (label["label"] if isinstance(label, dict) and "label" in label else label for label in found)
    return [_spelled(label) for label in plain if label is not None and label != ""]


def _spelled(label: Any) -> str:
    """A label as JSON; one that is nested too deep for that is told apart by its size alone."""
    try:
        return json.dumps(label, sort_keys=True, default=str)
    except (RecursionError, TypeError, ValueError):
        return f"{type(label).__name__} of {len(label)}"
