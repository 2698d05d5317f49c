"""Diversity of outputs, over blocks of equally many rows: what can be told from chance, and does not grow with a set.

A set's rows with the smallest ids are a fair draw of it. They are cut into blocks by another byte of the id, so that a
row that two sets share stands in the same block of both; a block is cut to as many rows, and for distinct-n to as many
words, as its counterpart has. The blocks' differences are then a sample for a paired t-test, whether or not the two
sets have rows in common.

distinct-n: Li et al., "A Diversity-Promoting Objective Function for Neural Conversation Models", NAACL 2016.
Vendi score: Friedman and Dieng, "The Vendi Score: A Diversity Evaluation Metric for Machine Learning", TMLR 2023,
exp(−Σ λ ln λ) over the eigenvalues λ of the kernel matrix over n; here the kernel is the cosine of lexical vectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from assay.kernels.counting import units
from assay.kernels.ids import IdArray, Positions, as_ids, concat, order
from assay.kernels.lexical_vectors import DIMENSIONS, lexical_vectors

KEPT: Final = 2_048
"""Rows of a segment that are drawn, those with the smallest ids."""
WORDS: Final = 64
"""Units of an output that are compared, the first."""
READ: Final = 1_000
"""Characters of an output whose vector is made."""
BLOCKS: Final = (32, 16, 8)
LEAST: Final = 16
"""Rows that a block has on average; with fewer than eight blocks of so many nothing is said."""
MEASURES: Final = ("distinct_1", "distinct_2", "similarity", "vendi")
FLOORS: Final = {"similarity": 0.5}
"""A change of a mean cosine, which may be near 0, is measured against this where it is smaller."""

Figures = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Rows drawn from a set: `ids` increasing, `row` the ordinal of each in its segment, `vectors` int8[n, 128],
    `words` uint32[n, 64] hashes of the first units (0: none). `cut`: what has a greater id was not drawn; None: all
    was."""

    ids: IdArray
    row: Positions
    vectors: npt.NDArray[np.int8]
    words: npt.NDArray[np.uint32]
    cut: bytes | None

    def among(self, rows: Positions) -> Drawn:
        """Those whose ordinal is in `rows` (increasing)."""
        if not len(rows):
            return self._only(np.zeros(len(self.ids), np.bool_), self.cut)
        place = np.minimum(np.searchsorted(rows, self.row), len(rows) - 1)
        return self._only(rows[place] == self.row, self.cut)

    def _only(self, held: npt.NDArray[np.bool_], cut: bytes | None) -> Drawn:
        return Drawn(self.ids[held], self.row[held], self.vectors[held], self.words[held], cut)

    def packed(self) -> dict[str, npt.NDArray[Any]]:
        """As arrays by name, to be kept."""
        return {
            "d.ids": np.ascontiguousarray(self.ids).view(np.uint8).reshape(-1, 32),
            "d.row": self.row, "d.vectors": self.vectors, "d.words": self.words,
            "d.cut": np.frombuffer(self.cut or b"", np.uint8),
        }  # fmt: skip

    @classmethod
    def opened(cls, held: Mapping[str, npt.NDArray[Any]]) -> Drawn:
        """What `packed` gave. Raises KeyError or ValueError where it is not whole."""
        ids = np.frombuffer(held["d.ids"].tobytes(), "V32")
        found = cls(ids, held["d.row"], held["d.vectors"], held["d.words"], held["d.cut"].tobytes() or None)
        if not len(ids) == len(found.row) == len(found.vectors) == len(found.words):
            raise ValueError("columns of a draw differ in length")
        return found


def draw(ids: Sequence[bytes], outputs: Sequence[str], rows: int, row: Positions) -> Drawn:
    """The draw of a segment of `rows` rows: its smallest ids (at most `KEPT`), their outputs and ordinals."""
    words = np.zeros((len(outputs), WORDS), np.uint32)
    for k, output in enumerate(outputs):
        found = [
            crc32(w.encode("utf-8", "surrogatepass")) or 1
            for w in units(output[: 16 * WORDS].lower())[:WORDS]
        ]
        words[k, : len(found)] = found
    vectors = lexical_vectors([output[:READ] for output in outputs])
    return Drawn(as_ids(ids), row, vectors, words, ids[-1] if len(ids) == KEPT < rows else None)


NONE: Final = Drawn(
    np.empty(0, "V32"), np.empty(0, np.int64), np.empty((0, DIMENSIONS), np.int8), np.empty((0, WORDS), np.uint32), None
)  # fmt: skip


