"""What SQL can ask of a registry: examples, facts, decisions, versions and the log, as tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson
import pyarrow as pa

from assay.curate.ledger import SCHEMA as LEDGER
from assay.curate.ledger_reading import open_ledger
from assay.curate.reading import strings
from assay.curate.stored import batch_of
from assay.errors import UsageError
from assay.govern.facts import Facts, facts
from assay.kernels.ids import IdArray, concat, contains, find, ids_of, order
from assay.model.provenance import COLUMNS
from assay.model.version import Part, SegmentRef
from assay.registry.version import Version
from assay.store.members import live_rows
from assay.store.segments import SCHEMA, read_ids, read_segment
from assay.store.sql.tables import READ_BYTES, Column, Table

if TYPE_CHECKING:
    from assay.registry import Registry

_HEX: Final = "lower(hex({}))"
_JSON: Final = "{}::JSON"
_STORED: Final = ("source", "record", "shape", "extra", *COLUMNS)
_ID: Final = pa.binary(32)


@dataclass(frozen=True)
class Scope:
    """The versions that a statement is about, and the registry they are of.

    `beside`: datasets whose facts are columns as well, though empty ones, so that one statement suits them all.
    """

    registry: Registry
    versions: Sequence[Version]
    beside: Collection[str] = ()

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """Dataset → what holds of its examples."""
        entries, objects = self.registry.store.log.entries(), self.registry.store.objects
        names = sorted({version.manifest.dataset for version in self.versions} | {*self.beside})
        return {name: facts(objects, entries, name) for name in names}

    def ids(self, version: Version) -> IdArray:
        """The sorted ids of a version, or of the split of it that is asked for."""
        store = self.registry.store
        found = concat([store.split_ids(version.manifest, split).view("V32") for split in version.counts])
        return found[order(found)]

    def tables(self) -> list[Table]:
        from assay.registry.judgement.table import judgement_table

        return [
            self.examples(), self._facts(), judgement_table(self), self._decisions(), self._versions(), self._log()
        ]  # fmt: skip

    def examples(self) -> Table:
        """One row an example of each version, with a column for each fact that is in use."""
        columns = [
            Column("id", _ID, _HEX), Column("version", pa.string()), Column("split", pa.string()),
            Column("kind", pa.string()), Column("input", pa.string()), Column("output", pa.string()),
            Column("payload", pa.string(), _JSON),
            *(Column(n, SCHEMA.field(n).type, _JSON if n == "extra" else "{}") for n in _STORED),
        ]  # fmt: skip
        taken = {column.name for column in columns} | {"fact"}
        keys = self._fact_types
        for key, kind in keys.items():
            columns.append(Column(_fact_column(key), kind, hidden=True))
        shown = [Column(key, kind) for key, kind in keys.items() if key not in taken]
        structs = {"fact": {key: _fact_column(key) for key in keys}} if keys else {}
        return Table("examples", [*columns, *shown], self._load_examples, structs)

    @cached_property
    def _fact_types(self) -> dict[str, pa.DataType]:
        """Key → number where all its facts are numbers, else text."""
        texts = {key for held in self.facts.values() for key in {*held.keys} - held.scores}
        keys = sorted({key for held in self.facts.values() for key in held.keys})
        return {key: pa.string() if key in texts else pa.float64() for key in keys}

    @cached_property
    def _values(self) -> dict[tuple[str, str], tuple[IdArray, pa.Array]]:
        """What `_said` has given so far."""
        return {}

    def _said(self, dataset: str, key: str, numeric: bool) -> tuple[IdArray, pa.Array]:
        """The sorted ids of a dataset that have a fact under `key`, and what it says of each."""
        if (dataset, key) not in self._values:
            self._values[dataset, key] = self.facts[dataset].said(key, numeric=numeric)
        return self._values[dataset, key]

    def _load_examples(self, names: Sequence[str]) -> pa.Table:
        made, held = [], 0
        types = self._fact_types
        for version in self.versions:
            for split in version.counts:
                for part in version.manifest.splits.get(split, ()):
                    table = self._part(version, split, part, names, types)
                    held += table.nbytes
                    if held > READ_BYTES:
                        raise UsageError(
                            f"the columns of this statement have more than {READ_BYTES >> 30} GiB",
                            "name fewer columns, or one split: --ref NAME:train",
                        )
                    made.append(table)
        if made:
            return pa.concat_tables(made)
        kinds = {column.name: column.type for column in self.examples().columns}
        return pa.table({name: pa.array([], kinds[name]) for name in names})

    def _part(
        self, version: Version, split: str, part: Part, names: Sequence[str], types: dict[str, pa.DataType]
    ) -> pa.Table:
        """The live rows of one segment in a split, with some columns."""
        facts_asked = {name: name.removeprefix("fact.") for name in names if name not in _OWN}
        stored = {name for name in names if name in SCHEMA.names}
        read = stored | ({"payload"} if {"input", "output"} & {*names} else set())
        read |= {"id"} if facts_asked or not read else set()
        rows = read_segment(self.registry.store.objects, part.segment, sorted(read))
        if part.excluded:
            rows = rows.take(live_rows(part))
        columns: dict[str, Any] = {name: rows.column(name) for name in stored}
        if "split" in names:
            columns["split"] = _repeated(split, len(rows))
        if "version" in names:
            columns["version"] = _repeated(version.manifest.ref, len(rows))
        if {"input", "output"} & {*names}:
            batch = batch_of(rows.column("payload"))
            columns |= {"input": strings(batch.input_bytes), "output": strings(batch.output_bytes)}
        if facts_asked:
            ids = ids_of(rows.column("id"))
            for name, key in facts_asked.items():
                known, values = self._said(version.manifest.dataset, key, types[key] == pa.float64())
                at = find(known, ids)
                columns[name] = values.take(pa.array(at, mask=at < 0))
        return pa.table({name: columns[name] for name in names})

    def _facts(self) -> Table:
        columns = [
            Column("id", _ID, _HEX), Column("dataset", pa.string()), Column("key", pa.string()),
            Column("value", pa.string()), Column("number", pa.float64()), Column("operation", pa.int64()),
            Column("time", pa.string()), Column("actor", pa.string()),
        ]  # fmt: skip

        entries = self.registry.store.log.entries()
        give: dict[str, Callable[[str, Facts], pa.Array]] = {
            "id": lambda _, held: _id_array(held.ids),
            "dataset": lambda dataset, held: _repeated(dataset, len(held)),
            "key": lambda _, held: pa.array(held.keys, pa.string()).take(pa.array(held.key)),
            "value": lambda _, held: held.spelled,
            "number": lambda _, held: pa.array(held.number, from_pandas=True),
            "operation": lambda _, held: pa.array(held.seq),
            "time": lambda _, held: pa.array(
                [entries[seq - 1].time for seq in held.seq.tolist()], pa.string()
            ),
            "actor": lambda _, held: pa.array(
                [entries[seq - 1].actor for seq in held.seq.tolist()], pa.string()
            ),
        }

        def load(names: Sequence[str]) -> pa.Table:
            made = []
            for dataset, held in self.facts.items():
                members = [self.ids(v) for v in self.versions if v.manifest.dataset == dataset]
                known = concat(members)
                kept = held.take(contains(known[order(known)], held.ids))
                made.append(pa.table({name: give[name](dataset, kept) for name in names}))
            return _joined(made, [c for c in columns if c.name in names]).select(list(names))

        return Table("facts", columns, load)

    def _decisions(self) -> Table:
        hidden = ("segment", "row", "twin_id", "excerpt")
        plain = [f for f in LEDGER if f.name not in hidden]
        columns = [
            Column("version", pa.string()),
            *(Column(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in plain),
            Column("id", _ID, _HEX), Column("twin_id", _ID, _HEX),
        ]  # fmt: skip

        def load(names: Sequence[str]) -> pa.Table:
            made = [part for v in self.versions for part in [self._ledger(v, names)] if part is not None]
            return _joined(made, [c for c in columns if c.name in names]).select(list(names))

        return Table("decisions", columns, load)

    def _ledger(self, version: Version, names: Sequence[str]) -> pa.Table | None:
        """The decisions of the curation that made a version; of a split, all of them."""
        store = self.registry.store
        curation = store.curation(version.manifest)
        if curation is None:
            return None
        read = [name for name in names if name not in ("id", "version")]
        ledger = open_ledger(store.objects.buffer(curation["ledger"]))
        rows = ledger.read(columns=[*read, *(("segment", "row") if "id" in names or not read else ())])
        columns = {name: rows.column(name) for name in read}
        if "version" in names:
            columns["version"] = _repeated(version.manifest.ref, len(rows))
        if "id" in names:
            segments = [SegmentRef.from_json(ref) for ref in curation["segments"]]
            columns["id"] = _addressed([read_ids(store.objects, ref) for ref in segments], rows)
        return pa.table({name: columns[name] for name in names})

    def _versions(self) -> Table:
        columns = [
            Column("dataset", pa.string()), Column("number", pa.int64()), Column("version", pa.string()),
            Column("branch", pa.string()), Column("action", pa.string()), Column("examples", pa.int64()),
            Column("splits", pa.string(), _JSON), Column("fingerprint", pa.string()),
            Column("operation", pa.int64()), Column("time", pa.string()), Column("actor", pa.string()),
        ]  # fmt: skip

        def load(names: Sequence[str]) -> pa.Table:
            rows = []
            for dataset, line in sorted(self.registry.store.versions().items()):
                for made in line:
                    one, counts = made.operation, made.operation.body.get("counts") or {}
                    rows.append(
                        (
                            dataset, made.number, f"{dataset}@v{made.number}", made.branch, one.action,
                            sum(counts.values()), orjson.dumps(counts).decode(),
                            one.body.get("fingerprint"), one.seq, one.time, one.actor,
                        )
                    )  # fmt: skip
            return _from_rows(rows, columns).select(list(names))

        return Table("versions", columns, load)

    def _log(self) -> Table:
        columns = [
            Column("seq", pa.int64()), Column("time", pa.string()), Column("actor", pa.string()),
            Column("action", pa.string()), Column("dataset", pa.string()), Column("body", pa.string(), _JSON),
        ]  # fmt: skip

        def load(names: Sequence[str]) -> pa.Table:
            rows = [
                (e.seq, e.time, e.actor, e.action, e.dataset, orjson.dumps(dict(e.body)).decode())
                for e in self.registry.store.log.entries()
            ]
            return _from_rows(rows, columns).select(list(names))

        return Table("log", columns, load)


_OWN: Final = frozenset({"id", "version", "split", "kind", "input", "output", "payload", *_STORED})


def _fact_column(key: str) -> str:
    return f"fact.{key}"


def _repeated(text: str, rows: int) -> pa.Array:
    return pa.array([text], pa.string()).take(pa.array(np.zeros(rows, np.int64)))


def _id_array(ids: IdArray) -> pa.Array:
    raw = pa.py_buffer(np.ascontiguousarray(ids).tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(_ID, len(ids), [None, raw])


def _addressed(ids: Sequence[IdArray], rows: pa.Table) -> pa.Array:
    """The ids at the addresses (segment, row) of a ledger's rows, null for a row without an address."""
    segment = rows.column("segment").to_numpy(zero_copy_only=False)
    known = ~np.isnan(segment.astype(np.float64))
    starts = np.concatenate([[0], np.cumsum([len(one) for one in ids])])
    row = rows.column("row").to_numpy(zero_copy_only=False)
    at = starts[segment[known].astype(np.int64)] + row[known].astype(np.int64)
    place = np.cumsum(known) - 1
    return _id_array(concat(ids)[at]).take(pa.array(place, mask=~known))


def _from_rows(rows: Sequence[tuple[Any, ...]], columns: Sequence[Column]) -> pa.Table:
    """Rows of values in the order of the columns."""
    lists = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pa.table({c.name: pa.array(v, c.type) for c, v in zip(columns, lists, strict=True)})


def _joined(tables: Sequence[pa.Table], columns: Sequence[Column]) -> pa.Table:
    """The tables one behind the other, at the types that the columns say."""
    schema = pa.schema([(c.name, c.type) for c in columns])
    return (
        pa.concat_tables([t.select(schema.names).cast(schema) for t in tables])
        if tables
        else schema.empty_table()
    )
