"""distilabel: the rows of a pipeline whose last step wrote texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.errors import NotExpressible
from assay.formats.shapes.chats import read_messages, write_messages
from assay.formats.shapes.shape import (
    Payload,
    Record,
    Shape,
    ShapeError,
    conversation,
    leftover,
    stated_provenance,
    text_field,
    written_by_a_model,
)
from assay.model.record import Parsed

_TOLD = ("model_name", "distilabel_metadata")


class Distilabel(Shape):
    """{instruction, generation, model_name, distilabel_metadata?, system_prompt?}; the question may also be `prompt`,
    or `messages` that do not end with an answer. A row whose generation failed (null) is not of the shape."""

    name = "distilabel"

    def matches(self, record: Record) -> bool:
        generation = record.get("generation", 0)
        told = any(name in record for name in _TOLD)
        return told and (generation is None or isinstance(generation, str)) and _asked(record) is not None

    def parse(self, record: Record) -> Parsed:
        asked, answer = _asked(record), text_field(record, "generation")
        if asked is None:
            raise ShapeError("no question: neither `instruction`, `prompt` nor `messages` that end with one")
        hint: dict[str, Any] = {} if asked == "instruction" else {"asked": asked}
        used = {asked, "generation"}
        if asked == "messages":
            messages, nulls = read_messages(record[asked], asked)
            hint |= {"nulls": nulls} if nulls else {}
        else:
            messages = [{"role": "user", "content": record[asked]}]
            system = record.get("system_prompt")
            if isinstance(system, str) and system:
                messages.insert(0, {"role": "system", "content": system})
                hint["system"] = True
                used.add("system_prompt")
        messages.append({"role": "assistant", "content": answer})
        stated = stated_provenance(record)
        if any(record.get(name) for name in _TOLD):
            stated = written_by_a_model(stated)
        return Parsed({"messages": messages}, leftover(record, used), hint or None, stated)

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        hint = hint or {}
        *messages, answer = payload["messages"]
        asked = hint.get("asked", "instruction")
        record: dict[str, Any] = {}
        if asked == "messages":
            record[asked] = write_messages(messages, hint.get("nulls", {}))
        else:
            if hint.get("system"):
                record["system_prompt"] = messages[0]["content"]
            record[asked] = messages[-1]["content"]
        return {**record, "generation": answer["content"], **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        messages = conversation(payload, self.name)
        roles = [message.get("role") for message in messages]
        plain = all(set(m) == {"role", "content"} and isinstance(m["content"], str) for m in messages)
        if not plain or roles not in (["user", "assistant"], ["system", "user", "assistant"]):
            raise NotExpressible(
                "shape distilabel holds one question and one answer, and a system prompt before them",
                "export as `messages`",
            )
        if len(roles) == 3 and not messages[0]["content"]:
            raise NotExpressible(
                "shape distilabel has no place for an empty system prompt", "export as `messages`"
            )
        hint = {"system": len(roles) == 3}
        return self.restore({"messages": messages}, {"model_name": None}, hint)


def _asked(record: Record) -> str | None:
    """The field with the question; None where there is none, or where `messages` have their answer already."""
    turns = record.get("messages")
    if isinstance(turns, list) and turns:
        last = turns[-1]
        return "messages" if isinstance(last, dict) and last.get("role") != "assistant" else None
    return next((name for name in ("instruction", "prompt") if isinstance(record.get(name), str)), None)
