"""why and trace: the fate of a record, and everything known about an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from assay.curate.ledger_reading import decisions, find_record, ledger_rows, open_ledger
from assay.errors import NotFound
from assay.model.decision import Decision
from assay.model.example import Example
from assay.model.provenance import COLUMNS
from assay.model.version import Manifest, SegmentRef
from assay.registry.results import Interval, Trace
from assay.registry.store import Store
from assay.registry.trace.chapters import sections
from assay.registry.version import READING, examples
from assay.store.members import shown
from assay.store.segments import SCHEMA, read_rows

if TYPE_CHECKING:
    from assay.registry import Registry


@dataclass(frozen=True, slots=True)
class Found:
    """A record in the ledger of the curation that made `manifest`: its decision, and where its example lies, if it is
    stored."""

    manifest: Manifest
    curation: Mapping[str, Any]
    decision: Decision
    address: tuple[int, int] | None


def why(registry: Registry, ref: str, source: str, record: int) -> Decision:
    """The decision on a record, as the version of `ref` or the nearest version before it made it.

    `source` is the uri under which the file was curated, or any ending of it that names one source alone.
    Raises NotFound with the sources there are, or with how many records the source holds.
    """
    found = record_of(registry, ref, source, record)
    return _with_id(registry.store, found.curation, found.decision, found.address)


def record_of(registry: Registry, ref: str, source: str, record: int) -> Found:
    """The record that `why` tells about. Raises NotFound as it does."""
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
            return Found(manifest, curation, decision, address)
        raise NotFound(
            f"{uri} has no record {record} in {manifest.ref}",
            "records count from 1: lines of JSONL, CSV and text (blank ones are no records), "
            "elements of a JSON array, rows of Parquet",
        )
    raise NotFound(f"{version.name} was not made from {source}", f"its sources: {', '.join(seen) or 'none'}")


def example_at(store: Store, curation: Mapping[str, Any], address: tuple[int, int]) -> Example:
    """The example at an address of a curation's ledger."""
    segment = SegmentRef.from_json(curation["segments"][address[0]])
    return next(examples(read_rows(store.objects, segment, [address[1]]), None))


def example_by_id(registry: Registry, prefix: str) -> Example:
    """An example that was ever kept or rejected, by its id or a prefix of it that is unique. Raises NotFound, of one
    that was forgotten too."""
    return next(examples(_stored(registry, prefix), None))


def _stored(registry: Registry, prefix: str) -> pa.Table:
    """The row of an example, whether its text is there or not. Raises NotFound."""
    index = registry.index()
    found = index.locate(prefix.lower()) or index.locate(prefix.lower(), rejected=True)
    if found is None:
        raise NotFound(f"no example {prefix}", "copy the id from `assay head`, `why` or `search`")
    from assay.registry.warm import warm_of

    # One row need not be paid for with the digest of a whole segment: its payload is held against its id.
    return warm_of(registry).glimpse.rows([(found.segment, found.ordinal)], SCHEMA.names)


def _remnant(table: pa.Table) -> Example:
    """What is left of an example that was forgotten: no payload."""
    row = table.to_pylist()[0]
    known = {name: row[name] for name in (*READING, *COLUMNS) if row[name] is not None}
    return Example(bytes(row["id"]), row["kind"], {}, known)


def trace(registry: Registry, prefix: str) -> Trace:
    """Everything the registry knows about an example. Raises NotFound."""
    table = _stored(registry, prefix)
    forgotten = not len(shown(table))
    example = _remnant(table) if forgotten else next(examples(table, None))
    index = registry.index()
    readings: list[Mapping[str, Any]] = []
    stands_for: list[Mapping[str, Any]] = []
    for dataset, number, curation, rows in index.records_of(example.id):
        for entry, twin in mentions(registry, curation, example.id, rows):
            where = {"dataset": dataset, "version": number, **entry}
            (stands_for if twin else readings).append(where)
    intervals = tuple(
        Interval(i.dataset, i.split, i.first, i.last, i.branch) for i in index.versions_of(example.id)
    )
    return Trace(
        example.name,
        example.kind,
        example.payload,
        example.provenance,
        tuple(readings),
        tuple(stands_for),
        intervals,
        tuple(edits_of(registry, example.id)),
        tuple(sections(registry, example.id)),
        forgotten,
    )


def edits_of(registry: Registry, example: bytes) -> Iterator[Mapping[str, Any]]:
    """The edits that led to an example, and from it, with who made them, where and when."""
    lines = registry.store.lines()
    for edit in registry.index().edits_of(example):
        operation = lines[edit.dataset].versions[edit.number - 1].operation
        yield {
            "direction": "to" if edit.forth else "from", "id": edit.other.hex(), "dataset": edit.dataset,
            "version": edit.number, "action": operation.action, "actor": operation.actor, "time": operation.time,
        }  # fmt: skip


_OF_A_RECORD = ("source", "record", "outcome", "stage", "code", "value", "threshold", "split")


def mentions(
    registry: Registry, name: str, example: bytes, rows: list[int]
) -> Iterator[tuple[dict[str, Any], bool]]:
    """The ledger rows, of those given, that are the example (False) or were rejected in its stead (True)."""
    objects = registry.store.objects
    curation = objects.get_json(name)
    ledger = open_ledger(objects.buffer(curation["ledger"]))
    address = _address(registry, curation, example)
    for row in ledger_rows(ledger, rows, [*_OF_A_RECORD, "segment", "row", "twin_id", "similarity"]):
        own = address is not None and (row["segment"], row["row"]) == address
        entry = {field: row[field] for field in _OF_A_RECORD}
        if own:
            yield entry, False
        if row["twin_id"] == example and not (own and row["code"] == "identical"):
            yield entry | {"similarity": row["similarity"]}, True


def _address(registry: Registry, curation: Mapping[str, Any], example: bytes) -> tuple[int, int] | None:
    """Where a curation's ledger would say that the example stands."""
    spelled, index = example.hex(), registry.index()
    for position, entry in enumerate(curation["segments"]):
        segment = SegmentRef.from_json(entry)
        if segment.min_id <= spelled <= segment.max_id:
            at = index.ordinal(segment.object, example)
            if at is not None:
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
