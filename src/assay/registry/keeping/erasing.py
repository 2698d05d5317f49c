"""What holds a forgotten example, and each such object without it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from assay.kernels.ids import IdArray, as_ids, contains, id_list, ids_of
from assay.model.operation import Operation
from assay.store.change import SCHEMA as CHANGE
from assay.store.erased import FORGET, stands_in
from assay.store.evalsets import frozen_sets
from assay.store.log import log_key
from assay.store.objects import NAME, Objects, object_key
from assay.store.parquet import open_parquet, put_table, row_groups
from assay.store.quotes import Quotes, values_in
from assay.store.reach import reachable
from assay.store.segments import SCHEMA, rewrite_segment

if TYPE_CHECKING:
    from assay.registry import Registry

Held = dict[str, dict[int, bytes]]
"""Segment's object name → ordinal → id, of the rows that are to be erased."""

_SPOKEN: Final = ("extra", "key", "prompt_template", "generation_params")
_ABOUT: Final = frozenset(
    ["message", "excerpt", "value", "number", "detail", "scores", "exclude", "reasoning", "raw", "steering"]
)
"""Columns of ledgers, facts and judgements that say something of the example in their row."""


@dataclass
class Survey:
    """What a registry holds of some examples.

    `held`: the rows, in objects that are there. `replaced`: old object → new one, None for what goes altogether; they
    are written when `write` was asked for. `loose`: objects that nothing reaches and that hold them. `remains`: what
    still quotes them, and is not touched. `edits`: ids of examples linked to them by an edit. `kinds` counts what is
    replaced.
    """

    found: IdArray
    held: Held = field(default_factory=dict)
    replaced: dict[str, str | None] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    remains: list[dict[str, str]] = field(default_factory=list)
    edits: set[bytes] = field(default_factory=set)
    kinds: dict[str, int] = field(default_factory=dict)
    quotes: Quotes = field(default_factory=lambda: Quotes(()))

    def count(self, kind: str) -> None:
        self.kinds[kind] = self.kinds.get(kind, 0) + 1


def survey(registry: Registry, entries: Sequence[Operation], ids: IdArray, write: bool) -> Survey:
    """Look through every object for examples (sorted ids) and for what quotes them. Raises Damaged."""
    return _Surveyor(registry, entries, ids, write).run()


