"""JSON records as typed columns and back, exactly: integers stay integers, and a missing key is no null.

What has one type becomes a column of it, an object with the same keys a struct, turns of a conversation a list of
structs; everything else, and what is free in form by its nature (tools, arguments of calls), becomes JSON text. A null
in a column means that the key is missing; keys that are there and null are named, as JSON pointers (RFC 6901), in a
column of their own, which exists only where there are any. Metadata of the schema say which columns are JSON text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import pyarrow as pa

from assay.formats.json_text import Refusal, read_json, spell

METADATA: Final = b"assay"
"""The key of a Parquet schema's metadata under which `Layout` stands, as JSON."""

FREE: Final = frozenset({"tools", "tool_calls", "function_call", "arguments", "parameters"})
"""Fields that are JSON text whatever they hold: every row may hold other keys."""

MOST_FIELDS: Final = 64
"""An object with more different keys is JSON text."""

_DEEPEST: Final = 5
_INT64: Final = 1 << 63
_ARROW: Final = {"string": pa.string(), "bool": pa.bool_(), "int64": pa.int64(), "float64": pa.float64(),
                 "json": pa.string()}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """`name`: string, bool, int64, float64, json, list (of `item`) or struct (of `fields`)."""

    name: str
    item: Type | None = None
    fields: Mapping[str, Type] = field(default_factory=dict)

    @property
    def arrow(self) -> pa.DataType:
        if self.name == "list":
            assert self.item is not None
            return pa.list_(self.item.arrow)
        if self.name == "struct":
            return pa.struct([(name, one.arrow) for name, one in self.fields.items()])
        return _ARROW[self.name]


_JSON: Final = Type("json")


class Kinds:
    """Which values were seen in one place; the order in which they come changes nothing but the order of fields."""

    __slots__ = ("_depth", "_objects", "_present", "_too_many", "items", "keys", "null", "seen")

    def __init__(self, depth: int = 0) -> None:
        self.seen: set[str] = set()
        self.null = False
        self.keys: dict[str, Kinds] = {}
        self.items: Kinds | None = None
        self._present: dict[str, int] = {}
        self._objects = 0
        self._too_many = False
        self._depth = depth

    def add(self, value: Any) -> None:
        if value is None:
            self.null = True
            return
        kind = _kind(value)
        self.seen.add(kind)
        if self._depth >= _DEEPEST:
            return
        if kind == "list":
            self.items = self.items or Kinds(self._depth + 1)
            for item in value:
                self.items.add(item)
        elif kind == "struct":
            self._objects += 1
            for key, item in value.items():
                if key not in self.keys and len(self.keys) >= MOST_FIELDS:
                    self._too_many = True
                    return
                self.keys.setdefault(key, Kinds(self._depth + 1)).add(item)
                self._present[key] = self._present.get(key, 0) + 1

    def type(self, name: str, allowed: Callable[[Type], bool], turns: bool = False) -> Type:
        """The type that gives every value back. `turns`: whether keys may be missing, as in messages."""
        if name in FREE or len(self.seen) > 1 or self._depth >= _DEEPEST:
            return _JSON
        kind = next(iter(self.seen), "string")
        if kind == "list":
            item = (
                Type("string") if self.items is None else self.items.type("", allowed, turns=self._depth == 0)
            )
            return _JSON if item.name == "json" else Type("list", item)
        if kind == "struct":
            same = all(count == self._objects for count in self._present.values())
            if self._too_many or not self.keys or not (same or turns):
                return _JSON
            made = Type("struct", None, {key: kinds.type(key, allowed) for key, kinds in self.keys.items()})
            return made if allowed(made) else _JSON
        return _JSON if kind == "other" else Type(kind)


def _kind(value: Any) -> str:
    kind = type(value)
    if kind is int:
        return "int64" if -_INT64 <= value < _INT64 else "other"
    names = {str: "string", bool: "bool", float: "float64", list: "list", dict: "struct"}
    return names.get(kind, "other")


