"""Semantic duplicates: rows whose vectors point the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PrivateAttr

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Duplicates, Resources, Rows, SetStage
from assay.kernels.cosine import cosines, greedy, quantise
from assay.kernels.embedding import Embedder, load_embedder


class SemanticDedup(SetStage):
    """Removes a row when the cosine of its vector with that of a kept row is at least `threshold`.

    `model` is the folder of an embedding model on this machine; without one the vectors are lexical, and near means
    written alike. `on` says which view of an example is compared. Rows are taken best first, each against the
    kept rows only. Above `exact_up_to` rows candidates come from an approximate index; every claim is exact.
    """

    kind: ClassVar[str] = "semantic_dedup"
    version: ClassVar[int] = 1
    code: ClassVar[str] = "semantic_duplicate"
    codes: ClassVar[dict[str, str]] = {"semantic_duplicate": "means nearly the same as a kept example"}

    threshold: float = Field(default=0.9, ge=0.5, le=1.0)
    model: str | None = None
    on: Literal["input", "output", "text"] = "text"
    exact_up_to: int = Field(default=200_000, ge=0)

    _embedder: Embedder | None = PrivateAttr(default=None)

    def bind(self, resources: Resources) -> Self:
        """This stage with its model found and digested. Raises NotFound, BadInput or MissingExtra."""
        bound = self.model_copy()
        bound._embedder = load_embedder(self.model)
        return bound

    @property
    def lineage(self) -> Mapping[str, str]:
        return {"embedder": self.embedder.digest}

    @property
    def embedder(self) -> Embedder:
        """What makes the vectors; loaded here when `bind` was not called."""
        if self._embedder is None:
            self._embedder = load_embedder(self.model)
        return self._embedder

    @property
    def measured(self) -> dict[str, str]:
        return {"embedder": self.embedder.digest, "on": self.on}

    @property
    def view(self) -> str:
        return self.on

    @property
    def floor(self) -> float:
        return self.threshold

    def keys(self, batch: Batch) -> Columns:
        views = {"input": batch.inputs, "output": batch.outputs, "text": batch.texts}[self.on]
        return {"vector": quantise(self.embedder.encode(views))}

    def decide(self, rows: Rows) -> Duplicates:
        order = self.order(rows)
        vectors = rows.keys["vector"].astype(np.int8, copy=False)
        return Duplicates(*greedy(vectors, order, rows.eligible, self.threshold, self.exact_up_to))

    def similarity(self, a: str, b: str) -> float:
        """The cosine of two texts of the view that `on` names."""
        vectors = quantise(self.embedder.encode([a, b]))
        return float(cosines(vectors[:1], vectors[1:])[0])
