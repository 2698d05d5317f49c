"""What the points of a map are coloured by: the cluster, or what the rows say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.govern.facts import Facts, facts
from assay.kernels.ids import IdArray, concat, find, ids_of, order
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
Ints = npt.NDArray[np.int32]


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
        seen: dict[str, int] = {}
        coded = np.full(len(ids), -1, np.int32)
        stated = said.to_pylist()
        coded[has] = [_code(seen, stated[k]) for k in at[has].tolist()]
        return _counted(key, list(seen), coded)
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


def _of_rows(registry: Registry, made: VersionMap, by: str) -> Colours:
    version = registry.version(made.version)
    version.admit()
    columns = ["id", by] if by in COLUMNS or by == "source" else ["id", "payload", "extra"]
    came, coded = list[IdArray](), list[Ints]()
    seen: dict[str, int] = {}
    for split in version.counts:
        for part in version.manifest.splits.get(split, ()):
            for table in part_tables(registry.store.objects, part, columns):
                rows = shown(table)
                came.append(ids_of(rows.column("id")))
                stated = [split] * len(rows) if by == "split" else _stated(rows, by)
                coded.append(np.fromiter((_code(seen, one) for one in stated), np.int32, len(rows)))
    ids = concat(came)
    by_id = order(ids)
    # Columns alone do not tell which rows were forgotten.
    at = find(ids[by_id], ids_on(registry, version))
    return _counted(by, list(seen), np.concatenate(coded)[by_id][at])


def _code(seen: dict[str, int], value: str | None) -> int:
    """A number for each value; -1 for nothing, and for all that come after the first 100,000."""
    if value is None:
        return -1
    cut = value[:_LONGEST]
    return seen.setdefault(cut, len(seen)) if len(seen) < _MOST else seen.get(cut, -1)


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


def _counted(by: str, values: Sequence[str], coded: Ints) -> Colours:
    """The most frequent values get the first colours; of equals the one that sorts first."""
    rows = np.bincount(coded[coded >= 0], minlength=len(values)).tolist()
    first = sorted((k for k in range(len(values)) if rows[k]), key=lambda k: (-rows[k], values[k]))[:SHOWN]
    colour = np.full(len(values) + 1, OTHERS, np.uint8)  # the last for -1
    colour[first] = np.arange(len(first), dtype=np.uint8)
    return Colours(by, colour[coded], tuple((values[k], rows[k]) for k in first))
