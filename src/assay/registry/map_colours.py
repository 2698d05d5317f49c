"""What the points of a map are coloured by: the cluster, or what the rows say of themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.govern.facts import Facts, facts
from assay.kernels.ids import concat, find, ids_of, order
from assay.kernels.language import languages_of
from assay.kernels.language_tables import unpacked
from assay.kernels.texts import Texts
from assay.measure.distribution import field_value
from assay.measure.map.grouping import NONE
from assay.measure.profile import TOPICS
from assay.model.provenance import COLUMNS
from assay.registry.map_store import MapStore, name_of
from assay.registry.mapping import ids_on, texts_of
from assay.store.members import part_tables, shown

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.map_values import VersionMap

SHOWN: Final = 7
"""Values that have a colour of their own; the eighth is everybody else's."""
OTHERS: Final = 7
USUAL: Final = ("cluster", "label", "language", "origin", "generator")
_LONGEST: Final = 80
_MOST: Final = 100_000

U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Colours:
    """`codes`: uint8[n], 0 to 6 for a value of `names`, 7 for all others. `names`: (value, rows). `ordered`: the values
    are ranges of a score, from low to high."""

    by: str
    codes: U8
    names: tuple[tuple[str, int], ...]
    ordered: bool = False

    @property
    def others(self) -> int:
        return len(self.codes) - sum(rows for _, rows in self.names)


def colours(registry: Registry, made: VersionMap, by: str) -> Colours:
    """Colours by `cluster`, `label`, `language`, `split`, a provenance column, a fact's key or a field of the records.

    One pass over the rows where the cluster is not enough; remembered with the map.
    """
    if by == "cluster":
        codes = np.where(made.cluster == NONE, OTHERS, np.minimum(made.cluster, OTHERS)).astype(np.uint8)
        return Colours(by, codes, tuple((one.name, one.rows) for one in made.clusters[:SHOWN]))
    dataset = registry.version(made.version).manifest.dataset
    known = facts(registry.store.objects, registry.store.log.entries(), dataset)
    if by in known.keys:
        return _of_fact(registry, made, known, by)
    version = registry.version(made.version)
    name = name_of(
        {"colours": by, "version": version.name, "erased": version.erased, "print": version.fingerprint}
    )
    store = MapStore(registry)
    if (held := store.columns(name)) is not None:
        return Colours(by, held["codes"], tuple((a, b) for a, b in orjson.loads(held["names"].tobytes())))
    found = _of_rows(registry, made, by)
    names = np.frombuffer(orjson.dumps(found.names), np.uint8)
    store.keep(name, {"codes": found.codes, "names": names})
    return found


def _of_fact(registry: Registry, made: VersionMap, known: Facts, key: str) -> Colours:
    ids = ids_on(registry, registry.version(made.version))
    numeric = key in known.scores
    about, said = known.said(key, numeric=numeric)
    at = find(about, ids)
    codes = np.full(len(ids), OTHERS, np.uint8)
    has = at >= 0
    if not numeric:
        values = np.array(said.to_pylist(), object)[at[has]]
        return _counted(key, [str(v)[:_LONGEST] if h else None for v, h in _spread(values, has)])
    numbers = said.to_numpy()[at[has]]
    if not len(numbers):
        return Colours(key, codes, ())
    edges = np.unique(np.quantile(numbers, [0.2, 0.4, 0.6, 0.8]))
    bins = np.searchsorted(edges, numbers, "right")
    codes[has] = bins
    limits = [float(numbers.min()), *edges.tolist(), float(numbers.max())]
    counts = np.bincount(bins, minlength=len(limits) - 1).tolist()
    names = tuple(
        (f"{low:.4g} to {high:.4g}", rows)
        for low, high, rows in zip(limits, limits[1:], counts, strict=False)
    )
    return Colours(key, codes, names, True)


def _spread(values: npt.NDArray[Any], has: npt.NDArray[np.bool_]) -> Iterator[tuple[Any, bool]]:
    left = iter(values.tolist())
    for one in has.tolist():
        yield (next(left), True) if one else (None, False)


def _of_rows(registry: Registry, made: VersionMap, by: str) -> Colours:
    version = registry.version(made.version)
    version.admit()
    columns = ["id", by] if by in COLUMNS or by == "source" else ["id", "payload", "extra"]
    came, values = [], list[str | None]()
    seen: dict[str, str] = {}
    for split in version.counts:
        for part in version.manifest.splits.get(split, ()):
            for table in part_tables(registry.store.objects, part, columns):
                rows = shown(table)
                came.append(ids_of(rows.column("id")))
                stated = [split] * len(rows) if by == "split" else _stated(rows, by)
                # One string a value, however many rows state it.
                values += [None if v is None else seen.setdefault(v[:_LONGEST], v[:_LONGEST]) for v in stated]
                if len(seen) > _MOST:
                    seen.clear()
    by_id = order(concat(came))
    ids = concat(came)[by_id]
    ordered = [values[k] for k in by_id.tolist()]
    points = ids_on(registry, version)
    if len(points) != len(ids):  # columns alone do not tell which rows were forgotten
        ordered = [ordered[k] for k in find(ids, points).tolist()]
    return _counted(by, ordered)


def _stated(rows: pa.Table, by: str) -> Iterable[str | None]:
    if by in rows.column_names:
        return [None if value is None else str(value) for value in rows.column(by).to_pylist()]
    if by == "language":
        codes, _ = languages_of(Texts.of(texts_of(rows)))
        return [unpacked(int(code)) for code in codes]
    return _fields(rows, TOPICS if by == "label" else (by,))


def _fields(rows: pa.Table, names: tuple[str, ...]) -> Iterator[str | None]:
    for spelled, payload in zip(
        rows.column("extra").to_pylist(), rows.column("payload").to_pylist(), strict=True
    ):
        left = orjson.loads(spelled) if spelled else {}
        held, trained = left if isinstance(left, dict) else {}, orjson.loads(payload)
        yield next((v for name in names if (v := field_value(name, held, trained)) is not None), None)


def _counted(by: str, values: list[str | None]) -> Colours:
    counts = Counter(value for value in values if value is not None)
    names = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:SHOWN]
    code = {name: k for k, (name, _) in enumerate(names)}
    codes = np.fromiter(
        (code.get(v, OTHERS) if v is not None else OTHERS for v in values), np.uint8, len(values)
    )
    return Colours(by, codes, tuple(names))
