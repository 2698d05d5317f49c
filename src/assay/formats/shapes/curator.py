"""Bespoke Curator: the responses that it keeps of a run, one a request."""

from __future__ import annotations

import json
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
    spelled_params,
    stated_provenance,
    text_field,
    written_by_a_model,
)
from assay.model.record import Parsed


class Curator(Shape):
    """{generic_request: {model, messages, generation_params?, …}, response_message, created_at?, token_usage?, …}.

    A structured response is the text of its JSON. A request that failed (null) is not of the shape.
    """

    name = "curator"

    def matches(self, record: Record) -> bool:
        request = record.get("generic_request")
        return (
            "response_message" in record
            and isinstance(request, dict)
            and isinstance(request.get("messages"), list)
        )

    def parse(self, record: Record) -> Parsed:
        request = record.get("generic_request")
        if not isinstance(request, dict):
            raise ShapeError("field 'generic_request' is no object")
        messages, nulls = read_messages(request.get("messages"), "generic_request.messages")
        hint: dict[str, Any] = {"nulls": nulls} if nulls else {}
        answer = record.get("response_message")
        if isinstance(answer, (dict, list)):
            hint["structured"] = True
            text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        else:
            text = text_field(record, "response_message")
        messages.append({"role": "assistant", "content": text})
        extra = leftover(record, {"generic_request", "response_message"})
        rest = {name: value for name, value in request.items() if name != "messages"}
        extra["generic_request"] = rest
        return Parsed({"messages": messages}, extra, hint or None, _stated(record, rest))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        hint = hint or {}
        *messages, answer = payload["messages"]
        said = json.loads(answer["content"]) if hint.get("structured") else answer["content"]
        asked = {"messages": write_messages(messages, hint.get("nulls", {}))}
        return {**extra, "response_message": said, "generic_request": {**extra["generic_request"], **asked}}

    def render(self, payload: Payload) -> dict[str, Any]:
        messages = conversation(payload, self.name)
        last = messages[-1] if messages else {}
        plain = set(last) == {"role", "content"} and isinstance(last["content"], str)
        if not plain or last["role"] != "assistant":
            raise NotExpressible(
                "shape curator ends with the assistant's answer, a text", "export as `messages`"
            )
        return self.restore({"messages": messages}, {"generic_request": {}}, None)


def _stated(record: Record, request: Mapping[str, Any]) -> dict[str, Any]:
    stated = stated_provenance(record)
    model = request.get("model")
    if not isinstance(model, str) or not model:
        return stated
    return written_by_a_model(
        {"generator": model, **spelled_params(request.get("generation_params")), **stated}
    )
