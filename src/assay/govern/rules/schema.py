from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
from pydantic import Field

from assay.govern.rule import Rule, Verdict, some, sorted_of
from assay.govern.view import Examples, View
from assay.kernels.ids import IdArray
from assay.model.example import kind_of
from assay.model.provenance import COLUMNS

MOST_FIELDS: Final = 1_000
"""Beyond so many names of fields there is no contract about fields."""

MOST_SHAPES: Final = 10_000
"""So many ways of being built are remembered; hostile rows could bring any number."""

_TYPES: Final = {
    str: "text", bool: "true/false", int: "number", float: "number", list: "list", dict: "object", type(None): "null",
}  # fmt: skip


class SchemaContract(Rule):
    """The examples are built as those of the parent version are.

    The parent is the contract: which kinds of payload it has (messages, preference, completion, text), which roles
    speak, which fields its records carry and of which JSON types. Looked at are the fields of the payload and the
    record's left-over fields, both at the top; provenance columns have a rule of their own. A field that every
    parent example has may not be missing; one that the parent does not have is allowed unless `closed: true`.
    `kinds` and `roles`, where given, are the contract instead of what the parent has. A first version without them
    passes. With more than 1,000 different fields nothing is said of fields.

    ```yaml
    - schema: {}
    - schema: {kinds: [messages], roles: [system, user, assistant], closed: true}
    ```
    """

    kind: ClassVar[str] = "schema"
    codes: ClassVar[Mapping[str, str]] = {
        "kind_new": "a kind of payload that the parent does not have",
        "role_new": "a role that does not speak in the parent",
        "field_missing": "a field that every example of the parent has is missing",
        "type_new": "a field has a type that it does not have in the parent",
        "field_new": "a field that the parent does not have",
    }

    kinds: tuple[str, ...] = Field(default=(), description="the kinds that are allowed; none: the parent's")
    roles: tuple[str, ...] = Field(default=(), description="the roles that are allowed; none: the parent's")
    closed: bool = Field(default=False, description="whether new fields are refused")

    def judge(self, view: View) -> Sequence[Verdict]:
        contract, known = _Contract(), dict[Any, _Shape]()
        for rows in view.parent.examples() if view.parent is not None else ():
            for shape in set(_shapes(rows, known)):
                contract.learn(shape)
        first = view.parent is None
        kinds = frozenset(self.kinds) if self.kinds else None if first else frozenset(contract.kinds)
        roles = frozenset(self.roles) if self.roles else None if first else frozenset(contract.roles)
        bad: dict[str, list[IdArray]] = {code: [] for code in self.codes}
        names: dict[str, dict[str, None]] = {code: {} for code in self.codes}
        broken: dict[_Shape, list[tuple[str, str]]] = {}
        for rows in view.examples():
            marked = {code: np.zeros(len(rows.ids), np.bool_) for code in self.codes}
            for row, shape in enumerate(_shapes(rows, known)):
                found = broken.get(shape)
                if found is None:
                    found = list(self._breaks(shape, contract, kinds, roles, fields=not first))
                    if len(broken) < MOST_SHAPES:
                        broken[shape] = found
                for code, name in found:
                    marked[code][row] = True
                    if len(names[code]) < MOST_FIELDS:
                        names[code][name] = None
            for code, rows_bad in marked.items():
                bad[code].append(rows.ids[rows_bad])
        well = "the first version" if first else "as in the parent"
        asked = [code for code in self.codes if code != "field_new" or self.closed]
        return [_verdict(code, sorted_of(bad[code]), sorted(names[code]), well) for code in asked]

    def _breaks(
        self,
        shape: _Shape,
        contract: _Contract,
        kinds: frozenset[str] | None,
        roles: frozenset[str] | None,
        fields: bool,
    ) -> Iterator[tuple[str, str]]:
        if kinds is not None and shape.kind not in kinds:
            yield "kind_new", shape.kind
        if roles is not None:
            yield from (("role_new", role) for role in shape.roles if role not in roles)
        if not fields or contract.overflown:
            return
        yield from (("field_missing", name) for name in contract.required if name not in shape.types)
        for name, kind in shape.types.items():
            known = contract.types.get(name)
            if known is None and self.closed:
                yield "field_new", name
            elif known is not None and kind not in known:
                yield "type_new", f"{name} is {kind}"


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """How an example is built. There is one object for all that are built alike."""

    kind: str
    roles: tuple[str, ...]
    types: Mapping[str, str]


@dataclass(slots=True)
class _Contract:
    kinds: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    types: dict[str, set[str]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    rows: int = 0
    overflown: bool = False

    def learn(self, shape: _Shape) -> None:
        self.kinds.add(shape.kind)
        self.roles.update(shape.roles)
        self.required = self.required & shape.types.keys() if self.rows else set(shape.types)
        self.rows += 1
        for name, kind in shape.types.items():
            if name in self.types or len(self.types) < MOST_FIELDS:
                self.types.setdefault(name, set()).add(kind)
            else:
                self.overflown = True


def _shapes(rows: Examples, known: dict[Any, _Shape]) -> Iterator[_Shape]:
    """One a row; `known` are those met before, by what can be told of a row at once."""
    fields = rows.batch.fields or ({},) * len(rows.ids)
    for payload, stated in zip(rows.batch.payloads, fields, strict=True):
        told = (
            (*payload, *map(type, payload.values()), None, *stated, *map(type, stated.values())),
            _roles(payload),
        )
        shape = known.get(told)
        if shape is None:
            types = {name: _type(value) for name, value in stated.items() if name not in COLUMNS}
            types |= {name: _type(value) for name, value in payload.items()}
            shape = _Shape(kind_of(payload), told[1], types)
            if len(known) < MOST_SHAPES:
                known[told] = shape
        yield shape


def _roles(payload: Mapping[str, Any]) -> tuple[str, ...]:
    turns = [m for value in payload.values() if isinstance(value, list) for m in value]
    return tuple(dict.fromkeys(str(m["role"]) for m in turns if isinstance(m, dict) and "role" in m))


def _type(value: Any) -> str:
    return _TYPES.get(type(value), "object")


def _verdict(code: str, ids: IdArray, names: Sequence[str], well: str) -> Verdict:
    return Verdict(code, not len(ids), len(ids), 0, some(names) if names else well, ids=ids)
