"""What a shape is: one way in which the field writes an example down as a record."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from assay.errors import NotExpressible
from assay.model.canonical import canonical_json
from assay.model.provenance import ORIGINS
from assay.model.record import Parsed

Record = Mapping[str, Any]
Payload = Mapping[str, Any]


class ShapeError(ValueError):
    """A record that is not of the shape: the message names the field and never its content."""

    code = "wrong_shape"
    """Under which the ledger has the record."""


class Shape(ABC):
    """`restore` is the exact inverse of `parse`; `render` writes what came from another shape."""

    name: str
    flat: tuple[str, str | None, str] | None = None
    """The fields of question, more of the question, and answer, where a record of exactly these texts is one turn of
    each and `parse` leaves nothing over but how the question was joined. It can then be read by the compiled kernel."""

    @abstractmethod
    def matches(self, record: Record) -> bool:
        """Whether the record looks like this shape, by its fields and their types."""

    def proved_by(self, records: Sequence[Record]) -> bool:
        """Whether some of these records leave no doubt that all of them are of this shape."""
        return False

    @abstractmethod
    def parse(self, record: Record) -> Parsed:
        """The example in a record. Raises ShapeError."""

    @abstractmethod
    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        """The record that `parse` was given, with every field."""

    @abstractmethod
    def render(self, payload: Payload) -> dict[str, Any]:
        """A payload from another shape in this one. Raises NotExpressible, saying why."""


def text_field(record: Record, name: str) -> str:
    """A text field that must be there."""
    if name not in record:
        raise ShapeError(f"field {name!r} is missing")
    value = record[name]
    if not isinstance(value, str):
        raise ShapeError(f"field {name!r} is {_kind(value)}, not text")
    return value


def list_field(record: Record, name: str) -> list[Any]:
    """A list field that must be there."""
    if name not in record:
        raise ShapeError(f"field {name!r} is missing")
    value = record[name]
    if not isinstance(value, list):
        raise ShapeError(f"field {name!r} is {_kind(value)}, not a list")
    return value


def _kind(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        dict: "an object",
        list: "a list",
        str: "text",
    }
    return names.get(type(value), type(value).__name__)


def leftover(record: Record, used: frozenset[str] | set[str]) -> dict[str, Any]:
    """The fields that the payload does not carry, as they are."""
    return {name: value for name, value in record.items() if name not in used}


def stated_provenance(record: Record) -> dict[str, Any]:
    """The provenance columns that a record's own fields state. They stay among the leftovers too."""
    found: dict[str, Any] = {}
    for column, names in _STATED:
        for name in names:
            value = record.get(name)
            if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
                if str(value):
                    found[column] = str(value)
                break
    if record.get("origin") in ORIGINS:
        found["origin"] = record["origin"]
    depth, parents = record.get("depth"), record.get("derived_from")
    if type(depth) is int and 0 <= depth <= _DEEPEST:
        found["depth"] = depth
    if isinstance(parents, list) and 0 < len(parents) <= _MOST_PARENTS and all(map(_is_id, parents)):
        found["derived_from"] = canonical_json(sorted(set(parents))).decode()
    return found | spelled_params(record.get("generation_params"))


def spelled_params(params: Any) -> dict[str, Any]:
    """The column `generation_params` of parameters that a record states as an object; nothing for any others."""
    if not isinstance(params, dict) or not params:
        return {}
    try:
        return {"generation_params": canonical_json(params).decode()}
    except ValueError:
        return {}


def written_by_a_model(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Provenance of a record whose very shape says that a model wrote it, unless it says otherwise itself."""
    return {"origin": "synthetic", **stated}


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


_ID = re.compile("[0-9a-f]{64}")
_DEEPEST = 1_000
_MOST_PARENTS = 1_000
_STATED = (
    ("key", ("id", "_id", "key", "uuid", "conversation_id", "__key__")),
    ("generator", ("generator", "model", "model_name")),
    ("created", ("created_at", "created", "timestamp", "date", "time")),
    ("licence", ("license", "licence")),
    ("prompt_template", ("prompt_template",)),
)


def conversation(payload: Payload, shape: str, *, tools: bool = False) -> list[dict[str, Any]]:
    """The payload as a conversation. Raises NotExpressible where it is none, or has tools and the shape none."""
    if not tools:
        refuse_tools(payload, shape)
    if "messages" in payload:
        return list(payload["messages"])
    if "completion" in payload:
        if "label" in payload:
            raise NotExpressible(f"shape {shape} has no place for a label", "export as prompt_completion")
        return [*_turns(payload["prompt"], "user"), *_turns(payload["completion"], "assistant")]
    held = "a preference pair" if "chosen" in payload else "plain text"
    raise NotExpressible(f"{held} cannot be written as {shape}", "export as `source`, or as its own shape")


def refuse_tools(payload: Payload, shape: str) -> None:
    """Raises NotExpressible for a payload with tools, which most shapes cannot carry."""
    if "tools" in payload:
        raise NotExpressible(f"shape {shape} has no place for tools", "export as `messages` or as `source`")


def _turns(value: Any, role: str) -> list[dict[str, Any]]:
    return list(value) if isinstance(value, list) else [{"role": role, "content": value}]


def single_turn(payload: Payload, shape: str) -> tuple[str, str]:
    """The question and answer of a one-turn conversation. Raises NotExpressible for any other."""
    messages = conversation(payload, shape)
    plain = all(set(m) == {"role", "content"} and isinstance(m["content"], str) for m in messages)
    if [m.get("role") for m in messages] != ["user", "assistant"] or not plain or "tools" in payload:
        raise NotExpressible(
            f"shape {shape} holds one question and one answer; this conversation has {len(messages)} turns, "
            "tools, or parts that are no text",
            "export as `messages`",
        )
    return messages[0]["content"], messages[1]["content"]


def question_and_answer(question: str, answer: str) -> dict[str, Any]:
    """The payload of one question and its answer."""
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}
