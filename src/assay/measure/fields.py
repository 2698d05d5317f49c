"""Which fields examples have, of which types and kinds, and what differs between two sets of examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from assay.model.example import kind_of

MOST_FIELDS: Final = 1_000
"""Names beyond so many are counted under `…`: hostile rows could bring any number."""
_TURNS: Final = frozenset({"messages", "prompt", "completion", "chosen", "rejected"})
_TYPES: Final = {
    str: "text",
    bool: "true/false",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: `what` is kind, new, missing or type; `before` and `after` are types, "" for none."""

    what: str
    field: str
    before: str
    after: str

    def as_json(self) -> dict[str, str]:
        return {"what": self.what, "field": self.field, "before": self.before, "after": self.after}

    def __str__(self) -> str:
        if self.what == "new":
            return f"{self.field} is new ({self.after})"
        if self.what == "missing":
            return f"{self.field} is missing (was {self.before})"
        return f"{self.field} was {self.before} and is {self.after}"


@dataclass
class Fields:
    """What some examples have: kinds of payload, and field → its JSON types. Null is no value, and no field.

    A field is one of the payload (`tools`), of its turns (`messages[].content`), or one that was left over of the
    record (`category`). Order of examples changes nothing.
    """

    kinds: set[str] = field(default_factory=set)
    types: dict[str, set[str]] = field(default_factory=dict)

    def add(self, payload: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        """Take one example into account."""
        self.kinds.add(kind_of(payload))
        for name, value in payload.items():
            self._see(name, value)
            if name in _TURNS and isinstance(value, list):
                for turn in value:
                    for key, one in turn.items() if isinstance(turn, dict) else ():
                        self._see(f"{name}[].{key}", one)
        for name, value in extra.items():
            if name not in payload:
                self._see(name, value)

    def _see(self, name: str, value: Any) -> None:
        if value is None:
            return
        if name not in self.types and len(self.types) >= MOST_FIELDS:
            name = "…"
        self.types.setdefault(name, set()).add(_TYPES.get(type(value), "value"))

    def as_json(self) -> dict[str, Any]:
        return {
            "kinds": sorted(self.kinds),
            "types": {name: sorted(types) for name, types in sorted(self.types.items())},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Fields:
        return cls({*value["kinds"]}, {name: {*types} for name, types in value["types"].items()})


def differences(before: Fields, after: Fields) -> list[Difference]:
    """All differences: kinds of payload first, then fields by name."""
    found = []
    if before.kinds != after.kinds:
        found.append(Difference("kind", "the kind of example", _spelled(before.kinds), _spelled(after.kinds)))
    for name in sorted(before.types.keys() | after.types.keys()):
        was, now = before.types.get(name, set()), after.types.get(name, set())
        if was != now:
            what = "new" if not was else "missing" if not now else "type"
            found.append(Difference(what, name, _spelled(was), _spelled(now)))
    return found


def _spelled(names: set[str]) -> str:
    return " or ".join(sorted(names))
