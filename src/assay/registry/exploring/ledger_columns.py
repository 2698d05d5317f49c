"""A ledger laid out for looking through: one row a record that was not kept, in the order of the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.ledger_reading import open_ledger
from assay.errors import Damaged, NotFound
from assay.measure.facets.columns import Words, smallest_codes
from assay.model.version import Manifest, SegmentRef
from assay.store.objects import Objects, object_key
from assay.store.parquet import DAMAGE

if TYPE_CHECKING:
    from assay.registry import Registry

FACETS: Final = ("stage", "code", "source", "outcome")
_NUMBERS: Final = {"record": 0, "segment": -1, "row": 0, "value": np.nan, "similarity": np.nan}
"""Columns that become arrays, and what stands for none in them."""
REST: Final = ("threshold", "twin_id", "twin_source", "twin_record", "message", "excerpt")

Array = npt.NDArray[Any]


@dataclass
class LedgerColumns:
    """The records of a curation that were rejected or malformed, in the order of its ledger: by source, then record.

    `at`: the row of the ledger. `source` (a position in `sources`, as the ledger orders them) and `record` name the
    record; `segment` (a position in `segments`, -1 for none) and `row` where its example lies. `value`, `similarity`:
    NaN for none. `rest`: what else the ledger says of each, the columns `REST`. `version` is the one that the curation
    made, `read` the number of rows of the ledger.
    """

    version: str
    ledger: str
    read: int
    words: Mapping[str, Words]
    sources: Sequence[str]
    source: Array
    record: Array
    value: Array
    similarity: Array
    at: Array
    segments: Sequence[SegmentRef]
    segment: Array
    row: Array
    rest: pa.Table

    def __len__(self) -> int:
        return len(self.at)


def made_by(registry: Registry, manifest: Manifest) -> tuple[Manifest, Mapping[str, Any]]:
    """The version, of this one and those it was made from, that the nearest curation made; and that curation.

    Raises NotFound when no curation led to it.
    """
    asked, objects = manifest, registry.store.objects
    found = registry.store.curation(manifest)
    while found is None or "ledger" not in found:
        if not manifest.parents:
            raise NotFound(
                f"no curation led to {asked.ref}: it has no ledger", "`assay log` says how it was made"
            )
        manifest = objects.manifest(manifest.parents[0])
        found = registry.store.curation(manifest)
    while (
        manifest.parents and (before := objects.manifest(manifest.parents[0])).curation == manifest.curation
    ):
        manifest = before  # what was disabled or restored since did not curate anew
    return manifest, found


def lay_out_ledger(registry: Registry, manifest: Manifest, curation: Mapping[str, Any]) -> LedgerColumns:
    """The ledger of a curation. Memory is that of the rows that were not kept. Raises Damaged."""
    objects = Objects(registry.store.storage, cache_bytes=0)
    name = str(curation["ledger"])
    names: dict[str, dict[str, int]] = {field: {} for field in FACETS}
    parts: dict[str, list[Array]] = {field: [] for field in (*FACETS, *_NUMBERS, "at")}
    rest: list[pa.Table] = []
    start = 0
    try:
        file = open_ledger(objects.buffer(name))
        for number in range(file.metadata.num_row_groups):
            table = file.read_row_group(number, columns=[*FACETS, *_NUMBERS, *REST])
            coded = {field: _coded(table.column(field), names[field]) for field in FACETS}
            here = np.flatnonzero(coded["outcome"] != names["outcome"].get("kept", -1))
            for field in FACETS:
                parts[field].append(coded[field][here])
            for field, nothing in _NUMBERS.items():
                parts[field].append(table.column(field).fill_null(nothing).to_numpy()[here])
            parts["at"].append(here + start)
            rest.append(_packed(table.select(REST).take(pa.array(here))))
            start += len(table)
    except DAMAGE as error:
        raise Damaged(f"{object_key(name)} is no ledger: {error}") from None
    pa.default_memory_pool().release_unused()
    joined = {
        field: np.concatenate(found) if found else np.empty(0, np.int64) for field, found in parts.items()
    }
    return LedgerColumns(
        manifest.ref, name, start,
        {f: Words(smallest_codes(joined[f], len(names[f])), list(names[f]), f == "source") for f in FACETS},
        list(names["source"]), joined["source"].astype(np.int32), joined["record"],
        joined["value"].astype(np.float64), joined["similarity"].astype(np.float64), joined["at"].astype(np.int64),
        [SegmentRef.from_json(one) for one in curation["segments"]], joined["segment"].astype(np.int32),
        joined["row"].astype(np.int64), pa.concat_tables(rest).unify_dictionaries() if rest else pa.table({}),
    )  # fmt: skip


def _packed(table: pa.Table) -> pa.Table:
    """The same, with names of sources that take four bytes each."""
    at = table.schema.get_field_index("twin_source")
    return table.set_column(at, "twin_source", table.column(at).cast(pa.string()).dictionary_encode())


def _coded(column: Any, names: dict[str, int]) -> Array:
    """The codes of a column's texts; `names` grows with what was not seen before. A missing text is ""."""
    words = column.combine_chunks()
    words = words.dictionary_encode(null_encoding="encode") if not hasattr(words, "dictionary") else words
    codes = np.array(
        [names.setdefault(text or "", len(names)) for text in words.dictionary.to_pylist()], np.int64
    )
    indices = words.indices
    if indices.null_count:
        nothing = names.setdefault("", len(names))
        at = indices.fill_null(-1).to_numpy()
        return np.where(at < 0, nothing, codes[at]) if len(codes) else np.full(len(at), nothing)
    return codes[indices.to_numpy()] if len(codes) else np.empty(0, np.int64)
