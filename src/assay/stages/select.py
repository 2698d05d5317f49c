"""Select: the best rows that together stand for all."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field as Parameter
from pydantic import model_validator

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Removals, Rows, Selector
from assay.kernels import coverage
from assay.kernels.coverage import Chosen
from assay.kernels.lexical_vectors import DIMENSIONS, I8, lexical_vectors
from assay.kernels.order import numbers
from assay.stages.select_field import Field, field_of
from assay.stages.select_report import coverage_report

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


def _vectors(texts: list[str]) -> I8:
    """int8[n, d]. The one place that knows where vectors come from."""
    return lexical_vectors(texts)


class Select(Selector):
    """Keeps `n` rows (a share, when below 1) and removes the rest.

    `quality`: by score, skipping a row whose cosine to a chosen one is above `novelty`. `k_center`: always the
    row that is farthest from all chosen. `facility_location`: always the row that brings the whole set nearest
    to a chosen row. Vectors are lexical: likeness is of wording.
    """

    kind: ClassVar[str] = "select"
    version: ClassVar[int] = 1
    codes: ClassVar[dict[str, str]] = {
        "not_selected": "the rows that were chosen are better or cover it",
        "not_novel": "it says nearly what a chosen row says",
    }

    n: int | float = Parameter(gt=0)
    method: Literal["quality", "k_center", "facility_location"] = "facility_location"
    of: Literal["text", "input", "output"] = "text"
    score: str | None = None
    quality_weight: float = Parameter(default=0.3, ge=0.0, lt=1.0)
    novelty: float | None = Parameter(default=None, ge=0.0, le=1.0)
    seed: int = Parameter(default=0, ge=0)

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.n >= 1 and not float(self.n).is_integer():
            raise ValueError(f"n {self.n} is neither a number of rows nor a share below 1")
        if self.novelty is not None and self.method != "quality":
            raise ValueError(f"novelty bounds the method quality; {self.method} looks for what is new anyway")
        return self

    def keys(self, batch: Batch) -> Columns:
        """`vector`: int8[n, 128]; `score`: float64[n] when one is named."""
        texts = {"text": batch.texts, "input": batch.inputs, "output": batch.outputs}[self.of]
        columns: dict[str, Any] = {"vector": _vectors(texts).reshape(len(batch), DIMENSIONS)}
        if self.score is not None:
            columns["score"] = numbers(batch.column(self.score))
        return columns

    def select(self, rows: Rows) -> Removals:
        field = field_of(rows, scored=self.score is not None, seed=self.seed)
        wanted = int(self.n) if self.n >= 1 else max(1, round(self.n * len(field)))
        chosen = self._choose(field, min(wanted, len(field)))
        mask = np.ones(len(field), np.bool_)
        mask[chosen.order] = False
        gone = np.flatnonzero(mask)
        gone = gone[np.argsort(field.order[gone], kind="stable")]
        return self._removals(field, chosen, gone)

    def _choose(self, field: Field, wanted: int) -> Chosen:
        """Positions in the field, in the order of choice."""
        if self.method == "quality":
            if self.novelty is None:
                return Chosen(np.arange(wanted), field.quality[:wanted])
            rows = np.flatnonzero(field.raw.inverse > 0)
            found = coverage.by_quality(field.raw.take(rows), field.quality[rows], wanted, self.novelty)
            return Chosen(rows[found.order], found.gain)
        if wanted >= len(field):
            return field.filled(_NOBODY, wanted)
        if self.method == "k_center":
            rows = field.telling
            found = coverage.k_center(field.points.take(rows), self._factor(field)[rows], wanted)
        else:
            rows = field.candidates(_candidates(wanted))
            found = coverage.facility_location(
                field.points.take(rows), field.ground, self._bonus(field)[rows], wanted
            )
        return field.filled(Chosen(rows[found.order], found.gain), wanted)

    def _factor(self, field: Field) -> F64:
        weight = self.quality_weight if self.score is not None else 0.0
        return 1.0 - weight + weight * field.place

    def _bonus(self, field: Field) -> F64:
        """So that what is maximised is (1 − w)·coverage + w·(sum of the places of chosen rows ÷ all rows)."""
        weight = self.quality_weight if self.score is not None else 0.0
        scale = weight / (1.0 - weight) * len(field.ground) / max(len(field), 1)
        return coverage.in_steps(field.place * scale)

    def _removals(self, field: Field, chosen: Chosen, gone: I64) -> Removals:
        space = field.raw if self.method == "quality" else field.points
        which, cosine = coverage.nearest(space.take(gone), space.take(chosen.order))
        known = (which >= 0) & (space.inverse[gone] > 0)
        twin = np.full(len(gone), -1, np.int64)
        twin[known] = field.order[chosen.order[which[known]]]
        code = np.zeros(len(gone), np.int16)
        value = self._left(field, chosen, gone, cosine)
        threshold = np.full(len(gone), chosen.gain[-1] if len(chosen.gain) else np.nan)
        if self.novelty is not None:
            near = known & (cosine > self.novelty)
            code[near], value[near], threshold[near] = 1, cosine[near], self.novelty
        summary = {
            "method": self.method,
            "rows": {"before": len(field), "after": len(chosen.order)},
            **coverage_report(field, chosen),
        }
        if self.method == "facility_location":
            summary["candidates"] = min(len(field.telling), _candidates(len(chosen.order)))
        return Removals(field.order[gone], code, value, threshold, twin, summary=summary)

    def _left(self, field: Field, chosen: Chosen, gone: I64, cosine: npt.NDArray[np.float32]) -> F64:
        """float64[gone]: what each row would have brought as the next one."""
        if self.method == "quality":
            return field.quality[gone]
        points = field.points.take(gone)
        if self.method == "k_center":
            distance = np.where(points.inverse > 0, 1.0 - cosine.astype(np.float64), 0.0)
            return distance * self._factor(field)[gone]
        chosen_points = field.points.take(chosen.order)
        return coverage.gains_left(points, field.ground, chosen_points, self._bonus(field)[gone])


_NOBODY: Final = Chosen(np.empty(0, np.int64), np.empty(0))


def _candidates(wanted: int) -> int:
    """Facility location looks at eight rows for each that it takes, and at 20,000 at least."""
    return max(8 * wanted, 20_000)
