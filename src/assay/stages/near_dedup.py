"""Near-duplicates: rows that say almost the same, letter by letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, PrivateAttr

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Duplicates, Memory, Resources, Rows, SetStage, Whole
from assay.kernels import native
from assay.kernels.jaccard import similarity
from assay.kernels.near import beside_others, greedy, keys_of, least_agreeing, lowest
from assay.kernels.pairs import Pairs, choose, find, nothing
from assay.kernels.sketch import HASH_SCHEME, bands_for
from assay.kernels.texts import joined
from assay.stages.near_others import Other, read_other

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class NearDedup(SetStage):
    """Removes a row when its text is at least `threshold` similar to that of a row that is kept.

    Similarity is the exact Jaccard similarity of the two texts' sets of `ngram`-character shingles, lower-cased
    and white space folded. Rows are taken best first, each against the kept rows only, so that no chain of
    small differences joins texts that are far apart.
    """

    kind: ClassVar[str] = "near_dedup"
    version: ClassVar[int] = 1
    cheap: ClassVar[bool] = True
    code: ClassVar[str] = "near_duplicate"
    codes: ClassVar[dict[str, str]] = {"near_duplicate": "nearly the same text as a kept example"}

    threshold: float = Field(default=0.8, ge=0.5, le=1.0)
    ngram: int = Field(default=5, ge=2, le=12)
    against: tuple[str, ...] = ()
    """Versions of other datasets: a row that is nearly the same as one of their examples goes too."""

    _others: tuple[Other, ...] = PrivateAttr(default=())

    def bind(self, resources: Resources) -> Self:
        """This stage with the texts and keys of the versions named in `against`. Raises NotFound."""
        bound = self.model_copy()
        bound._others = tuple(read_other(resources, ref, self.ngram, self.threshold) for ref in self.against)
        return bound

    @property
    def lineage(self) -> Mapping[str, str]:
        return {f"against {other.ref}": other.digest for other in self._others}

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
        n = len(whole.texts)
        order = whole.at[self.order(rows)]
        may_stay = np.zeros(n, np.bool_)
        may_stay[whole.at] = rows.eligible
        fixed = np.zeros(n, np.bool_)
        fixed[whole.at] = rows.pinned if len(rows.pinned) else False
        pairs = self._pairs(whole, fixed)
        if pairs is not None:
            least = least_agreeing(self.threshold)
            row, twin, similarity = choose(pairs, order, may_stay, fixed, self.threshold, least)
        else:
            row, twin, similarity = self._greedy(rows, whole, order, may_stay, fixed)
        mine = row < n
        row, twin, similarity = row[mine], twin[mine], similarity[mine]
        here = np.full(n, -1, np.int64)
        here[whole.at] = np.arange(len(rows))
        own = twin < n
        return Duplicates(
            here[row],
            np.where(own, here[np.minimum(twin, n - 1)], -1),
            similarity,
            {k: self._foreign(int(twin[k]) - n) for k in np.flatnonzero(~own).tolist()},
        )

    def _greedy(
        self, rows: Rows, whole: Whole, order: Ints, may_stay: Bools, fixed: Bools
    ) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
        """One row after the other, against those that were kept before it and the examples of other versions."""
        n = len(whole.texts)
        bands = whole.keys["bands"].astype(np.uint32, copy=False)
        sketch = whole.keys["sketch"].astype(np.uint8, copy=False)
        looked_at = np.ones(n, np.bool_)
        if fixed.any() and not self._others:
            looked_at = beside_others(bands, ~fixed)
        texts = whole.texts.fetched(whole.at[looked_at[whole.at]])
        if self._others:
            bands = np.concatenate([bands, *(other.bands for other in self._others)])
            sketch = np.concatenate([sketch, *(other.sketch for other in self._others)])
            texts = joined([texts, *(other.texts for other in self._others)])
            order = np.concatenate([np.arange(n, len(bands)), order])
            may_stay = np.concatenate([may_stay, np.ones(len(bands) - n, np.bool_)])
            fixed = np.concatenate([fixed, np.ones(len(bands) - n, np.bool_)])
        return greedy(bands, sketch, order, may_stay, texts, self.threshold, self.ngram, fixed, rows.allocate)

    def _pairs(self, whole: Whole, fixed: Bools) -> Pairs | None:
        """All pairs among the rows, those that are remembered taken from there; None where `greedy` does better."""
        if self._others or not native.available():
            return None
        known = _remembered(whole.memory, len(whole.texts), self.threshold)
        if known is None:
            return None
        among = np.zeros(len(whole.texts), np.bool_)
        among[whole.at] = True
        if not (among & ~known.covered & ~fixed).any():
            return known
        bands = whole.keys["bands"].astype(np.uint32, copy=False)
        sketch = whole.keys["sketch"].astype(np.uint8, copy=False)
        pairs = find(known, bands, sketch, among, fixed, whole.texts, self.ngram, least_agreeing(known.floor))
        whole.memory.clear()
        whole.memory.update({"too many": np.ones(1)} if pairs is None else _columns(pairs))
        return pairs

    def _foreign(self, position: int) -> tuple[bytes, str]:
        for other in self._others:
            if position < len(other.ids):
                return other.ids[position], other.ref
            position -= len(other.ids)
        raise IndexError(position)

    def similarity(self, a: str, b: str) -> float:
        return similarity(a, b, self.ngram)


def _remembered(memory: Memory, rows: int, threshold: float) -> Pairs | None:
    """The pairs in memory that serve a threshold, or none of them; None where there were too many."""
    if "too many" in memory:
        return None
    floor = lowest(threshold)
    if "floor" not in memory or float(memory["floor"][0]) > floor or len(memory["covered"]) != rows:
        return nothing(rows, floor)
    return Pairs(
        memory["covered"], memory["a"], memory["b"], memory["agree"], memory["similarity"],
        float(memory["floor"][0]),
    )  # fmt: skip


def _columns(pairs: Pairs) -> Memory:
    return {
        "covered": pairs.covered,
        "a": pairs.a,
        "b": pairs.b,
        "agree": pairs.agree,
        "similarity": pairs.similarity,
        "floor": np.array([pairs.floor]),
    }
