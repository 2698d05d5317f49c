"""What the points of a map are coloured by: the cluster, or any field by which a version is explored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from assay.measure.facets.columns import Column, Flags, Numbers, Words
from assay.measure.facets.query import Picked, Query, spelled_number
from assay.measure.map.grouping import NONE
from assay.measure.profile import TOPICS
from assay.model.ref import Ref
from assay.registry.exploring.segment_columns import Preparing
from assay.registry.exploring.version_columns import VersionColumns, shown_rows, told
from assay.registry.warm import warm_of

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.mapping.values import VersionMap

SHOWN: Final = 7
"""Values that have a colour of their own; the eighth is everybody else's."""
OTHERS: Final = 7
USUAL: Final = ("cluster", "label", "language", "source", "origin", "generator", "split")
_LONGEST: Final = 80
_MOST: Final = 100_000
_PARTS: Final = (0.2, 0.4, 0.6, 0.8)

U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Colours:
    """`codes`: uint8[n], 0 to 6 for a value of `names`, 7 for all others. `names`: (value, rows). `ordered`: the values
    are ranges of a number, from low to high. `queries`: what finds the rows of each name (docs/find.md), "" where no
    query does."""

    by: str
    codes: U8
    names: tuple[tuple[str, int], ...]
    ordered: bool = False
    queries: tuple[str, ...] = ()

    @property
    def others(self) -> int:
        return len(self.codes) - sum(rows for _, rows in self.names)


def colours(registry: Registry, made: VersionMap, by: str) -> Colours:
    """Colours by `cluster`, by `label` (the first field of `TOPICS` that is stated), by a field that a version can be
    explored by, a fact's key too, or by a field of the records.

    Nothing is read but columns that exploring has taken down, or takes down now.
    """
    if by == "cluster":
        codes = np.where(made.cluster == NONE, OTHERS, np.minimum(made.cluster, OTHERS)).astype(np.uint8)
        named = tuple((one.name, one.rows) for one in made.clusters[:SHOWN])
        return Colours(by, codes, named, queries=("",) * len(named))
    version = registry.version(made.version)
    warm = warm_of(registry)
    table = warm.table(version.manifest, ())
    with warm.shelf.lock:
        columns = told(registry, table)
    shown = shown_rows(table, Ref.parse(made.version).split)
    field, column = by, columns.get(by, columns.get(by.removeprefix("fact.")))
    if by == "label" and not _states(column):
        field, column = _label(columns)
    if column is None:
        field, column = "", _of_records(registry, table, by)
    if isinstance(column, Numbers):
        return _of_numbers(by, column, column.codes if shown is None else column.codes[shown])
    if isinstance(column, Flags) or column is None:
        return Colours(by, np.full(len(made), OTHERS, np.uint8), ())
    return _of_words(by, field, column, column.codes if shown is None else column.codes[shown])


def ways(registry: Registry, made: VersionMap) -> tuple[str, ...]:
    """What the points can be coloured by so that there are at least two colours: the usual ways, then fields and facts
    that few values tell apart."""
    version = registry.version(made.version)
    warm = warm_of(registry)
    table = warm.table(version.manifest, ())
    with warm.shelf.lock:
        columns = told(registry, table)
    some = [name for name, column in columns.items() if _tells_apart(column)]
    usual = ["cluster", *(["label"] if {*TOPICS} & {*some} else []), *USUAL[2:]]
    first = [name for name in usual if name in ("cluster", "label") or name in some]
    return tuple(dict.fromkeys((*first, *(name for name in some if name not in ("is", "licence")))))


def _tells_apart(column: Column) -> bool:
    if isinstance(column, Numbers):
        return len(column.values) > 1
    if not isinstance(column, Words):
        return False
    stated = sum(map(bool, column.names))
    return stated > 1 or (
        stated == 1 and "" in column.names and bool((column.codes == column.names.index("")).any())
    )


def _states(column: Column | None) -> bool:
    return isinstance(column, Words) and any(column.names)


def _label(columns: Any) -> tuple[str, Column | None]:
    """The first of `TOPICS` that a row states, as one column; its name is that of a field where one says all."""
    said = [(name, columns[name]) for name in TOPICS if _states(columns.get(name))]
    if len(said) <= 1:
        return said[0] if said else ("label", None)
    names: dict[str, int] = {"": 0}
    codes = np.zeros(len(said[0][1].codes), np.uint32)
    for _, column in said:
        own = np.array([names.setdefault(text, len(names)) for text in column.names], np.uint32)[column.codes]
        codes = np.where(codes == 0, own, codes)
    return "", Words(codes, list(names))


def _of_records(registry: Registry, table: VersionColumns, path: str) -> Words | None:
    """A field of the records, of which each segment is read once and then remembered."""
    preparing = Preparing(registry, sum(ref.rows for ref in table.segments))
    names: dict[str, int] = {"": 0}
    codes = np.zeros(len(table), np.uint32)
    for ref, where in zip(table.segments, table.where, strict=True):
        held = preparing.field(ref, path).words.get(path)
        if held is None:
            continue
        own = np.array([names.setdefault(text, len(names)) for text in held[1]], np.uint32)[held[0]]
        codes[where[where >= 0]] = own[where >= 0]
        if len(names) > _MOST:
            return None
    preparing.finish()
    return Words(codes, list(names))


def _of_numbers(by: str, column: Numbers, codes: npt.NDArray[Any]) -> Colours:
    """Five ranges with about as many rows each."""
    known = ~np.isnan(column.values)
    rows = np.bincount(codes, minlength=len(column.values))
    total = int(rows[known].sum())
    if not total:
        return Colours(by, np.full(len(codes), OTHERS, np.uint8), ())
    values, counts = column.values[known], rows[known]
    values, counts = values[counts > 0], counts[counts > 0]
    at = np.searchsorted(np.cumsum(counts), np.array(_PARTS) * total, side="right")
    edges = np.unique(values[np.minimum(at, len(values) - 1)])
    edges = edges[edges > values[0]]
    colour = np.full(len(column.values), OTHERS, np.uint8)
    colour[known] = np.searchsorted(edges, column.values[known], "right")
    low = [float(values[0]), *edges.tolist()]
    named, queries = [], []
    for k, least in enumerate(low):
        here = np.searchsorted(edges, values, "right") == k
        most = float(values[here][-1])
        named.append(
            (f"{least:.4g}" if most == least else f"{least:.4g} to {most:.4g}", int(counts[here].sum()))
        )
        bound = spelled_number(low[k + 1]) if k + 1 < len(low) else ""
        queries.append(Query(picked=(Picked(by, f"{spelled_number(least)}..{bound}"),)).text)
    return Colours(by, colour[codes], tuple(named), True, tuple(queries))


def _of_words(by: str, field: str, column: Words, codes: npt.NDArray[Any]) -> Colours:
    """The most frequent values get the first colours; of equals the one that sorts first. `field` "": no field has the
    values by itself."""
    rows = np.bincount(codes, minlength=len(column.names))
    there: Sequence[int] = [k for k in np.flatnonzero(rows).tolist() if column.names[k]]
    first = sorted(there, key=lambda k: (-rows[k], column.names[k]))[:SHOWN]
    colour = np.full(len(column.names), OTHERS, np.uint8)
    colour[first] = np.arange(len(first), dtype=np.uint8)
    named = tuple((column.names[k][:_LONGEST], int(rows[k])) for k in first)
    queries = tuple(Query(picked=(Picked(field, column.names[k]),)).text if field else "" for k in first)
    return Colours(by, colour[codes], named, queries=queries)
