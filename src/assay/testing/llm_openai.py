"""OpenAI's Chat Completions API, as https://platform.openai.com/docs/api-reference/chat tells it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from assay.testing.llm_call import Answer, Api, Call, tokens
from assay.testing.llm_wire import NAME, Problem, Refused, content_text, is_object, mapping, objects_in, whole

ERRORS: dict[Problem, tuple[int, str, str | None]] = {
    "invalid": (400, "invalid_request_error", None),
    "key": (401, "invalid_request_error", "invalid_api_key"),
    "missing": (404, "invalid_request_error", None),
    "method": (405, "invalid_request_error", "method_not_supported"),
    "too_large": (413, "invalid_request_error", None),
    "rate": (429, "requests", "rate_limit_exceeded"),
    "server": (500, "server_error", None),
    "overloaded": (503, "server_error", None),  # 529 is Anthropic's own number
}
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_STOPS = {"end": "stop", "length": "length", "refusal": "stop"}


class OpenAI:
    """`POST /v1/chat/completions`: one choice, not streamed; `response_format` or a forced tool give it a schema."""

    api: Api = "openai"

    def read(self, body: Mapping[str, Any]) -> Call:
        if not isinstance(body.get("model"), str):
            raise Refused("invalid", "you must provide a model parameter")
        messages = body.get("messages")
        if not isinstance(messages, list):
            text = "Missing required parameter: 'messages'."
            raise Refused("invalid", text, "messages", "missing_required_parameter")
        if not messages:
            text = "Invalid 'messages': empty array. Expected an array with minimum length 1."
            raise Refused("invalid", text, "messages", "empty_array")
        if body.get("stream") or body.get("n") not in (None, 1):
            name = "stream" if body.get("stream") else "n"
            raise Refused("invalid", "This server gives one answer in one piece.", name, "unsupported_value")
        turns = list(map(_turn, range(len(messages)), messages))
        tool = mapping(body, "tool_choice", "function").get("name")
        limit = body.get("max_completion_tokens", body.get("max_tokens"))
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
            raise Refused("invalid", "Invalid 'max_tokens': expected an integer >= 1.", "max_tokens")
        return Call(
            api=self.api,
            model=body["model"],
            system="\n".join(text for role, text in turns if role in ("system", "developer")),
            turns=tuple(turn for turn in turns if turn[0] not in ("system", "developer")),
            schema=_tool_schema(body, tool) if tool is not None else _format_schema(body),
            tool=tool,
            max_tokens=limit,
            body=body,
        )

    def spell(self, call: Call, answer: Answer, token: str, created: float) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": answer.text,
            "refusal": None,
            "annotations": [],
        }
        finish = _STOPS[answer.stop]
        if answer.stop == "refusal" and call.schema is not None:
            message |= {"content": None, "refusal": answer.text}
        elif call.tool is not None and answer.stop != "refusal":
            use = {"name": call.tool, "arguments": answer.text}
            tool_call = {"id": f"call_{token[:24]}", "type": "function", "function": use}
            message |= {"content": None, "tool_calls": [tool_call]}
        given, said = call.input_tokens, tokens(answer.text)
        return {
            "id": f"chatcmpl-{token[:29]}",
            "object": "chat.completion",
            "created": int(created),
            "model": call.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
            "usage": {
                "prompt_tokens": given,
                "completion_tokens": said,
                "total_tokens": given + said,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
            },
            "service_tier": "default",
            "system_fingerprint": "fp_0000000000",
        }

    def error(self, refused: Refused, request_id: str) -> tuple[int, dict[str, Any]]:
        del request_id  # it stands in the header alone
        status, kind, code = ERRORS[refused.problem]
        code = refused.code or code
        return status, {
            "error": {"message": refused.message, "type": kind, "param": refused.param, "code": code}
        }

    def headers(self, request_id: str) -> dict[str, str]:
        return {"x-request-id": request_id, "openai-version": "2020-10-01", "openai-processing-ms": "1"}

    def retry(self, seconds: float) -> dict[str, str]:
        return {"retry-after": whole(seconds), "retry-after-ms": str(math.ceil(seconds * 1000))}

    def limits(self, limit: int, left: int, wait: float, now: float) -> dict[str, str]:
        del now
        prefix, reset = "x-ratelimit", f"{math.ceil(wait * 1000)}ms"
        return {
            f"{prefix}-limit-requests": str(limit),
            f"{prefix}-remaining-requests": str(left),
            f"{prefix}-reset-requests": reset,
        }


def _turn(number: int, message: Any) -> tuple[str, str]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in _ROLES:
        text = f"Invalid value: 'messages[{number}].role'. Supported values are: {', '.join(_ROLES)}."
        raise Refused("invalid", text, f"messages[{number}].role", "invalid_value")
    return role, content_text(message.get("content"))


def _format_schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    form = mapping(body, "response_format")
    if form.get("type") != "json_schema":
        return {"type": "object"} if form.get("type") == "json_object" else None
    named = mapping(form, "json_schema")
    if not NAME.fullmatch(str(named.get("name", ""))):
        text = "Missing required parameter: 'response_format.json_schema.name'."
        raise Refused("invalid", text, "response_format.json_schema.name", "missing_required_parameter")
    schema = mapping(named, "schema")
    if named.get("strict"):
        _check_strict(schema, str(named["name"]))
    return schema


def _check_strict(schema: Mapping[str, Any], name: str) -> None:
    for path, part in objects_in(schema):
        if not is_object(part):
            continue
        where = f"Invalid schema for response_format '{name}': In context=({path!r}), "
        if part.get("additionalProperties") is not False:
            text = "'additionalProperties' is required to be supplied and to be false."
            raise Refused("invalid", where + text, "response_format", "invalid_json_schema")
        required = part.get("required")
        if any(
            key not in (required if isinstance(required, list) else ()) for key in mapping(part, "properties")
        ):
            text = (
                "'required' is required to be supplied and to be an array including every key in properties."
            )
            raise Refused("invalid", where + text, "response_format", "invalid_json_schema")


def _tool_schema(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        function = mapping(tool, "function")
        if function.get("name") == name:
            return mapping(function, "parameters")
    raise Refused("invalid", "Invalid value for 'tool_choice': no such tool.", "tool_choice", "invalid_value")
