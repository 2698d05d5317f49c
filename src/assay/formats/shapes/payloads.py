"""Examples as they are: each record is the payload of one of the four kinds, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from assay.formats.shapes.chats import Messages
from assay.formats.shapes.preferences import Preference, PromptCompletion
from assay.formats.shapes.shape import Payload, Record, Shape, ShapeError
from assay.formats.shapes.texts import Text, TextLabel
from assay.model.example import kind_of
from assay.model.record import Parsed

_KINDS: Final[tuple[Shape, ...]] = (Preference(), Messages(), PromptCompletion(), TextLabel(), Text())


class AnyPayload(Shape):
    """A record of any of the shapes preference, messages, prompt_completion, text_label and text."""

    name = "payload"

    def matches(self, record: Record) -> bool:
        return any(shape.matches(record) for shape in _KINDS)

    def parse(self, record: Record) -> Parsed:
        for shape in _KINDS:
            if shape.matches(record):
                return shape.parse(record)
        raise ShapeError("the record is none of: " + ", ".join(shape.name for shape in _KINDS))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        return _of(payload).restore(payload, extra, hint)

    def render(self, payload: Payload) -> dict[str, Any]:
        return dict(payload)


def _of(payload: Payload) -> Shape:
    kind = kind_of(payload)
    if kind == "text":
        return TextLabel() if "label" in payload else Text()
    return {"preference": _KINDS[0], "messages": _KINDS[1], "completion": _KINDS[2]}[kind]
