"""The writing end of a curation: segments, ledger, and the JSON that ties them to recipe and sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.chunk import BASE
from assay.curate.gather import Gathered
from assay.curate.ledger import Places, build_ledger, ledger_bytes
from assay.curate.settle import KEPT, Settled
from assay.curate.split import Standing
from assay.curate.spool import Spool
from assay.kernels.ids import IdArray, find, order
from assay.model.version import SegmentRef
from assay.registry.curating.base_rows import BaseRows
from assay.registry.curating.rereading import Rereading
from assay.registry.curating.sources import Sources
from assay.registry.store import Store
from assay.store.segments import read_ids, write_segments

if TYPE_CHECKING:
    from assay.registry.curating.curation import Request

CURATION_FORMAT = 1
_SLICE = 50_000
_MOST_SLICE = 250_000
_SMALL_SLICE = 10_000
_SLICES = 20
"""Rows are taken from the spool in about so many slices, within these bounds: every slice reads it through. Where
memory is limited a slice is small."""


@dataclass(frozen=True)
class Written:
    """What a commit names: the new segments of kept examples, and the object that says how they came about."""

    segments: list[SegmentRef]
    curation: str


def write_curation(  # noqa: PLR0913 - the whole of a curation is what it writes
    store: Store,
    request: Request,
    gathered: Gathered,
    settled: Settled,
    spool: Spool | Rereading,
    sources: Sources,
    base: BaseRows,
    standing: Standing,
    scratch: Path,
    summary: Mapping[str, Any],
) -> Written:
    """Write every object of a curation but its manifest. Nothing is visible until the commit names them."""
    first = settled.same == np.arange(len(gathered))
    bounded = request.memory is not None
    kept = first & (settled.stage == KEPT)
    stored = (standing.code >= 0) | gathered.pinned
    segments = [
        ref
        for split in sorted(set(settled.split[kept].tolist()))
        for ref in _write(
            store,
            spool,
            gathered,
            np.flatnonzero(kept & ~stored & (settled.split == split)),
            scratch,
            bounded,
        )
    ]
    known = store.rejected_segments(base.manifest)
    rejected = np.flatnonzero(first & ~kept & ~gathered.pinned)
    rejected_before = np.zeros(len(rejected), np.bool_)
    by_id = order(_ids(gathered, rejected))
    sought = _ids(gathered, rejected[by_id])
    for ref in known:
        at = find(sought, read_ids(store.objects, ref))
        rejected_before[by_id[at[at >= 0]]] = True
    new_rejected = _write(store, spool, gathered, rejected[~rejected_before], scratch, bounded)
    # Addresses count these segments in this order: what stands in the version, then what was rejected.
    base_segments = store.segments(base.manifest)
    address_space = list(dict.fromkeys([*base_segments, *segments, *known, *new_rejected]))
    places = _places(store, gathered, settled, sources.uris, address_space)
    ledger = build_ledger(gathered, settled, request.plan, sources.uris, places)
    ledger_name = store.objects.put_bytes(ledger_bytes(ledger), "parquet")
    curation = store.objects.put_json(
        {
            "format": CURATION_FORMAT,
            "recipe": request.plan.recipe.as_json(),
            "recipe_digest": request.plan.recipe.digest,
            "stages": {stage.kind: stage.version for stage in request.plan.stages},
            "lineage": {s.kind: dict(s.lineage) for s in request.plan.stages if s.lineage},
            "add": request.add,
            "provenance": dict(request.provenance),
            "sources": [source.as_json() for source in sources.read],
            "eval_sources": list(request.eval_sources),
            "ledger": ledger_name,
            "segments": [ref.as_json() for ref in address_space],
            "rejected": [ref.as_json() for ref in (*known, *new_rejected)],
            **summary,
        }
    )
    return Written(segments, curation)


def _ids(gathered: Gathered, rows: npt.NDArray[np.int64]) -> IdArray:
    return np.ascontiguousarray(gathered.ids[rows]).view("V32")


def membership(gathered: Gathered, settled: Settled) -> dict[str, IdArray]:
    """Split → sorted ids of the version to be. With `--add` the base rows are among those gathered."""
    kept = settled.kept
    kept = kept[settled.same[kept] == kept]
    split = settled.split[kept]
    out: dict[str, IdArray] = {}
    for name in sorted(set(split.tolist())):
        here = np.zeros(len(gathered), np.bool_)
        here[kept[split == name]] = True
        out[name] = np.ascontiguousarray(gathered.ids[gathered.by_id[here[gathered.by_id]]]).view("V32")
    return out


def _write(
    store: Store,
    spool: Spool | Rereading,
    gathered: Gathered,
    rows: npt.NDArray[np.int64],
    scratch: Path,
    bounded: bool,
) -> list[SegmentRef]:
    if not len(rows):
        return []
    ordered = rows[order(_ids(gathered, rows))]

    def tables() -> Iterator[pa.Table]:
        step = _SMALL_SLICE if bounded else min(max(_SLICE, len(ordered) // _SLICES), _MOST_SLICE)
        for start in range(0, len(ordered), step):
            yield spool.take(ordered[start : start + step])
            spool.forget()

    return write_segments(store.objects, _one_ahead(tables()), scratch)


def _one_ahead(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same tables, the next one being fetched while one is written."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, tables, None)
        while (table := coming.result()) is not None:
            coming = pool.submit(next, tables, None)
            yield table


def _places(
    store: Store,
    gathered: Gathered,
    settled: Settled,
    uris: Sequence[str],
    segments: list[SegmentRef],
) -> Places:
    """Where every row's example stands, by looking its id up in all segments of the address space."""
    n, same = len(gathered), settled.same
    segment, row = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    ids = np.ascontiguousarray(gathered.ids).view("V32")
    # A segment's ids are few beside all of these: they are looked up there, and what is equal follows.
    asked = same == np.arange(n)
    if (gathered.source == BASE).any():
        # A base row is no record of this curation: where it lies matters if it is the twin, or the like, of one.
        asked &= np.isin(np.arange(n), np.concatenate([same[gathered.source != BASE], settled.twin]))
    by_id = gathered.by_id[asked[gathered.by_id]]
    known = ids[by_id]
    for position, ref in reversed(list(enumerate(segments))):
        held = read_ids(store.objects, ref)
        at = find(known, held)
        there = np.flatnonzero(at >= 0)
        rows = by_id[at[there]]
        segment[rows], row[rows] = position, there
    segment, row = segment[same], row[same]
    assert (segment[gathered.source != BASE] >= 0).all(), "every row that was parsed is stored"
    names = list(uris)
    source = gathered.source.astype(np.int32)
    record = gathered.record.copy()
    base_rows = np.flatnonzero((gathered.source == BASE) & (segment >= 0))
    if len(base_rows):
        _own_sources(store, segments, segment[base_rows], row[base_rows], base_rows, names, source, record)
    return Places(segment, row, source, names, record)


def _own_sources(  # noqa: PLR0913
    store: Store,
    segments: list[SegmentRef],
    segment: npt.NDArray[np.int32],
    row: npt.NDArray[np.int32],
    base_rows: npt.NDArray[np.int64],
    names: list[str],
    source: npt.NDArray[np.int32],
    record: npt.NDArray[np.int64],
) -> None:
    """Give base rows the source and record under which they were first read, so that twins can be named."""
    for position in np.unique(segment).tolist():
        here = np.flatnonzero(segment == position)
        table = store.segment(segments[position], ["source", "record"]).take(pa.array(row[here]))
        spelled = table.column("source").combine_chunks().dictionary_encode()
        known = spelled.dictionary.to_pylist()
        names += [name for name in known if name not in names]
        code = np.array([names.index(name) for name in known], np.int32)
        source[base_rows[here]] = code[spelled.indices.to_numpy()]
        record[base_rows[here]] = table.column("record").to_numpy()
