"""Exact duplicates: the same words, whatever their case, white space and character width."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Duplicates, Rows, SetStage
from assay.kernels.normalise import fold_width, fold_width_digests


class ExactDedup(SetStage):
    """Keeps one of several rows whose texts are equal after NFKC, lower case and white-space folding.

    Groups are found by a 128-bit digest, and the texts themselves are then compared.
    """

    kind: ClassVar[str] = "exact_dedup"
    version: ClassVar[int] = 1
    cheap: ClassVar[bool] = True
    code: ClassVar[str] = "exact_duplicate"
    codes: ClassVar[dict[str, str]] = {
        "exact_duplicate": "the same text as a kept example, but for case, white space or character width"
    }

    @property
    def floor(self) -> float:
        return 1.0

    def keys(self, batch: Batch) -> Columns:
        digests = fold_width_digests(batch.text_bytes)
        return {"high": digests[:, 0].copy(), "low": digests[:, 1].copy()}

    def wanted(self, keys: Columns, pinned: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        return np.isin(keys["high"], keys["high"][~pinned])

    def decide(self, rows: Rows) -> Duplicates:
        by_rank = self.order(rows)
        high, low = rows.keys["high"][by_rank], rows.keys["low"][by_rank]
        grouped = by_rank[np.lexsort((low, high))]
        high, low = rows.keys["high"][grouped], rows.keys["low"][grouped]
        same = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
        bounds = np.concatenate([[0], np.flatnonzero(~same) + 1, [len(grouped)]])
        groups = np.flatnonzero(np.diff(bounds) > 1)
        found: list[tuple[int, int]] = []
        for start, end in zip(bounds[groups].tolist(), bounds[groups + 1].tolist(), strict=True):
            found += self._same(rows, grouped[start:end].tolist())
        row, twin = (np.array([pair[k] for pair in found], np.int64) for k in (0, 1))
        return Duplicates(row, twin, np.ones(len(found)))

    def _same(self, rows: Rows, group: list[int]) -> list[tuple[int, int]]:
        """(row, twin) within rows of one digest, best first; rows whose texts differ after all are left alone."""
        if not rows.eligible[group[0]]:
            return []
        texts = [fold_width(text) for text in rows.texts(group)]
        winners: dict[str, int] = {}
        pairs = []
        for row, text in zip(group, texts, strict=True):
            winner = winners.get(text)
            if winner is not None:
                pairs.append((row, winner))
            elif rows.eligible[row]:
                winners[text] = row
        return pairs

    def similarity(self, a: str, b: str) -> float:
        return float(fold_width(a) == fold_width(b))
