"""Exact duplicates: the same words, whatever their case, white space and character width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Duplicates, Rows, SetStage, Whole
from assay.kernels.normalise import fold_width, fold_width_digests

_TEXTS = 4_000
"""Texts that are held at a time."""


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

    def decide(self, rows: Rows) -> Duplicates:
        """Rows with equal labels have equal texts; labels are remembered."""
        whole = rows.all_of_them()
        label = self._labels(rows, whole)[whole.at]
        alike = np.flatnonzero(label >= 0)
        rank = np.empty(len(rows), np.int64)
        rank[self.order(rows)] = np.arange(len(rows))
        grouped = alike[np.lexsort((rank[alike], label[alike]))]
        first = np.flatnonzero(np.diff(label[grouped], prepend=-1))
        winner = np.repeat(grouped[first], np.diff(np.append(first, len(grouped))))
        goes = rows.eligible[winner] & (grouped != winner)
        return Duplicates(grouped[goes], winner[goes], np.ones(int(goes.sum())))

    def _labels(self, rows: Rows, whole: Whole) -> npt.NDArray[np.int64]:
        """For all that was gathered: a number that the rows here share where their texts are equal; −1 for rows like no
        other. Where all rows are covered by memory, nothing is looked at."""
        memory, n = whole.memory, len(whole.texts)
        label = np.full(n, -1, np.int64)
        if "covered" in memory and len(memory["covered"]) == n and memory["covered"][whole.at].all():
            label[memory["row"]] = memory["label"]
            return label
        high, low = rows.keys["high"], rows.keys["low"]
        grouped = np.lexsort((low, high))
        same = (np.diff(high[grouped]) == 0) & (np.diff(low[grouped]) == 0)
        shared = np.concatenate([same, [False]]) | np.concatenate([[False], same])
        alike = grouped[shared] if len(grouped) else grouped
        number = np.cumsum(~np.concatenate([[False], same]))[shared] if len(grouped) else grouped
        for part in _whole_groups(number):
            # Two texts are the same only within their group, so that labels of another one may be forgotten.
            labels: dict[tuple[int, str], int] = {}
            numbered = zip(number[part].tolist(), rows.texts(alike[part].tolist()), strict=True)
            found = [
                labels.setdefault((k, fold_width(text)), part.start + len(labels)) for k, text in numbered
            ]
            label[whole.at[alike[part]]] = found
        covered = np.zeros(n, np.bool_)
        covered[whole.at] = True
        at = np.flatnonzero(label >= 0)
        memory.clear()
        memory.update(covered=covered, row=at, label=label[at])
        return label

    def similarity(self, a: str, b: str) -> float:
        return float(fold_width(a) == fold_width(b))


def _whole_groups(number: npt.NDArray[np.int64]) -> Iterator[slice]:
    """Stretches of sorted numbers that part no equal ones, of some thousands each."""
    start = 0
    while start < len(number):
        end = int(np.searchsorted(number, number[min(start + _TEXTS, len(number)) - 1], "right"))
        yield slice(start, end)
        start = end
