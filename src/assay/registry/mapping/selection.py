"""What lies within a part of a map: how many rows, of which clusters, about what, the first of them, and all ids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from assay.errors import NotFound, UsageError
from assay.kernels.ids import IdArray, id_list
from assay.measure.facets.columns import Mask
from assay.measure.facets.query import Query
from assay.measure.map.polygon import inside, read_polygon
from assay.measure.map.terms import terms
from assay.model.example import views
from assay.model.ref import Ref
from assay.registry.mapping.maps import ids_on, text_of
from assay.store.members import locate, shown

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.mapping.values import VersionMap
    from assay.registry.version import Version

FIRST: Final = 5
TYPICAL: Final = 3
BORDER: Final = 2
READ: Final = 240
"""Rows whose texts are read for the terms: those with the smallest ids."""
TERMS: Final = 6
_CLUSTER: Final = re.compile(r"[0-9]{1,3}")


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
    """Some points of a map. `clusters`: (number, rows), the largest first. `first`: of a cluster its typical rows, else
    those with the smallest ids; `border`: of a cluster those that lie next to another."""

    rows: int
    share: float
    clusters: tuple[tuple[int, int], ...]
    terms: tuple[str, ...]
    first: tuple[Row, ...]
    border: tuple[Row, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows, "share": round(self.share, 6),
            "clusters": [{"number": number, "rows": rows} for number, rows in self.clusters],
            "terms": list(self.terms), "first": [row.as_json() for row in self.first],
            "border": [row.as_json() for row in self.border],
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


def on_map(registry: Registry, version: Version, asked: Query, shown: Mask | None, rows: int) -> Mask:
    """bool[rows]: which rows of a version laid out lie in the parts of its map that conditions name, each a polygon or
    a cluster's number. `shown`: the rows that the map has points for (None: all). Raises UsageError, and NotFound where
    there is no map."""
    if asked.compared:
        raise UsageError("map is no number", "write map:3 for a cluster, or map: and a polygon")
    made = registry.maps.found(version.name)
    if made is None:
        raise NotFound(f"{version.name} has no map yet", f"make it: assay map {version.name}")
    wanted = [one for one in asked.picked if not one.out]
    picked = np.full(len(made), not wanted)
    for one in (*wanted, *(one for one in asked.picked if one.out)):
        cluster = int(one.value) if _CLUSTER.fullmatch(one.value) else None
        picked[within(made, None if cluster is not None else one.value, cluster)] = not one.out
    if shown is None:
        return picked
    found = np.zeros(rows, np.bool_)
    found[shown] = picked
    return found


def select(
    registry: Registry, made: VersionMap, rows: npt.NDArray[np.int64], cluster: int | None = None
) -> Selection:
    """What some points of a map are. Reads at most 250 texts."""
    counts = np.bincount(made.cluster[rows], minlength=256)[: len(made.clusters)]
    order = np.argsort(-counts, kind="stable")
    parts = tuple((int(c), int(counts[c])) for c in order[:TERMS].tolist() if counts[c])
    version = registry.version(made.version)
    version.admit()
    chosen = id_list(_ids(registry, version)[rows[:READ]])
    read = _read(registry, version, chosen)
    said = terms([text_of(one) for _, one in read], made.common, TERMS) if len(rows) < len(made) else ()
    share = len(rows) / max(len(made), 1)
    if cluster is None:
        return Selection(len(rows), share, parts, said, _rows(read[:FIRST]))
    own = made.clusters[cluster]
    first, border = (
        _rows(_read(registry, version, [bytes.fromhex(one) for one in ids]))
        for ids in (own.typical[:TYPICAL], own.border[:BORDER])
    )
    return Selection(len(rows), share, parts, said, first, border)


def _ids(registry: Registry, version: Version) -> IdArray:
    """The sorted ids that points stand for; from the version laid out, where it is."""
    from assay.registry.exploring.version_columns import shown_rows
    from assay.registry.warm import warm_of

    table = warm_of(registry).shelf.tables.get((version.manifest.name, ()))
    if table is None:
        return ids_on(registry, version)
    shown = shown_rows(table, Ref.parse(version.name).split)
    return table.ids if shown is None else table.ids[shown]


def _read(registry: Registry, version: Version, ids: list[bytes]) -> list[tuple[str, dict[str, Any]]]:
    """Ids and payloads, in the order of `ids`."""
    objects = registry.store.objects
    found = [place for one in ids if (place := locate(objects, version.manifest, one)) is not None]
    if not found:
        return []
    from assay.registry.warm import warm_of

    table = shown(warm_of(registry).glimpse.rows([place[1:] for place in found]))
    return [
        (bytes(id).hex(), orjson.loads(payload))
        for id, payload in zip(
            table.column("id").to_pylist(), table.column("payload").to_pylist(), strict=True
        )
    ]


def _rows(read: list[tuple[str, dict[str, Any]]]) -> tuple[Row, ...]:
    seen = [(id, views(payload)) for id, payload in read]
    return tuple(Row(id, view.input[:400], view.output[:400]) for id, view in seen)
