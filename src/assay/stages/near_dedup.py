"""Near-duplicates: rows that say almost the same, letter by letter."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Duplicates, Rows, SetStage
from assay.kernels.jaccard import similarity
from assay.kernels.near import greedy, keys_of
from assay.kernels.sketch import HASH_SCHEME, bands_for


class NearDedup(SetStage):
    """Removes a row when its text is at least `threshold` similar to that of a row that is kept.

    Similarity is the exact Jaccard similarity of the two texts' sets of `ngram`-character shingles, lower-cased
    and white space folded. Rows are taken best first, each against the kept rows only, so that no chain of
    small differences joins texts that are far apart.
    """

    kind: ClassVar[str] = "near_dedup"
    version: ClassVar[int] = 1
    code: ClassVar[str] = "near_duplicate"
    codes: ClassVar[dict[str, str]] = {"near_duplicate": "nearly the same text as a kept example"}

    threshold: float = Field(default=0.8, ge=0.5, le=1.0)
    ngram: int = Field(default=5, ge=2, le=12)

    @property
    def measured(self) -> dict[str, int]:
        bands, width = bands_for(self.threshold)
        return {"scheme": HASH_SCHEME, "ngram": self.ngram, "bands": bands, "width": width}

    @property
    def floor(self) -> float:
        return self.threshold

    def keys(self, batch: Batch) -> Columns:
        return keys_of(batch.text_bytes, self.ngram, self.threshold)

    def decide(self, rows: Rows) -> Duplicates:
        whole = rows.all_of_them()
        order = whole.at[np.lexsort((rows.rank, ~rows.eligible))]
        may_stay = np.zeros(len(whole.texts), np.bool_)
        may_stay[whole.at] = rows.eligible
        bands = whole.keys["bands"].astype(np.uint32, copy=False)
        sketch = whole.keys["sketch"].astype(np.uint8, copy=False)
        row, twin, similarity = greedy(
            bands, sketch, order, may_stay, whole.texts, self.threshold, self.ngram
        )
        here = np.empty(len(whole.texts), np.int64)
        here[whole.at] = np.arange(len(rows))
        return Duplicates(here[row], here[twin], similarity)

    def similarity(self, a: str, b: str) -> float:
        return similarity(a, b, self.ngram)
