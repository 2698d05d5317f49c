"""map: a version in the plane, its clusters with their names, held against another version's map where asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.engines.local import LocalEngine
from assay.errors import UsageError
from assay.kernels.cosine import quantise
from assay.kernels.embedding import Embedder, load_embedder
from assay.kernels.ids import IdArray, concat, contains, id_list, ids_of, order
from assay.measure.map.alignment import Change, Side, changes
from assay.measure.map.fitting import SAMPLE, Fit, fit, fit_like
from assay.measure.map.grouping import Nearest, how_many, typical
from assay.measure.map.layout import LANDMARKS
from assay.measure.map.terms import common, terms
from assay.model.example import views
from assay.registry.mapping.store import MapStore, name_of
from assay.registry.mapping.values import SEED, U16, Cluster, VersionMap, Wanted
from assay.registry.results import Progress
from assay.registry.version import Version
from assay.store.erased import erased
from assay.store.members import part_tables, place, rows_of, shown

if TYPE_CHECKING:
    from assay.measure.map.styles import Style
    from assay.registry import Registry
    from assay.registry.mapping.colours import Colours
    from assay.registry.mapping.selection import Selection
    from assay.registry.mapping.topics import Topic

READ: Final = 400
"""Characters of the input that are looked at, and as many of the output."""
DEFAULT: Final = Wanted()
_SLICE: Final = 2_000


class Maps:
    """`registry.maps`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def map(
        self,
        ref: str,
        how: Wanted = DEFAULT,
        like: str | None = None,
        workers: int = 1,
    ) -> VersionMap:
        """The map of a version, or of one split of it; remembered in the registry's cache.

        `like`: a version whose map is made (or found) the same way, and whose places and clusters this one takes over.
        Raises NotFound, UsageError, Revoked; MissingExtra where model or layout need a library.
        """
        return version_map(self._registry, ref, how, like, workers)

    def found(self, ref: str, how: Wanted = DEFAULT, like: str | None = None) -> VersionMap | None:
        """The same where it is remembered, else None."""
        registry = self._registry
        version = registry.version(ref)
        version.admit()
        base = None if like is None else registry.version(like)
        embedder = load_embedder(how.model)
        return MapStore(registry).get(_key(registry, version, base, how, embedder))

    def ids(self, ref: str) -> IdArray:
        """The sorted ids that a map's points stand for."""
        return ids_on(self._registry, self._registry.version(ref))

    def changes(self, before: VersionMap, after: VersionMap) -> tuple[Change, ...]:
        """What grew, shrank, appeared or vanished between two maps of one embedder. Raises UsageError for others."""
        if before.embedder != after.embedder:
            raise UsageError(
                f"{before.version} was placed by {before.embedder}, {after.version} by {after.embedder}",
                "make both maps with the same --model",
            )
        return changes(self._side(before, after.fit), self._side(after, after.fit))

    def select(self, made: VersionMap, lasso: str | None = None, cluster: int | None = None) -> Selection:
        """What lies within a polygon (`x,y;x,y;x,y`) or a cluster. Raises UsageError, NotFound."""
        from assay.registry.mapping.selection import select, within

        return select(self._registry, made, within(made, lasso, cluster), cluster)

    def selected_ids(self, made: VersionMap, lasso: str | None = None, cluster: int | None = None) -> IdArray:
        """The sorted ids of the same."""
        from assay.registry.mapping.selection import within

        return self.ids(made.version)[within(made, lasso, cluster)]

    def colours(self, made: VersionMap, by: str) -> Colours:
        """What each point is coloured by: cluster, label, language, split, a provenance column, a fact, a field."""
        from assay.registry.mapping.colours import colours

        return colours(self._registry, made, by)

    def topics(self, a: str, b: str) -> tuple[Topic, ...]:
        """What became of the clusters of `a` in `b`, where maps of both are kept, the second's like the first's; else
        none. Raises NotFound, Revoked."""
        from assay.registry.mapping.topics import topics

        return topics(self._registry, a, b)

    def ways(self, made: VersionMap) -> tuple[str, ...]:
        """What a map can be coloured by in at least two colours. Takes columns down as `looking.explore` does."""
        from assay.registry.mapping.colours import ways

        return ways(self._registry, made)

    def styles(self, ref: str) -> tuple[Style, ...]:
        """How alike each generator's outputs are, and whose lie next to whose."""
        from assay.registry.mapping.styles import style_table

        return style_table(self._registry, ref)

    def _side(self, made: VersionMap, shared: Fit) -> Side:
        ids = self.ids(made.version)
        reduced, _ = shared.space.reduce(made.fit.whole)
        return Side(ids, made.cluster, reduced)


def version_map(registry: Registry, ref: str, how: Wanted, like: str | None, workers: int = 1) -> VersionMap:
    """See `Maps.map`."""
    version = registry.version(ref)
    version.admit()
    base = None if like is None else registry.version(like)
    embedder = load_embedder(how.model)
    store = MapStore(registry)
    key = _key(registry, version, base, how, embedder)
    if (known := store.get(key)) is not None:
        return known
    other = None if base is None else version_map(registry, base.name, how, None, workers)
    made = _make(registry, version, other, how, embedder, workers)
    store.put(key, made)
    return made


def _key(registry: Registry, version: Version, base: Version | None, how: Wanted, embedder: Embedder) -> str:
    about = {
        "version": version.name, "fingerprint": version.fingerprint, "erased": version.erased,
        "model": embedder.digest, "clusters": how.clusters, "layout": how.layout, "seed": SEED, "read": READ,
        "sample": SAMPLE, "landmarks": LANDMARKS[how.layout],
        "like": None if base is None else [base.name, base.fingerprint, base.erased],
    }  # fmt: skip
    return name_of(about)