def joined(parts: Sequence[Drawn]) -> Drawn:
    """The draw of several sets together: what is beyond the smallest cut of any is left out, so that it stays fair."""
    if not parts:
        return NONE
    ids = concat([part.ids for part in parts])
    by_id = order(ids)
    cut = min((part.cut for part in parts if part.cut is not None), default=None)
    if cut is not None:
        by_id = by_id[: int(np.searchsorted(ids[by_id].view("S32"), np.array([cut], "S32"), "right")[0])]
    if len(by_id) > KEPT:
        by_id = by_id[:KEPT]
        cut = bytes(ids[by_id[-1]])
    row = np.concatenate([part.row for part in parts])[by_id]
    vectors = np.concatenate([part.vectors for part in parts])[by_id]
    return Drawn(ids[by_id], row, vectors, np.concatenate([part.words for part in parts])[by_id], cut)


def blocks(a: Drawn, b: Drawn) -> tuple[Figures, Figures]:
    """Each of `MEASURES` over the blocks of both, float64[blocks] in the same order; empty with too few rows."""
    smaller = min(len(a.ids), len(b.ids))
    number = next((n for n in BLOCKS if smaller >= n * LEAST), 0)
    out: list[tuple[list[float], list[float]]] = [([], []) for _ in MEASURES]
    if number:
        one, other = _blocks(a, number), _blocks(b, number)
        for first, second in zip(one, other, strict=True):
            rows = min(len(first), len(second))
            if rows < LEAST // 2:
                continue
            pair = [d._only(_mask(len(d.ids), at[:rows]), None) for d, at in ((a, first), (b, second))]
            for k, (left, right) in enumerate(zip(*_figures(pair[0], pair[1]), strict=True)):
                out[k][0].append(left)
                out[k][1].append(right)
    sides = [{name: np.array(out[k][side]) for k, name in enumerate(MEASURES)} for side in (0, 1)]
    return sides[0], sides[1]


def alone(drawn: Drawn, rows: int) -> dict[str, float]:
    """The mean of each measure over the blocks of a draw cut to `rows` rows; NaN with too few."""
    cut = drawn._only(_mask(len(drawn.ids), np.arange(min(rows, len(drawn.ids)))), None)
    found, _ = blocks(cut, cut)
    return {name: float(values.mean()) if len(values) else float("nan") for name, values in found.items()}


def _blocks(drawn: Drawn, number: int) -> list[Positions]:
    last = np.ascontiguousarray(drawn.ids).view(np.uint8).reshape(-1, 32)[:, 31] % number
    return [np.flatnonzero(last == k) for k in range(number)]


def _mask(size: int, at: Positions) -> npt.NDArray[np.bool_]:
    out = np.zeros(size, np.bool_)
    out[at] = True
    return out


def _figures(a: Drawn, b: Drawn) -> tuple[list[float], list[float]]:
    """Each measure of two blocks with as many rows."""
    sides: tuple[list[float], list[float]] = ([], [])
    for grams in (1, 2):
        found = [_grams(one.words, grams) for one in (a, b)]
        size = min(map(len, found))
        for side, gram in zip(sides, found, strict=True):
            side.append(len(np.unique(gram[:size])) / size if size else 0.0)
    for side, one in zip(sides, (a, b), strict=True):
        vectors = one.vectors.astype(np.float64)
        norm = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
        kernel = (unit := vectors / np.where(norm > 0, norm, 1.0)) @ unit.T
        side += [_similarity(kernel), _vendi(kernel)]
    return sides


def _grams(words: npt.NDArray[np.uint32], grams: int) -> npt.NDArray[np.uint64]:
    """Hashes of words, or of pairs of neighbours, row by row."""
    wide = words.astype(np.uint64)
    if grams == 1:
        return wide[wide > 0]
    here = (wide[:, :-1] > 0) & (wide[:, 1:] > 0)
    return ((wide[:, :-1] << np.uint64(32)) | wide[:, 1:])[here]


def _similarity(kernel: npt.NDArray[np.float64]) -> float:
    """The mean cosine of two different rows."""
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1))) if n > 1 else 0.0


def _vendi(kernel: npt.NDArray[np.float64]) -> float:
    """How many rows there effectively are: from 1, all alike, to n, none like another. Empty outputs are left out."""
    here = np.diag(kernel) > 0.5
    if not here.any():
        return 0.0
    found = np.linalg.eigvalsh(kernel[here][:, here] / here.sum())
    found = found[found > 1e-12]
    return float(np.exp(-(found * np.log(found)).sum()))
