"""Anthropic's Messages API, version 2023-06-01, as https://docs.anthropic.com/en/api/messages tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.testing.llm_call import Answer, Api, Call, tokens
from assay.testing.llm_wire import (
    Problem,
    Refused,
    content_text,
    is_object,
    mapping,
    objects_in,
    stamp,
    whole,
)

ERRORS: dict[Problem, tuple[int, str]] = {
    "invalid": (400, "invalid_request_error"),
    "key": (401, "authentication_error"),
    "missing": (404, "not_found_error"),
    "method": (405, "invalid_request_error"),
    "too_large": (413, "request_too_large"),
    "rate": (429, "rate_limit_error"),
    "server": (500, "api_error"),
    "overloaded": (529, "overloaded_error"),
}
_STOPS = {"end": "end_turn", "length": "max_tokens", "refusal": "refusal"}
_REFUSED = {"type": "refusal", "category": None, "explanation": None}
# https://docs.claude.com/en/docs/build-with-claude/structured-outputs lists what a schema may not hold.
_UNSUPPORTED = ("minimum", "maximum", "multipleOf", "minLength", "maxLength", "maxItems")


class Anthropic:
    """`POST /v1/messages`: one answer, not streamed; `output_config.format` and a forced tool give it a schema."""

    api: Api = "anthropic"

    def read(self, body: Mapping[str, Any]) -> Call:
        for name, kind in (("model", str), ("max_tokens", int), ("messages", list)):
            if name not in body:
                raise Refused("invalid", f"{name}: Field required")
            if not isinstance(body[name], kind) or isinstance(body[name], bool):
                raise Refused("invalid", f"{name}: Input should be a valid {kind.__name__}")
        if body["max_tokens"] < 1:
            raise Refused("invalid", "max_tokens: Input should be greater than or equal to 1")
        if not body["messages"]:
            raise Refused("invalid", "messages: at least one message is required")
        if body.get("stream"):
            raise Refused("invalid", "stream: this server answers in one piece only")
        tool = mapping(body, "tool_choice").get("name")
        return Call(
            api=self.api,
            model=body["model"],
            system=content_text(body.get("system")),
            turns=tuple(map(_turn, range(len(body["messages"])), body["messages"])),
            schema=_tool_schema(body, tool) if tool is not None else _format_schema(body),
            tool=tool,
            max_tokens=body["max_tokens"],
            body=body,
        )

    def spell(self, call: Call, answer: Answer, token: str, created: float) -> dict[str, Any]:
        del created  # a message does not tell its time
        blocks, stop = [{"type": "text", "text": answer.text}], _STOPS[answer.stop]
        if call.tool is not None and answer.stop != "refusal":
            blocks, stop = _tool_use(call.tool, answer, token, stop)
        return {
            "id": f"msg_01{token[:22]}",
            "type": "message",
            "role": "assistant",
            "model": call.model,
            "content": blocks,
            "stop_reason": stop,
            "stop_sequence": None,
            "stop_details": _REFUSED if answer.stop == "refusal" else None,
            "usage": {
                "input_tokens": call.input_tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": tokens(answer.text),
                "service_tier": "standard",
            },
        }

    def error(self, refused: Refused, request_id: str) -> tuple[int, dict[str, Any]]:
        status, kind = ERRORS[refused.problem]
        what = {"type": kind, "message": refused.message}
        return status, {"type": "error", "error": what, "request_id": request_id}

    def headers(self, request_id: str) -> dict[str, str]:
        return {"request-id": request_id, "anthropic-organization-id": "00000000-0000-4000-8000-000000000000"}

    def retry(self, seconds: float) -> dict[str, str]:
        return {"retry-after": whole(seconds)}

    def limits(self, limit: int, left: int, wait: float, now: float) -> dict[str, str]:
        prefix = "anthropic-ratelimit-requests"
        reset = stamp(now + wait)
        return {f"{prefix}-limit": str(limit), f"{prefix}-remaining": str(left), f"{prefix}-reset": reset}


def _turn(number: int, message: Any) -> tuple[str, str]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in ("user", "assistant"):
        raise Refused("invalid", f"messages.{number}.role: Input should be 'user' or 'assistant'")
    text = content_text(message.get("content"))
    if not text and not isinstance(message.get("content"), list):
        raise Refused("invalid", f"messages.{number}: user messages must have non-empty content")
    return role, text


def _format_schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    form = mapping(body, "output_config", "format") or mapping(body, "output_format")
    if not form:
        return None
    schema = form.get("schema")
    if form.get("type") != "json_schema" or not isinstance(schema, dict):
        raise Refused("invalid", "output_config.format: Input should be a json_schema with a schema")
    for path, part in objects_in(schema):
        where = f"output_config.format.schema{path}"
        if is_object(part) and part.get("additionalProperties") is not False:
            text = "For 'object' type, 'additionalProperties' must be explicitly set to false"
            raise Refused("invalid", f"{where}: {text}")
        found = [key for key in _UNSUPPORTED if key in part]
        if found:
            text = f"For '{part.get('type')}' type, properties {', '.join(found)} are not supported"
            raise Refused("invalid", f"{where}: {text}")
    return schema


def _tool_schema(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, dict) and tool.get("name") == name:
            return mapping(tool, "input_schema")
    raise Refused("invalid", f"Tool '{name}' not found in provided tools")


def _tool_use(name: str, answer: Answer, token: str, stop: str) -> tuple[list[Any], str]:
    try:
        value = json.loads(answer.text)
    except (ValueError, RecursionError):
        value = {} if answer.stop == "length" else None
    if not isinstance(value, dict):  # a model that was told to use a tool and talked instead
        return [{"type": "text", "text": answer.text}], stop
    block = {"type": "tool_use", "id": f"toolu_01{token[:22]}", "name": name, "input": value}
    return [block], "max_tokens" if answer.stop == "length" else "tool_use"
