"""What a map of a version is, and how one is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.measure.map.fitting import Fit
from assay.measure.map.grouping import NONE
from assay.measure.map.layout import How
from assay.measure.map.terms import Common

SEED: Final = 7

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster. `terms`: at most three, what sets it apart; `x`, `y`: its middle on the map; ids of `typical`
    examples and of such as lie on the `border` to another cluster."""

    number: int
    rows: int
    share: float
    terms: tuple[str, ...]
    x: int
    y: int
    typical: tuple[str, ...]
    border: tuple[str, ...]

    @property
    def name(self) -> str:
        return " · ".join(self.terms) or f"cluster {self.number + 1}"

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number, "rows": self.rows, "share": round(self.share, 6), "terms": list(self.terms),
            "x": self.x, "y": self.y, "typical": list(self.typical), "border": list(self.border),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class VersionMap:
    """A version's map. `x`, `y`: uint16[n], `cluster`: uint8[n] (255: a text that gives nothing to go by), in the order
    of the sorted ids of the rows that were not forgotten. `like`: the version whose fit places the rows, if not its
    own."""

    version: str
    fingerprint: str
    embedder: str
    lexical: bool
    layout: How
    like: str | None
    x: U16
    y: U16
    cluster: U8
    clusters: tuple[Cluster, ...]
    common: Common
    fit: Fit

    def __len__(self) -> int:
        return len(self.x)

    @property
    def blank(self) -> int:
        """Rows that are in no cluster."""
        return int((self.cluster == NONE).sum())

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version, "fingerprint": self.fingerprint, "rows": len(self), "embedder": self.embedder,
            "lexical": self.lexical, "layout": self.layout, "seed": SEED, "like": self.like, "blank": self.blank,
            "clusters": [one.as_json() for one in self.clusters],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a map is made: a model's folder (None: lexical), how many clusters (None: by the rule), which layout."""

    model: str | None = None
    clusters: int | None = None
    layout: How = "tsne"
