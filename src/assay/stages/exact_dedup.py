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
        rowed = grouped[np.repeat(np.diff(bounds) > 1, np.diff(bounds))]
        label = self._labels(rows, rowed)
        found: list[tuple[int, int]] = []
        at = 0
        for start, end in zip(bounds[groups].tolist(), bounds[groups + 1].tolist(), strict=True):
            group = grouped[start:end].tolist()
            found += _same(rows, group, label[at : at + len(group)])
            at += len(group)
        row, twin = (np.array([pair[k] for pair in found], np.int64) for k in (0, 1))
        return Duplicates(row, twin, np.ones(len(found)))

    def _labels(self, rows: Rows, wanted: npt.NDArray[np.int64]) -> list[int]:
        """For rows that share a digest with another, a number that rows of equal text share; those that are remembered
        are not read."""
        whole = rows.all_of_them()
        place, memory = whole.at[wanted], whole.memory
        known = np.full(len(whole.texts), -1, np.int64)
        if "row" in memory and (memory["row"] < len(known)).all():
            known[memory["row"]] = memory["label"]
        missing = wanted[known[place] < 0]
        if len(missing):
            # Of rows that share a digest, all are read or none: who is new may equal one that is known.
            high = whole.keys["high"]
            again = np.isin(high, high[whole.at[missing]])
            known[again] = -1
            missing = wanted[again[place]]
            labels: dict[str, int] = {}
            first = int(known.max(initial=-1)) + 1
            for row, text in zip(missing.tolist(), rows.texts(missing.tolist()), strict=True):
                known[whole.at[row]] = labels.setdefault(fold_width(text), first + len(labels))
            at = np.flatnonzero(known >= 0)
            memory.update(row=at, label=known[at])
        found: list[int] = known[place].tolist()
        return found

    def similarity(self, a: str, b: str) -> float:
        return float(fold_width(a) == fold_width(b))


def _same(rows: Rows, group: list[int], labels: list[int]) -> list[tuple[int, int]]:
    """(row, twin) within rows of one digest, best first; rows whose texts differ after all are left alone."""
    if not rows.eligible[group[0]]:
        return []
    winners: dict[int, int] = {}
    pairs = []
    for row, label in zip(group, labels, strict=True):
        winner = winners.get(label)
        if winner is not None:
            pairs.append((row, winner))
        elif rows.eligible[row]:
            winners[label] = row
    return pairs