class _Surveyor:
    def __init__(self, registry: Registry, entries: Sequence[Operation], ids: IdArray, write: bool) -> None:
        self.objects: Objects = registry.store.objects
        self.entries, self.ids, self.write = entries, ids, write
        self.gone = stands_in(self.objects, entries)
        self.out = Survey(as_ids([]))

    def run(self) -> Survey:
        marked = reachable(self.objects, self.entries)
        names = sorted(marked.keys() - self.gone.keys())
        there = {s.key.rpartition("/")[2] for s in self.objects.storage.list("objects/")}
        loose = sorted(n for n in there - marked.keys() if NAME.fullmatch(n))
        parquet = [n for n in names if n.endswith(".parquet")]
        segments = [n for n in parquet if self._columns(n) == SCHEMA.names]
        self._find_rows(segments)
        self._rewrite_segments()
        self._tables([n for n in parquet if n not in set(segments)])
        self._documents([n for n in names if n.endswith(".json")])
        self._log()
        for name in (n for n in names if n.endswith(".bin")):
            if self.out.quotes.within(self.objects.get(name)):
                self._remains(object_key(name), "a file that was stored as it is")
        self.out.loose = [name for name in loose if self._loose(name)]
        return self.out

    def _columns(self, name: str) -> list[str]:
        names: list[str] = open_parquet(self.objects.buffer(name), object_key(name)).schema_arrow.names
        return names

    def _groups(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        key = object_key(name)
        return row_groups(open_parquet(self.objects.buffer(name), key), key, columns)

    def _find_rows(self, segments: Sequence[str]) -> None:
        """Where the examples lie, and what they say."""
        texts: list[str] = []
        for name in segments:
            start = 0
            for table in self._groups(name, ["id"]):
                here = ids_of(table["id"])
                for at in np.flatnonzero(contains(self.ids, here)).tolist():
                    self.out.held.setdefault(name, {})[start + at] = here[at].tobytes()
                start += len(here)
        self.out.found = as_ids(sorted({i for rows in self.out.held.values() for i in rows.values()}))
        for name in self.out.held:
            for table in self._groups(name, ["id", "payload", *_SPOKEN]):
                rows = table.filter(pa.array(contains(self.ids, ids_of(table["id"]))))
                for row in rows.to_pylist():
                    texts += values_in(orjson.loads(row["payload"]))
                    texts += values_in(orjson.loads(row["extra"])) if row["extra"] else ()
                    texts += [row[n] for n in ("key", "generation_params") if row[n]]
        self.out.quotes = Quotes(texts)

    def _rewrite_segments(self) -> None:
        with tempfile.TemporaryDirectory(prefix="forget-") as folder:
            for name, rows in self.out.held.items():
                self.out.count("segment")
                ids = as_ids(sorted(rows.values()))
                self.out.replaced[name] = (
                    rewrite_segment(self.objects, name, ids, Path(folder)) if self.write else None
                )

    def _tables(self, names: Sequence[str]) -> None:
        """Ledgers, facts and whatever else is a table: cells about the examples, and cells that quote them."""
        frozen = {one.object: one.name for one in frozen_sets(self.entries).values()}
        own = self._own_rows()
        for name in names:
            columns = self._columns(name)
            if columns == CHANGE.names:
                self._edits(name)
            if columns in (CHANGE.names, ["id"]):
                continue
            tables = list(self._groups(name))
            if name in frozen:
                if any(self._quoting(table[c]).any() for table in tables for c in table.column_names):
                    self._remains(f"frozen eval set {frozen[name]}", "its items never change")
                continue
            if "reasoning" in columns:
                self._judged(tables)
            cleaned, start = list(tables), 0
            for k, table in enumerate(tables):
                mine = own.get(name, np.empty(0, np.int64))
                mine = mine[(mine >= start) & (mine < start + len(table))] - start
                cleaned[k] = self._clean(table, mine)
                start += len(table)
            if any(new is not old for new, old in zip(cleaned, tables, strict=True)):
                self.out.count("ledger" if "excerpt" in columns else "table")
                self.out.replaced[name] = self._put(name, pa.concat_tables(cleaned)) if self.write else None

    def _edits(self, name: str) -> None:
        """Examples that became one of these, or that one of these became: other texts, much like it."""
        forgotten = {one.tobytes() for one in self.ids}
        for table in self._groups(name, ["id", "old_id", "op"]):
            for row in table.filter(pc.equal(table["op"], "edited")).to_pylist():
                pair = {row["id"], row["old_id"]}
                if pair & forgotten:
                    self.out.edits |= pair - forgotten

    def _own_rows(self) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
        """Ledger → the rows of it that are decisions about the examples."""
        own: dict[str, Any] = {}
        for made in self._curations():
            wanted = [
                (position, ordinal)
                for position, ref in enumerate(made["segments"])
                for ordinal in self.out.held.get(self._actual(ref["object"]), ())
            ]
            name = self._actual(made["ledger"])
            if not wanted or name in own:
                continue
            start, rows = 0, [np.empty(0, np.int64)]
            for table in self._groups(name, ["segment", "row"]):
                segment = pc.fill_null(table["segment"], -1).to_numpy().astype(np.int64)
                row = pc.fill_null(table["row"], -1).to_numpy().astype(np.int64)
                codes = np.array([s << 32 | r for s, r in wanted], np.int64)
                rows.append(np.flatnonzero(np.isin(segment << 32 | row, codes) & (segment >= 0)) + start)
                start += len(table)
            own[name] = np.concatenate(rows)
        return own

    def _curations(self) -> Iterator[Mapping[str, Any]]:
        seen: set[str] = set()
        for entry in self.entries:
            if isinstance(name := entry.body.get("manifest"), str):
                made = self.objects.manifest(name).curation
                if made is not None and made not in seen:
                    seen.add(made)
                    yield self.objects.get_json(made)

    def _actual(self, name: str) -> str:
        return self.gone.get(name) or name

    def _quoting(self, column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which cells of a column quote the examples."""
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not (pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_string(kind)):
            return np.zeros(len(column), np.bool_)
        if column.null_count == len(column):
            return np.zeros(len(column), np.bool_)
        within = self.out.quotes.within
        if pa.types.is_binary(kind) and not pa.types.is_string(kind):
            return np.array([within(cell) for cell in column.to_pylist()], np.bool_)
        values = column.unique().to_pylist()
        quoted = {value for value in values if value is not None and within(value)}
        if not quoted:
            return np.zeros(len(column), np.bool_)
        return np.array([cell in quoted for cell in column.to_pylist()], np.bool_)

    def _judged(self, tables: Sequence[pa.Table]) -> None:
        """Judged and never written: a curation that came to nothing leaves judgements of what is in no segment."""
        for table in tables:
            here = ids_of(table["id"])
            named = [bytes(one) for one in here[contains(self.ids, here)]]
            self.out.found = as_ids(sorted({*id_list(self.out.found), *named}))

    def _clean(self, table: pa.Table, own: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Table:
        """The same rows, with nothing said about the examples or by them; the very same table where nothing is."""
        out = table
        about = np.zeros(len(table), np.bool_)
        about[own] = True
        if "id" in table.column_names and table.schema.field("id").type == pa.binary(32):
            about |= contains(self.ids, ids_of(table["id"]))
        for name in table.column_names:
            field = table.schema.field(name)
            told = "excerpt" not in table.column_names or name in ("message", "excerpt")
            gone = self._quoting(table[name]) if told else np.zeros(len(table), np.bool_)
            if name in _ABOUT:
                gone = gone | (about & ~table[name].is_null().to_numpy())
            if not gone.any():
                continue
            blank: Any = None if field.nullable else ""
            cells = pc.if_else(pa.array(gone), pa.scalar(blank, field.type), table[name].combine_chunks())
            out = out.set_column(out.schema.get_field_index(name), field, cells)
        return out

    def _put(self, name: str, table: pa.Table) -> str:
        """Written with dictionaries where there were some."""
        meta = open_parquet(self.objects.buffer(name), object_key(name)).metadata
        words = []
        if meta.num_row_groups:
            group = meta.row_group(0)
            columns = [group.column(k) for k in range(group.num_columns)]
            words = [
                c.path_in_schema for c in columns if c.has_dictionary_page and "." not in c.path_in_schema
            ]
        return put_table(self.objects, table, words, ["record"] if "record" in table.column_names else ())

    def _documents(self, names: Sequence[str]) -> None:
        """JSON: notes go altogether, manifests stay, of all others the strings that quote the examples go."""
        manifests = {e.body[k] for e in self.entries for k in ("manifest", "equal") if k in e.body}
        told = {e.body["replaced"] for e in self.entries if e.action == FORGET}
        for name in names:
            if name in told:
                continue
            try:
                value = orjson.loads(self.objects.get(name))
            except orjson.JSONDecodeError:
                if self.out.quotes.within(self.objects.get(name)):
                    self._remains(object_key(name), "not JSON, though named so")
                continue
            if name in manifests:
                if self.out.quotes.within(value.get("message")):
                    self._remains(f"{value['dataset']}@v{value['number']}", "the message of the version")
            elif not self.out.quotes.in_json(value):
                continue
            elif isinstance(value, dict) and value.keys() == {"salt", "text"}:
                self.out.count("note")
                self.out.replaced[name] = None
            else:
                # Of a curation only what selectors say is free text; sources and segments must stay findable.
                where = (
                    {"selectors": value["selectors"]} if "ledger" in value and "selectors" in value else value
                )
                cut = self.out.quotes.cut_out(where)
                cut = value | cut if isinstance(value, dict) else cut
                if cut == value:
                    self._remains(object_key(name), "what a curation says of its sources")
                    continue
                self.out.count("document")
                self.out.replaced[name] = self.objects.put_json(cut) if self.write else None

    def _log(self) -> None:
        for entry in self.entries:
            if self.out.quotes.in_json(dict(entry.body)):
                self._remains(log_key(entry.seq), "the log cannot be changed")

    def _loose(self, name: str) -> bool:
        """Whether an object that nothing reaches holds or quotes the examples."""
        data = self.objects.get(name)
        if not name.endswith(".parquet"):
            return self.out.quotes.within(data)
        if self._columns(name) == SCHEMA.names:
            return any(contains(self.ids, ids_of(table["id"])).any() for table in self._groups(name, ["id"]))
        return any(self._quoting(table[c]).any() for table in self._groups(name) for c in table.column_names)

    def _remains(self, where: str, why: str) -> None:
        self.out.remains.append({"where": where, "why": why})


def versions_holding(registry: Registry, held: Held) -> dict[bytes, list[str]]:
    """Id → the versions ("helpdesk@v2") of which it is a member, by the rows that are named."""
    objects = registry.store.objects
    gone = stands_in(objects, registry.store.log.entries())
    out: dict[bytes, list[str]] = {}
    for manifest in registry.all_versions():
        for parts in manifest.splits.values():
            for part in parts:
                rows = held.get(gone.get(part.segment.object) or part.segment.object, {})
                for ordinal, one in rows.items():
                    if ordinal not in part.excluded:
                        out.setdefault(one, []).append(manifest.ref)
    return out