@dataclass(frozen=True, slots=True)
class Layout:
    """What a reader needs to give records back: `json` are paths to JSON text (null: a step into a list), `nulls` the
    column that names null keys, `drop` columns that are no field, `spread` columns whose JSON holds further fields."""

    json: tuple[tuple[str | None, ...], ...] = ()
    nulls: str | None = None
    drop: tuple[str, ...] = ()
    spread: tuple[str, ...] = ()

    def metadata(self) -> dict[bytes, bytes]:
        value = {"columns": 1, "json": [list(path) for path in self.json], "nulls": self.nulls,
                 "drop": list(self.drop), "spread": list(self.spread)}  # fmt: skip
        return {METADATA: orjson.dumps(value)}

    @classmethod
    def of(cls, metadata: Mapping[bytes, bytes] | None) -> Layout | None:
        """The layout that a schema states; None where it states none that is ours."""
        try:
            value = orjson.loads((metadata or {}).get(METADATA, b"null"))
            if not isinstance(value, dict) or value.get("columns") != 1:
                return None
            paths = tuple(tuple(path) for path in value["json"])
            nulls, drop, spread = value["nulls"], tuple(value["drop"]), tuple(value["spread"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return None
        steps = [step for path in paths for step in path]
        well = all(path and isinstance(path[0], str) for path in paths)
        names = [*drop, *spread, *([] if nulls is None else [nulls])]
        if not well or not all(step is None or isinstance(step, str) for step in steps):
            return None
        return cls(paths, nulls, drop, spread) if all(isinstance(name, str) for name in names) else None


class Schema:
    """The columns of all records, learned in one pass that keeps no record. `allowed` says whether a struct may be
    one; otherwise it is JSON text."""

    def __init__(self, allowed: Callable[[Type], bool] = lambda _: True) -> None:
        self._allowed = allowed
        self._kinds: dict[str, Kinds] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        for name, value in record.items():
            self._kinds.setdefault(name, Kinds()).add(value)

    def columns(self) -> Columns:
        types = {name: kinds.type(name, self._allowed) for name, kinds in self._kinds.items()}
        paths: list[tuple[str | None, ...]] = []
        null = False
        for name, kinds in self._kinds.items():
            null |= _walk(types[name], kinds, (name,), paths)
        nulls = "__null__"
        while nulls in types:
            nulls += "_"
        return Columns(types, Layout(tuple(paths), nulls if null else None))


def _walk(
    of: Type,
    kinds: Kinds,
    path: tuple[str | None, ...],
    paths: list[tuple[str | None, ...]],
    key: bool = True,
) -> bool:
    """Takes down where JSON texts stand; whether a key outside of them is null anywhere."""
    if of.name == "json":
        paths.append(path)
        return False
    null = key and kinds.null
    if of.name == "list" and of.item is not None and kinds.items is not None:
        null |= _walk(of.item, kinds.items, (*path, None), paths, key=False)
    for name, one in of.fields.items():
        null |= _walk(one, kinds.keys[name], (*path, name), paths)
    return null


@dataclass(frozen=True, slots=True)
class Columns:
    """How records are written."""

    types: Mapping[str, Type]
    layout: Layout

    @property
    def schema(self) -> pa.Schema:
        fields = [(name, one.arrow) for name, one in self.types.items()]
        if self.layout.nulls is not None:
            fields.append((self.layout.nulls, pa.list_(pa.string())))
        return pa.schema(fields, metadata=self.layout.metadata())

    def batch(self, records: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
        """Records as a batch of `schema`."""
        nulls: list[list[str] | None] = [[] for _ in records]
        arrays = [
            pa.array(
                [
                    _fit(record[name], one, f"/{escaped(name)}", found) if name in record else None
                    for record, found in zip(records, nulls, strict=True)
                ],
                one.arrow,
            )
            for name, one in self.types.items()
        ]
        if self.layout.nulls is not None:
            arrays.append(pa.array([found or None for found in nulls], pa.list_(pa.string())))
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _fit(value: Any, of: Type, pointer: str, nulls: list[str] | None) -> Any:
    """A value that stands under a key, as Arrow takes it."""
    if of.name == "json":
        return spell(value).decode()
    if value is None:
        if nulls is not None:
            nulls.append(pointer)
        return None
    if of.name == "list":
        assert of.item is not None
        return [
            None if item is None else _fit(item, of.item, f"{pointer}/{k}", nulls)
            for k, item in enumerate(value)
        ]
    if of.name == "struct":
        return {
            name: _fit(value[name], one, f"{pointer}/{escaped(name)}", nulls) if name in value else None
            for name, one in of.fields.items()
        }
    return value


def escaped(key: str) -> str:
    """A key as a step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


class Restorer:
    """Gives records back from rows that were written under a layout."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._tree: dict[Any, Any] = {}
        for path in layout.json:
            node = self._tree
            for step in path[:-1]:
                node = node.setdefault(step, {})
                if not isinstance(node, dict):
                    break
            else:
                node[path[-1]] = True

    def record(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The record that a row was. Raises ValueError for JSON text that is none."""
        nulls = row.get(self._layout.nulls) if self._layout.nulls is not None else None
        named = frozenset(nulls) if isinstance(nulls, list) else frozenset[Any]()
        left = {*self._layout.drop, *self._layout.spread, self._layout.nulls}
        found = self._object({k: v for k, v in row.items() if k not in left}, self._tree, "", named)
        for name in self._layout.spread:
            more = _parsed(row.get(name))
            if isinstance(more, dict):
                found |= more
            elif more is not None:
                found[name] = more
        return found

    def _object(
        self, value: Mapping[str, Any], tree: Any, pointer: str, nulls: frozenset[Any]
    ) -> dict[str, Any]:
        found = {}
        for name, item in value.items():
            at = f"{pointer}/{escaped(name)}" if nulls else ""
            if item is not None:
                found[name] = self._value(item, tree.get(name, _NONE), at, nulls)
            elif at in nulls:
                found[name] = None
        return found

    def _value(self, value: Any, tree: Any, pointer: str, nulls: frozenset[Any]) -> Any:
        if tree is True:
            return _parsed(value)
        if isinstance(value, dict):
            return self._object(value, tree, pointer, nulls)
        if isinstance(value, list):
            inner = tree.get(None, _NONE)
            return [
                None if item is None else self._value(item, inner, f"{pointer}/{k}", nulls)
                for k, item in enumerate(value)
            ]
        return value


_NONE: Final[Mapping[Any, Any]] = {}


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    value = read_json(text.encode())
    if isinstance(value, Refusal):
        raise ValueError(value.message)
    return value


def learn(records: Iterable[Mapping[str, Any]]) -> Columns:
    """The columns of some records."""
    schema = Schema()
    for record in records:
        schema.add(record)
    return schema.columns()
