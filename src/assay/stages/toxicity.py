"""Toxicity: a lexical screen for insults, slurs and threats, and a slot for a model of your own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PrivateAttr

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, Resources, RowStage
from assay.errors import BadInput, NotFound, UsageError
from assay.kernels.linear_text import LinearText, from_json
from assay.kernels.toxic_lexicon import listed, terms


class Toxicity(RowStage):
    """Rejects (or flags) texts with listed insults, slurs and threats, English and Chinese: a lexical screen.

    Each distinct term found adds its weight (1 rude, 2 insult, 3 slur or threat); more than `max_score` in all is
    too much. With `model`, the path of a linear model (`assay.kernels.linear_text`), texts of which it holds class
    1 for likelier than `max_probability` are found too. `side` says what is looked at: what the model is to learn
    to say (`output`), what it is given, or all.
    """

    kind: ClassVar[str] = "toxicity"
    version: ClassVar[int] = 1
    measured_by: ClassVar[tuple[str, ...]] = ("side", "model")
    codes: ClassVar[dict[str, str]] = {
        "toxic_words": "insults, slurs or threats from a list",
        "toxic_by_model": "the model that was named holds the text for toxic",
    }

    side: Literal["output", "input", "all"] = "output"
    max_score: int = Field(default=1, ge=0)
    model: str | None = Field(default=None, min_length=1)
    max_probability: float = Field(default=0.8, ge=0.0, le=1.0)

    _loaded: LinearText | None = PrivateAttr(default=None)
    _digest: str = PrivateAttr(default="")

    def bind(self, resources: Resources) -> Self:
        """The stage with its model. Raises NotFound or BadInput when the file is not there or is no model."""
        if self.model is None:
            return self
        try:
            loaded = from_json(Path(self.model).read_bytes())
        except OSError as error:
            raise NotFound(
                f"toxicity: cannot read the model {self.model}", "give the path of its file"
            ) from error
        except ValueError as error:
            raise BadInput(
                f"toxicity: {self.model} is no linear text model: {error}",
                "docs/stages/toxicity.md shows the format",
            ) from error
        bound = self.model_copy()
        bound._loaded, bound._digest = loaded, loaded.digest
        return bound

    @property
    def lineage(self) -> Mapping[str, str]:
        """The digest of the model, once it is bound."""
        return {"model": self._digest} if self._digest else {}

    def measure(self, batch: Batch) -> Columns:
        """`score`, `terms`: int64[n]; `worst`: int64[n], a term's index or −1; `probability`: float64[n], or 0."""
        if self.model is not None and self._loaded is None:
            raise UsageError("toxicity: its model is not loaded yet", "call bind(…) before the first batch")
        texts = {"output": batch.outputs, "input": batch.inputs, "all": batch.texts}[self.side]
        every = terms()
        values = np.zeros((3, len(batch)), np.int64)
        values[2] = -1
        for row, text in enumerate(texts):
            found = listed(text)
            if found:
                worst = max(found, key=lambda k: (every[k].weight, -k))
                values[:, row] = sum(every[k].weight for k in found), len(found), worst
        likely = np.zeros(len(batch), np.float64)
        if self._loaded is not None:
            likely[:] = [self._loaded.probability(text) for text in texts]
        return {"score": values[0], "terms": values[1], "worst": values[2], "probability": likely}

    def checks(self, values: Columns) -> list[Check]:
        score = values["score"].astype(np.float64)
        count, worst = values["terms"].astype(np.int64), values["worst"].astype(np.int64)
        failed = score > self.max_score
        notes = {int(row): _evidence(int(count[row]), int(worst[row])) for row in np.flatnonzero(failed)}
        found = [Check("toxic_words", failed, score, float(self.max_score), notes)]
        if self.model is not None:
            likely = values["probability"].astype(np.float64)
            found.append(Check("toxic_by_model", likely > self.max_probability, likely, self.max_probability))
        return found


def _evidence(count: int, worst: int) -> str:
    term = terms()[worst]
    return f"{count} listed term{'s' * (count > 1)}, the worst “{term.veiled}” of weight {term.weight}"
