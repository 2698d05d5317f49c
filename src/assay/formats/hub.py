"""A folder that Hugging Face `datasets` loads by itself: Parquet shards, one column a field.

Fields of one plain type become a column of it. What is free in form (tool calls, schemas of tools, content in parts)
becomes JSON text, which Arrow cannot bend: as a struct, two calls with different arguments get each other's keys. Such
columns have Parquet's type JSON (Arrow's `arrow.json`), so that `datasets` 4.8 and newer gives them back as values.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.parquet as pq

from assay.errors import NotExpressible
from assay.formats.export import whole_file
from assay.formats.json_text import spell

SHARD_BYTES: Final = 256 << 20
"""A shard is about so large, by the size that the rows have in the registry."""

PLACE: Final = "assay://"
SPLIT_KEY: Final = b"assay.split"
"""Under which the schema of a shard has the split's own name, which `datasets` may not allow."""

PROVENANCE: Final = ("origin", "generator", "licence", "created", "depth")
FREE: Final = frozenset({"tools", "tool_calls", "function_call"})
"""Fields that are JSON whatever they hold: every row may hold other keys."""

MOST_FIELDS: Final = 64
"""Messages with more different keys than this are JSON."""

_ARROW: Final = {"string": pa.string(), "bool": pa.bool_(), "int64": pa.int64(), "float64": pa.float64(),
                 "json": pa.json_()}  # fmt: skip
_STORED: Final = {**_ARROW, "json": pa.string()}
_INT64: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class HubColumn:
    """`type`: string, bool, int64, float64, json, or messages: a list of records with `fields`."""

    name: str
    type: str
    fields: tuple[HubColumn, ...] = ()

    @property
    def arrow(self) -> pa.DataType:
        if self.type == "messages":
            return pa.list_(pa.struct([(inner.name, inner.arrow) for inner in self.fields]))
        return _ARROW[self.type]

    @property
    def stored(self) -> pa.DataType:
        """The same with JSON as plain text, which is what Arrow makes arrays of."""
        if self.type == "messages":
            return pa.list_(pa.struct([(inner.name, inner.stored) for inner in self.fields]))
        return _STORED[self.type]


@dataclass(frozen=True, slots=True)
class HubRow:
    """An example on its way to a shard. `extra` is JSON text or None."""

    id: str
    payload: Mapping[str, Any]
    provenance: Mapping[str, Any]
    extra: str | None


@dataclass(frozen=True, slots=True)
class Shard:
    """A file that was written; `path` is relative to the folder."""

    path: str
    rows: int
    bytes: int
    sha256: str


class _Kind:
    """What type serves all values seen so far. Order changes nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = 0
        self.seen: set[str] = set()
        self.inner: dict[str, _Kind] = {}

    def add(self, value: Any) -> None:
        if value is None:
            return
        self.rows += 1
        kind = _plain_kind(value)
        if kind == "other" and _is_messages(value):
            kind = "messages"
            for message in value:
                for key, one in message.items():
                    self.inner.setdefault(key, _Kind(key)).add(one)
        self.seen.add(kind)

    def column(self, rows: int = 0, inside: bool = False) -> HubColumn:
        """The column for `rows` rows. Turns that not every row has, and that hold JSON, are JSON as a whole: Arrow
        cannot flatten a list that is null here and there and has `arrow.json` in it, and `datasets` has to."""
        if (
            self.name in FREE
            or len(self.seen) != 1
            or self.seen == {"other"}
            or (inside and "messages" in self.seen)
        ):
            return HubColumn(self.name, "json" if self.seen or self.name in FREE else "string")
        kind = next(iter(self.seen))
        if kind == "messages" and not 0 < len(self.inner) <= MOST_FIELDS:
            return HubColumn(self.name, "json")
        if kind == "messages":
            fields = tuple(one.column(inside=True) for one in _ordered(self.inner))
            if self.rows < rows and any(one.type == "json" for one in fields):
                return HubColumn(self.name, "json")
            return HubColumn(self.name, kind, fields)
        return HubColumn(self.name, kind)


_FIRST: Final = ("role", "content", "prompt", "chosen", "rejected", "messages", "tools")


def _ordered(kinds: Mapping[str, _Kind]) -> list[_Kind]:
    """Well-known names first, then by name: the columns do not depend on the order of rows."""
    rank = {name: k for k, name in enumerate(_FIRST)}
    return [kinds[name] for name in sorted(kinds, key=lambda name: (rank.get(name, len(rank)), name))]


def _plain_kind(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64" if -_INT64 <= value < _INT64 else "other"
    return "float64" if isinstance(value, float) else "other"


def _is_messages(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(m, dict) and isinstance(m.get("role"), str) for m in value
    )


class Columns:
    """Learns the columns from all rows, in one pass that keeps no row."""

    def __init__(self) -> None:
        self._payload: dict[str, _Kind] = {}
        self._known: set[str] = set()
        self._rows = 0

    def add(self, row: HubRow) -> None:
        self._rows += 1
        for name, value in row.payload.items():
            self._payload.setdefault(name, _Kind(name)).add(value)
        self._known.update(name for name in PROVENANCE if row.provenance.get(name) is not None)
        if row.extra:
            self._known.add("extra")

    def result(self) -> tuple[HubColumn, ...]:
        found = [HubColumn("id", "string"), *(kind.column(self._rows) for kind in _ordered(self._payload))]
        found += [
            HubColumn(name, "int64" if name == "depth" else "string")
            for name in PROVENANCE
            if name in self._known
        ]
        return (*found, HubColumn("extra", "string")) if "extra" in self._known else tuple(found)


def hub_splits(names: Iterable[str]) -> dict[str, str]:
    """Split → the name that `datasets` accepts for it: letters, digits, `_` and `.`.

    Raises NotExpressible when two splits would get one name.
    """
    found: dict[str, str] = {}
    for name in names:
        spelled = re.sub(r"[^\w.]", "_", name)
        if spelled in found.values():
            other = next(split for split, taken in found.items() if taken == spelled)
            raise NotExpressible(
                f"the splits {name!r} and {other!r} are both {spelled!r} there",
                "curate with other names of splits",
            )
        found[name] = spelled
    return found


def place_of(ref: str, split: str, fingerprint: str) -> str:
    """assay://NAME@vN:SPLIT#FINGERPRINT: what a dataset in memory says that it is, under `info.homepage`."""
    return f"{PLACE}{quote(ref, safe='@')}:{quote(split)}#{fingerprint}"