def _make(
    registry: Registry,
    version: Version,
    other: VersionMap | None,
    how: Wanted,
    embedder: Embedder,
    workers: int,
) -> VersionMap:
    _tell(registry, "reading a sample", 0, None)
    ids, sample, texts = _sample(registry, version)
    if not len(ids):
        raise UsageError(f"{version.name} has no rows", "a map needs some")
    _tell(registry, "learning the plane", 0, None)
    vectors = _vectors(embedder, texts)
    k = how_many(len(ids), how.clusters)
    learnt = fit(vectors, how.layout, k, SEED) if other is None else fit_like(other.fit, vectors, k, SEED)
    x, y, found = _placed(registry, version, _Place(learnt, embedder), len(ids), workers)
    _tell(registry, "naming clusters", 0, None)
    among = common(texts)
    own = found.cluster[: len(sample)]  # the sample has the smallest ids
    names = {
        c: terms([texts[r] for r in np.flatnonzero(own == c).tolist()], among)
        for c in range(len(learnt.centres))
    }
    if other is not None:  # a cluster that is taken over keeps its name
        names |= {one.number: one.terms for one in other.clusters}
    clusters = tuple(_cluster(c, names[c], ids, x, y, found) for c in range(len(learnt.centres)))
    return VersionMap(
        version.name, version.fingerprint, embedder.name, embedder.lexical, learnt.layout.how,
        None if other is None else other.version, x, y, found.cluster, clusters, among, learnt,
    )  # fmt: skip


def _cluster(number: int, said: tuple[str, ...], ids: IdArray, x: U16, y: U16, found: Nearest) -> Cluster:
    rows = np.flatnonzero(found.cluster == number)
    middle, border = typical(found, number)
    across, up = (int(np.median(places[rows])) if len(rows) else 0 for places in (x, y))
    return Cluster(
        number, len(rows), len(rows) / len(ids), said, across, up,
        tuple(one.hex() for one in id_list(ids[middle])), tuple(one.hex() for one in id_list(ids[border])),
    )  # fmt: skip


def ids_on(registry: Registry, version: Version) -> IdArray:
    """The sorted ids of a version's rows that were not forgotten."""
    store = registry.store
    every = concat([store.split_ids(version.manifest, split).view("V32") for split in version.counts])
    every = every if len(version.counts) == 1 else every[order(every)]
    gone = erased(store.objects, store.everything()).ids
    return every[~contains(gone, every)] if len(gone) else every


def _sample(registry: Registry, version: Version) -> tuple[IdArray, IdArray, list[str]]:
    """All ids, those of the sample, and its texts."""
    ids = ids_on(registry, version)
    chosen = ids[:SAMPLE]
    placed = place(registry.store.objects, version.manifest)
    at = np.flatnonzero(
        contains(chosen, placed.ids) & np.isin(placed.split, [placed.splits.index(s) for s in version.counts])
    )
    texts: list[str] = []
    for start in range(0, len(at), _SLICE):
        places = [
            (placed.segments[placed.segment[k]], int(placed.row[k]))
            for k in at[start : start + _SLICE].tolist()
        ]
        texts += texts_of(rows_of(registry.store.objects, places, ["id", "payload"]))
    return ids, chosen, texts


@dataclass(frozen=True, slots=True)
class _Place:
    """Places the rows of a table; goes to each worker once."""

    learnt: Fit
    embedder: Embedder

    def __call__(self, table: pa.Table) -> tuple[IdArray, U16, U16, Nearest]:
        ids = ids_of(table.column("id"))
        return ids, *self.learnt.place(_vectors(self.embedder, texts_of(table)), ids)


def _placed(
    registry: Registry, version: Version, place: _Place, rows: int, workers: int
) -> tuple[U16, U16, Nearest]:
    """Every row's place and cluster, in the order of ids; texts are let go of, table by table."""
    came: list[tuple[IdArray, U16, U16, Nearest]] = []
    done = 0
    for one in LocalEngine(workers).map(place, _tables(registry, version)):
        came.append(one)
        done += len(one[0])
        _tell(registry, "placing", done, rows)
    by_id = order(concat([ids for ids, _, _, _ in came]))

    def joined(arrays: Iterator[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        return np.concatenate(list(arrays))[by_id]

    found = Nearest(
        joined(near.cluster for *_, near in came),
        joined(near.close for *_, near in came),
        joined(near.margin for *_, near in came),
    )
    return joined(x for _, x, _, _ in came), joined(y for _, _, y, _ in came), found


def _tell(registry: Registry, phase: str, done: int, rows: int | None) -> None:
    if registry.tell is not None:
        registry.tell(Progress(phase, done, rows, "examples"))


def _tables(registry: Registry, version: Version) -> Iterator[pa.Table]:
    for split in version.counts:
        for part in version.manifest.splits.get(split, ()):
            for table in part_tables(registry.store.objects, part, ["id", "payload"]):
                yield shown(table)


def texts_of(table: pa.Table) -> list[str]:
    """What is looked at of each row: the beginning of what the model is given and of what it learns to say."""
    return [text_of(orjson.loads(payload)) for payload in table.column("payload").to_pylist()]


def text_of(payload: Mapping[str, Any]) -> str:
    seen = views(payload)
    if "text" in payload and "label" in payload:  # a label is no text, and what clusters are held against
        return seen.input[: 2 * READ].strip()
    return f"{seen.input[:READ]}\n{seen.output[:READ]}".strip()


def _vectors(embedder: Embedder, texts: Sequence[str]) -> npt.NDArray[np.int8]:
    return quantise(embedder.encode(texts))
