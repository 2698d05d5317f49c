"""What lies within a part of a map: how many rows, of which clusters, about what, the first of them, and all ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from assay.errors import NotFound, UsageError
from assay.measure.map.polygon import inside, read_polygon
from assay.measure.map.terms import terms
from assay.model.example import views
from assay.registry.mapping import ids_on, text_of
from assay.store.members import locate, rows_of, shown

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.map_values import VersionMap

FIRST: Final = 5
READ: Final = 240
"""Rows whose texts are read for the terms: those with the smallest ids."""
TERMS: Final = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One example of a selection: the beginnings of its texts."""

    id: str
    input: str
    output: str

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "input": self.input, "output": self.output}


@dataclass(frozen=True, slots=True)
class Selection:
    """Some points of a map. `clusters`: (number, rows), the largest first; `first`: the rows with the smallest ids."""

    rows: int
    share: float
    clusters: tuple[tuple[int, int], ...]
    terms: tuple[str, ...]
    first: tuple[Row, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows, "share": round(self.share, 6),
            "clusters": [{"number": number, "rows": rows} for number, rows in self.clusters],
            "terms": list(self.terms), "first": [row.as_json() for row in self.first],
        }  # fmt: skip


def within(made: VersionMap, lasso: str | None = None, cluster: int | None = None) -> npt.NDArray[np.int64]:
    """The positions of the points in a polygon (`x,y;x,y;x,y`), or in a cluster. Raises UsageError, NotFound."""
    if (lasso is None) == (cluster is None):
        raise UsageError("a polygon and a cluster at once, or neither", "name one of them")
    if lasso is not None:
        return inside(made.x, made.y, read_polygon(lasso))
    if cluster is None or not 0 <= cluster < len(made.clusters):
        raise NotFound(f"{made.version} has no cluster {cluster}", f"they are 0 to {len(made.clusters) - 1}")
    return np.flatnonzero(made.cluster == cluster)


def select(registry: Registry, made: VersionMap, rows: npt.NDArray[np.int64]) -> Selection:
    """What some points of a map are. Reads at most 240 texts."""
    counts = np.bincount(made.cluster[rows], minlength=256)[: len(made.clusters)]
    order = np.argsort(-counts, kind="stable")
    parts = tuple((int(c), int(counts[c])) for c in order[:TERMS].tolist() if counts[c])
    ids, payloads = _read(registry, made, rows[:READ])
    found = [views(payload) for payload in payloads]
    first = tuple(
        Row(id, seen.input[:400], seen.output[:400])
        for id, seen in zip(ids[:FIRST], found[:FIRST], strict=True)
    )
    said = terms([text_of(one) for one in payloads], made.common, TERMS) if len(rows) < len(made) else ()
    return Selection(len(rows), len(rows) / max(len(made), 1), parts, said, first)


def _read(
    registry: Registry, made: VersionMap, rows: npt.NDArray[np.int64]
) -> tuple[list[str], list[dict[str, Any]]]:
    if not len(rows):
        return [], []
    version = registry.version(made.version)
    version.admit()
    objects = registry.store.objects
    places = []
    for one in ids_on(registry, version)[rows]:
        found = locate(objects, version.manifest, bytes(one))
        if found is not None:
            places.append(found[1:])
    table = shown(rows_of(objects, places, ["id", "payload"]))
    ids = [bytes(id).hex() for id in table.column("id").to_pylist()]
    return ids, [orjson.loads(payload) for payload in table.column("payload").to_pylist()]