def split_of_place(place: str, spelled: str) -> str:
    """The split's own name, as `place_of` tells it; `spelled` where the place is none, or one of another split."""
    told = unquote(place.partition("#")[0].rpartition(":")[2]) if place.startswith(PLACE) else ""
    return told if told and hub_splits([told])[told] == spelled else spelled


def shard_names(split: str, rows: int, size: int) -> dict[str, int]:
    """`data/SPLIT-00000-of-0000N.parquet` → its rows, for a split of `rows` rows and about `size` bytes."""
    each = max(1, -(-rows // max(1, -(-size // SHARD_BYTES))))
    shards = max(1, -(-rows // each))
    return {
        f"data/{split}-{k:05d}-of-{shards:05d}.parquet": min(each, rows - k * each) for k in range(shards)
    }


def write_shards(
    folder: Path,
    names: Mapping[str, int],
    batches: Iterable[Sequence[HubRow]],
    columns: Sequence[HubColumn],
    split: str,
) -> list[Shard]:
    """Write the rows of `split`, in order, as the shards `names` (`shard_names`), which say its own name inside; what
    was written.

    The same rows give the same bytes with the same pyarrow. A file takes its name only when it is whole.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    schema = hub_schema(columns).with_metadata({SPLIT_KEY: split.encode()})
    source = hub_tables(batches, columns)
    rest: pa.Table = next(hub_tables([()], columns))
    written = []
    for name, count in names.items():
        path, left = folder / name, count
        with whole_file(path) as file, pq.ParquetWriter(
            file, schema, compression="zstd", write_page_checksum=True
        ) as writer:  # fmt: skip
            while left:
                if not len(rest):
                    rest = next(source)
                writer.write_table(rest.slice(0, left).replace_schema_metadata(schema.metadata))
                taken = min(left, len(rest))
                rest, left = rest.slice(taken), left - taken
        with path.open("rb") as done:
            digest = hashlib.file_digest(done, "sha256").hexdigest()
        written.append(Shard(name, count, path.stat().st_size, digest))
    return written


def hub_schema(columns: Sequence[HubColumn]) -> pa.Schema:
    """The Arrow schema of the shards."""
    return pa.schema([(column.name, column.arrow) for column in columns])


def hub_tables(batches: Iterable[Sequence[HubRow]], columns: Sequence[HubColumn]) -> Iterator[pa.Table]:
    """Rows as tables of `hub_schema`, one a batch."""
    schema = hub_schema(columns)
    for batch in batches:
        arrays = [
            pa.array([_value(row, column) for row in batch], column.stored).cast(column.arrow)
            for column in columns
        ]
        yield pa.Table.from_arrays(arrays, schema=schema)


def _value(row: HubRow, column: HubColumn) -> Any:
    if column.name in row.payload:
        return _fit(row.payload[column.name], column)
    if column.name == "id":
        return row.id
    return row.extra if column.name == "extra" else row.provenance.get(column.name)


def _fit(value: Any, column: HubColumn) -> Any:
    if value is None:
        return None
    if column.type == "json":
        return spell(value).decode()
    if column.type == "messages":
        return [{one.name: _fit(message.get(one.name), one) for one in column.fields} for message in value]
    return value
