"""why and trace: the fate of a record, and everything known about an example."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from assay.curate.ledger import decisions, find_record, open_ledger
from assay.errors import NotFound, UsageError
from assay.kernels.ids import as_ids, find, id_list
from assay.model.decision import Decision
from assay.model.example import Example
from assay.model.version import Manifest, SegmentRef
from assay.registry.results import Interval, Trace
from assay.registry.store import Store
from assay.registry.version import example_of
from assay.store.segments import read_ids, read_rows

if TYPE_CHECKING:
    from assay.registry import Registry


def why(registry: Registry, ref: str, source: str, record: int) -> Decision:
    """The decision on a record, as the version of `ref` or the nearest version before it made it.

    `source` is the uri under which the file was curated, or any ending of it that names one source alone.
    Raises NotFound with the sources there are, or with how many records the source holds.
    """
    version = registry.version(ref)
    seen: list[str] = []
    for manifest in _line(registry.store, version.manifest):
        curation = registry.store.curation(manifest)
        if curation is None:
            continue
        uris = [entry["uri"] for entry in curation["sources"]]
        seen += [uri for uri in uris if uri not in seen]
        uri = _match(uris, source)
        if uri is None:
            continue
        table = find_record(open_ledger(registry.store.objects.buffer(curation["ledger"])), uri, record)
        for decision, address in decisions(table):
            return _with_id(registry.store, curation, decision, address)
        raise NotFound(
            f"{uri} has no record {record} in {manifest.ref}",
            "records count from 1: lines of JSONL, CSV and text (blank ones are no records), "
            "elements of a JSON array, rows of Parquet",
        )
    raise NotFound(f"{version.name} was not made from {source}", f"its sources: {', '.join(seen) or 'none'}")


def example_at(store: Store, curation: Mapping[str, Any], address: tuple[int, int]) -> Example:
    """The example at an address of a curation's ledger."""
    segment = SegmentRef.from_json(curation["segments"][address[0]])
    return example_of(read_rows(store.objects, segment, [address[1]]).to_pylist()[0], None)


def example_by_id(registry: Registry, prefix: str) -> Example:
    """An example that was ever kept or rejected, by its id or a prefix of it that is unique. Raises NotFound."""
    found = registry.index().locate(prefix.lower())
    if found is not None:
        table = read_rows(registry.store.objects, found.segment, [found.ordinal])
        return example_of(table.to_pylist()[0], None)
    rejected = _among_rejected(registry, prefix.lower())
    if not rejected:
        raise NotFound(f"no example {prefix}", "copy the id from `assay head`, `why` or `search`")
    if len(rejected) > 1:
        raise UsageError(f"{prefix} begins {len(rejected)} ids", "write more of its digits")
    segment, row = next(iter(rejected.values()))
    return example_of(read_rows(registry.store.objects, segment, [row]).to_pylist()[0], None)


def _among_rejected(registry: Registry, prefix: str) -> dict[bytes, tuple[SegmentRef, int]]:
    """Rejected examples whose id begins so. They are in no version, so the index does not know them."""
    hits: dict[bytes, tuple[SegmentRef, int]] = {}
    low, high = prefix.ljust(64, "0"), prefix.ljust(64, "f")
    for manifest in registry.all_versions():
        for segment in registry.store.rejected_segments(manifest):
            if segment.max_id < low or segment.min_id > high:
                continue
            ids = id_list(read_ids(registry.store.objects, segment))
            for row in range(bisect_left(ids, bytes.fromhex(low)), bisect_right(ids, bytes.fromhex(high))):
                hits.setdefault(ids[row], (segment, row))
    return hits


def trace(registry: Registry, prefix: str) -> Trace:
    """Everything the registry knows about an example. Raises NotFound."""
    example = example_by_id(registry, prefix)
    readings: list[Mapping[str, Any]] = []
    stands_for: list[Mapping[str, Any]] = []
    for manifest in registry.all_versions():
        curation = registry.store.curation(manifest)
        if curation is None:
            continue
        for entry, twin in _mentions(registry.store, curation, example.id):
            where = {"dataset": manifest.dataset, "version": manifest.number, **entry}
            (stands_for if twin else readings).append(where)
    intervals = tuple(
        Interval(i.dataset, i.split, i.first, i.last) for i in registry.index().versions_of(example.id)
    )
    return Trace(
        example.name,
        example.kind,
        example.payload,
        example.provenance,
        tuple(readings),
        tuple(stands_for),
        intervals,
    )


def _mentions(
    store: Store, curation: Mapping[str, Any], example: bytes
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Ledger rows that are the example (False) or were rejected in its stead (True)."""
    ledger = open_ledger(store.objects.buffer(curation["ledger"]))
    address = _address(store, curation, example)
    for k in range(ledger.metadata.num_row_groups):
        part = ledger.read_row_group(
            k, columns=["source", "record", "outcome", "code", "segment", "row", "twin_id", "similarity"]
        )
        stands = pc.equal(part.column("twin_id"), example)
        if address is not None:
            itself = pc.and_(
                pc.equal(part.column("segment"), address[0]), pc.equal(part.column("row"), address[1])
            )
            stands = pc.or_kleene(pc.fill_null(stands, False), pc.fill_null(itself, False))
        for row in part.filter(pc.fill_null(stands, False)).to_pylist():
            own = address is not None and (row["segment"], row["row"]) == address
            entry = {
                "source": row["source"],
                "record": row["record"],
                "outcome": row["outcome"],
                "code": row["code"],
            }
            if own:
                yield entry, False
            if row["twin_id"] == example and not (own and row["code"] == "identical"):
                yield entry | {"similarity": row["similarity"]}, True


def _address(store: Store, curation: Mapping[str, Any], example: bytes) -> tuple[int, int] | None:
    """Where a curation's ledger would say that the example stands."""
    spelled, wanted = example.hex(), as_ids([example])
    for position, entry in enumerate(curation["segments"]):
        segment = SegmentRef.from_json(entry)
        if segment.min_id <= spelled <= segment.max_id:
            at = int(find(read_ids(store.objects, segment), wanted)[0])
            if at >= 0:
                return position, at
    return None


def _with_id(
    store: Store, curation: Mapping[str, Any], decision: Decision, address: tuple[int, int] | None
) -> Decision:
    if address is None:
        return decision
    segment = SegmentRef.from_json(curation["segments"][address[0]])
    row = read_rows(store.objects, segment, [address[1]], ["id"])
    return replace(decision, example_id=bytes(row["id"][0].as_py()).hex())


def _line(store: Store, manifest: Manifest) -> Iterator[Manifest]:
    """A version and, one after the other, the versions it was made from."""
    while True:
        yield manifest
        if not manifest.parents:
            return
        manifest = store.objects.manifest(manifest.parents[0])


def _match(uris: list[str], asked: str) -> str | None:
    """The uri meant: the very one, or the only one that ends with the path asked for."""
    if asked in uris:
        return asked
    tail = PurePath(asked).parts
    hits = [uri for uri in uris if PurePath(uri).parts[-len(tail) :] == tail]
    return hits[0] if len(hits) == 1 else None
