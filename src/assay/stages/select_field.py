"""The rows that `select` chooses among, best first, as points; and even samples of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.curate.stage import Rows
from assay.kernels import clusters
from assay.kernels.coverage import Chosen, Points
from assay.kernels.lexical_vectors import I8
from assay.kernels.order import by_id, drawn
from assay.kernels.sketch import mix

GROUND: Final = 8_192
"""Rows that stand for all: one sample for facility location, another for the curve of coverage."""

_FOR_GROUND, _FOR_CANDIDATES, _FOR_CURVE, _FOR_CHANCE = range(4)

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Field:
    """n eligible rows in order of preference (score, rank, id): `order` int64[n], their indices; `score`
    float64[n] or None; `draws` uint64[n], an even draw for each; `vectors` int8[n, d]."""

    order: I64
    score: F64 | None
    draws: npt.NDArray[np.uint64]
    vectors: I8

    def __len__(self) -> int:
        return len(self.order)

    @cached_property
    def raw(self) -> Points:
        """The vectors as they are."""
        return Points.of(self.vectors)

    @cached_property
    def points(self) -> Points:
        """The vectors less what all have in common, so that cosines tell differences."""
        return Points.of(clusters.without(self.vectors, clusters.common(self.vectors)))

    @cached_property
    def quality(self) -> F64:
        """The score, or without one the share of rows that rank no better, 1 for the best."""
        return self.score if self.score is not None else 1.0 - np.arange(len(self)) / max(len(self), 1)

    @cached_property
    def place(self) -> F64:
        """The share of rows whose score is no better; 0 for a row without a score, and 0 for all without scores."""
        if self.score is None:
            return np.zeros(len(self))
        known = ~np.isnan(self.score)
        ordered = np.sort(self.score[known])
        out = np.zeros(len(self))
        out[known] = np.searchsorted(ordered, self.score[known], "right") / len(self)
        return out

    @cached_property
    def telling(self) -> I64:
        """Positions of the rows that differ from what all have in common; not those without text."""
        return np.flatnonzero(self.points.inverse > 0)

    @cached_property
    def ground(self) -> Points:
        return self.points.take(self._sample(_FOR_GROUND, GROUND))

    @cached_property
    def curve_ground(self) -> Points:
        return self.points.take(self._sample(_FOR_CURVE, GROUND))

    def candidates(self, size: int) -> I64:
        """At most `size` telling rows, independent of the ground, so that it does not praise itself."""
        return self._sample(_FOR_CANDIDATES, size)

    def by_chance(self, size: int) -> I64:
        """`size` rows in random order, to compare with."""
        return np.argsort(self._salted(_FOR_CHANCE), kind="stable")[:size].astype(np.int64)

    def _sample(self, salt: int, size: int) -> I64:
        rows = self.telling
        if len(rows) <= size:
            return rows
        return np.sort(rows[np.argsort(self._salted(salt)[rows], kind="stable")[:size]])

    def _salted(self, salt: int) -> npt.NDArray[np.uint64]:
        return mix(self.draws ^ np.uint64((salt + 1) * 0x9FB21C651E98DF25 & 0xFFFFFFFFFFFFFFFF))

    def filled(self, chosen: Chosen, wanted: int) -> Chosen:
        """With the best of the other rows behind, at a gain of 0, until there are `wanted`."""
        more = wanted - len(chosen.order)
        if more <= 0:
            return chosen
        others = np.setdiff1d(np.arange(len(self)), chosen.order, assume_unique=True)[:more]
        return Chosen(
            np.concatenate([chosen.order, others]), np.concatenate([chosen.gain, np.zeros(len(others))])
        )


def field_of(rows: Rows, *, scored: bool, seed: int) -> Field:
    """The eligible rows, from the columns `vector` (int8[n, d]) and, when `scored`, `score` (float64[n])."""
    order = by_id(rows.ids, rows.rank)
    order = order[rows.eligible[order]]
    keys: list[npt.NDArray[np.float64]] = [rows.rank[order].astype(np.float64)]
    if scored:
        score = rows.keys["score"][order].astype(np.float64)
        keys.append(-np.where(np.isnan(score), -np.inf, score))
    order = order[np.lexsort(keys)]
    return Field(
        order,
        rows.keys["score"][order].astype(np.float64) if scored else None,
        drawn(rows.ids[order], seed) if len(rows.ids) else mix(rows.rank[order].astype(np.uint64)),
        rows.keys["vector"][order].astype(np.int8, copy=False),
    )
