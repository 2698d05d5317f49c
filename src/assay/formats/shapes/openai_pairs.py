"""OpenAI's preference pairs, as they are fine-tuned on with DPO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from assay.formats.shapes.chats import read_messages, read_tools, write_messages, write_tools
from assay.formats.shapes.preferences import need_preference
from assay.formats.shapes.shape import Payload, Record, Shape, ShapeError, leftover, stated_provenance
from assay.model.record import Parsed

_SIDES: Final = {"chosen": "preferred_output", "rejected": "non_preferred_output"}


class OpenAiPreference(Shape):
    """{input: {messages, tools?, …}, preferred_output: [message], non_preferred_output: [message]}."""

    name = "openai_preference"

    def matches(self, record: Record) -> bool:
        body = record.get("input")
        return (
            isinstance(body, dict)
            and isinstance(body.get("messages"), list)
            and all(isinstance(record.get(field), list) for field in _SIDES.values())
        )

    def parse(self, record: Record) -> Parsed:
        body = record.get("input")
        if not isinstance(body, dict):
            raise ShapeError("field 'input' is no object")
        hint: dict[str, Any] = {}
        places = {"prompt": (body.get("messages"), "input.messages")}
        places |= {side: (record.get(field), field) for side, field in _SIDES.items()}
        payload: dict[str, Any] = {}
        for name, (value, field) in places.items():
            payload[name], nulls = read_messages(value, field)
            if nulls:
                hint[f"{name}_nulls"] = nulls
        payload |= read_tools(body, hint)
        if more := leftover(body, {"messages", "tools"}):
            hint["input"] = more
        extra = leftover(record, {"input", *_SIDES.values()})
        return Parsed(payload, extra, hint or None, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        hint = hint or {}
        said = {
            name: write_messages(payload[name], hint.get(f"{name}_nulls", {})) for name in ("prompt", *_SIDES)
        }
        body = {"messages": said["prompt"], **write_tools(payload, hint), **hint.get("input", {})}
        return {"input": body, **{field: said[side] for side, field in _SIDES.items()}, **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        need_preference(payload, self.name, tools=True)
        turns = dict(payload)
        for name, role in (("prompt", "user"), ("chosen", "assistant"), ("rejected", "assistant")):
            if isinstance(turns[name], str):
                turns[name] = [{"role": role, "content": turns[name]}]
        return self.restore(turns, {}, None)
