"""How alike the outputs of one generator are among themselves, and whose outputs lie next to whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.kernels.clusters import unit
from assay.kernels.lexical_vectors import I8

PER_GENERATOR: Final = 300
"""Outputs of each that are compared; as many of each, so that none is near because it has many."""
GENERATORS: Final = 16
NEIGHBOURS: Final = 10
FEWEST: Final = 20
"""Outputs that a generator must have to be compared."""


@dataclass(frozen=True, slots=True)
class Style:
    """One generator. `rows`: of the version; `compared`: outputs drawn of it. `alike`: the mean cosine of two of them.

    `own`: the share of its outputs' nearest neighbours that are its own, of which `chance` would make some; `near`: the
    same share by generator.
    """

    generator: str
    rows: int
    compared: int
    alike: float
    own: float
    chance: float
    near: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        return {
            "generator": self.generator, "rows": self.rows, "compared": self.compared, "alike": round(self.alike, 4),
            "own": round(self.own, 4), "chance": round(self.chance, 4),
            "near": {name: round(share, 4) for name, share in self.near.items()},
        }  # fmt: skip


def styles(drawn: Sequence[tuple[str, int, I8]]) -> tuple[Style, ...]:
    """One style a generator from (name, rows of the version, int8[n, d] of some outputs); the order is kept.

    Vectors should be lexical: they tell how something is written.
    """
    some = [(name, rows, vectors[:PER_GENERATOR]) for name, rows, vectors in drawn if len(vectors) >= FEWEST]
    if not some:
        return ()
    every = np.concatenate([vectors for _, _, vectors in some])
    owner = np.repeat(np.arange(len(some)), [len(vectors) for _, _, vectors in some])
    near = _neighbours(every)
    found = []
    for k, (name, rows, vectors) in enumerate(some):
        mine = near[owner == k]
        counts = np.bincount(owner[mine[mine >= 0]], minlength=len(some))
        shares = counts / max(counts.sum(), 1)
        found.append(
            Style(
                name, rows, len(vectors), _alike(vectors), float(shares[k]),
                (len(vectors) - 1) / max(len(every) - 1, 1),
                {other: float(shares[j]) for j, (other, _, _) in enumerate(some)},
            )
        )  # fmt: skip
    return tuple(found)


def _alike(vectors: I8) -> float:
    floats, inverse = unit(vectors)
    cosines = (floats @ floats.T).astype(np.float64) * inverse * inverse[:, None]
    n = len(vectors)
    return float((cosines.sum() - np.trace(cosines)) / (n * (n - 1)))


def _neighbours(vectors: I8) -> npt.NDArray[np.int64]:
    """int64[n, m]: each row's nearest other rows, the earlier of equals."""
    floats, inverse = unit(vectors)
    out = np.empty((len(vectors), min(NEIGHBOURS, len(vectors) - 1)), np.int64)
    for start in range(0, len(vectors), 1_024):
        block = floats[start : start + 1_024]
        cosines = (block @ floats.T) * inverse * inverse[start : start + len(block), None]
        cosines[np.arange(len(block)), np.arange(start, start + len(block))] = -2
        out[start : start + len(block)] = np.argsort(-cosines, axis=1, kind="stable")[:, : out.shape[1]]
    return out
