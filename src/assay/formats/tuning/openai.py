"""Examples as OpenAI takes them for fine-tuning: supervised {messages, tools?}, or pairs for DPO {input, …}.

The one thing that is rewritten: arguments of a tool call that stand as an object become the text of their JSON. The
rules are those of `rules.py`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from assay.formats.export import ExportRow
from assay.formats.json_text import spell
from assay.formats.tuning.rules import LIMITS, Found, estimated_tokens

_ROLES: Final[Mapping[str, frozenset[str]]] = {
    "system": frozenset({"role", "content", "name"}),
    "user": frozenset({"role", "content", "name"}),
    "assistant": frozenset({"role", "content", "name", "weight", "tool_calls", "function_call", "refusal"}),
    "tool": frozenset({"role", "content", "tool_call_id"}),
    "function": frozenset({"role", "content", "name"}),
}
_FUNCTION: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME: Final = re.compile(r"[^\s<|\\/>]{1,64}")
_IMAGE: Final = re.compile(r"data:image/(?:jpeg|png|webp);base64,")


def render(row: ExportRow) -> dict[str, Any] | tuple[str, str]:
    """The record of an example, or the code of the rule that leaves it none, and where."""
    payload = row.payload
    more: dict[str, Any] = {}
    if "tools" in payload:
        more["tools"] = payload["tools"]
    parallel = _beside(row).get("parallel_tool_calls")
    if isinstance(parallel, bool) and "tools" in more:
        more["parallel_tool_calls"] = parallel
    if "messages" in payload:
        return {"messages": _messages(payload["messages"], "user"), **more}
    if "chosen" in payload:
        return {
            "input": {"messages": _messages(payload["prompt"], "user"), **more},
            "preferred_output": _messages(payload["chosen"], "assistant"),
            "non_preferred_output": _messages(payload["rejected"], "assistant"),
        }
    if "completion" in payload:
        if "label" in payload:
            return "label", "label"
        turns = [*_messages(payload["prompt"], "user"), *_messages(payload["completion"], "assistant")]
        return {"messages": turns, **more}
    return "not_a_conversation", "text"


def _beside(row: ExportRow) -> Mapping[str, Any]:
    """What stood beside the messages when the record was read."""
    beside: Mapping[str, Any] = row.extra
    if row.shape == "openai_preference" and row.hint:
        beside = row.hint.get("input", {})
    return beside


def _messages(value: Any, role: str) -> list[dict[str, Any]]:
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    return [_spelled_calls(message) for message in value]


def _spelled_calls(message: dict[str, Any]) -> dict[str, Any]:
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    return {**message, "tool_calls": [_spelled_call(call) for call in calls]}


def _spelled_call(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), dict):
        return call
    return {**call, "function": {**function, "arguments": spell(function["arguments"]).decode()}}


def is_pair(record: Mapping[str, Any]) -> bool:
    """Whether it is for DPO."""
    return "input" in record


def check(record: Mapping[str, Any]) -> Found:
    """The rules that a record breaks by itself."""
    pair = is_pair(record)
    body = record["input"] if pair else record
    place = "input." if pair else ""
    yield from _check_tools(body.get("tools", []), place)
    names = {name for tool in body.get("tools", []) if (name := _function_name(tool)) is not None}
    images = yield from _check_turns(body["messages"], f"{place}messages", names)
    if not body["messages"]:
        yield "no_messages", f"{place}messages"
    elif not pair and body["messages"][-1].get("role") != "assistant":
        yield "last_not_assistant", f"messages[{len(body['messages']) - 1}]"
    if pair:
        for side in ("preferred_output", "non_preferred_output"):
            images += yield from _check_turns(record[side], side, names)
            if len(record[side]) != 1 or record[side][0].get("role") != "assistant":
                yield "not_one_answer", side
        if images:
            yield "pair_with_images", "input.messages"
    if images > LIMITS["openai"].images:
        yield "too_many_images", f"{images} images"
    about = estimated_tokens(spell(record).decode()) if not images else 0
    if about > LIMITS["openai"].tokens:
        yield "maybe_too_long", f"about {about:,} tokens of {LIMITS['openai'].tokens:,}"


def count_images(record: Mapping[str, Any]) -> int:
    """How many images a record holds."""
    messages = record["input"]["messages"] if is_pair(record) else record["messages"]
    parts = [m["content"] for m in messages if isinstance(m.get("content"), list)]
    return sum(isinstance(one, dict) and one.get("type") == "image_url" for part in parts for one in part)


def _check_tools(tools: Any, place: str) -> Found:
    if not isinstance(tools, list):
        yield "bad_tool", f"{place}tools"
        return
    if len(tools) > LIMITS["openai"].tools:
        yield "too_many_tools", f"{len(tools)} tools"
    for k, tool in enumerate(tools):
        if _function_name(tool) is None:
            yield "bad_tool", f"{place}tools[{k}]"


def _function_name(tool: Any) -> str | None:
    """The name of a tool in the form that is asked for, None for any other."""
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) and _FUNCTION.fullmatch(name) else None


def _check_turns(messages: Sequence[Mapping[str, Any]], place: str, names: set[str]) -> Any:
    """Checks turns; gives how many images they hold."""
    images = 0
    open_calls: set[str] = set()
    for k, message in enumerate(messages):
        here = f"{place}[{k}]"
        role = message.get("role")
        keys = _ROLES.get(role) if isinstance(role, str) else None
        if keys is None:
            yield "unknown_role", here
            continue
        if unknown := [key for key in message if key not in keys]:
            yield "unknown_key", f"{here}: {len(unknown)} of them"
        if role == "system" and k:
            yield "system_late", here
        if "name" in message and not (isinstance(message["name"], str) and _NAME.fullmatch(message["name"])):
            yield "bad_name", f"{here}.name"
        if "weight" in message and not (type(message["weight"]) is int and message["weight"] in (0, 1)):
            yield "bad_weight", f"{here}.weight"
        images += yield from _check_content(message, here)
        if open_calls and role != "tool":
            yield "unanswered_call", here
            open_calls = set()
        if role == "tool":
            answered = message.get("tool_call_id")
            if not isinstance(answered, str) or answered not in open_calls:
                yield "stray_answer", f"{here}.tool_call_id"
            else:
                open_calls.discard(answered)
        if message.get("tool_calls") is not None and role == "assistant":
            open_calls = yield from _check_calls(message["tool_calls"], f"{here}.tool_calls", names)
    return images


def _check_calls(calls: Any, place: str, names: set[str]) -> Any:
    """Checks the calls of a turn; gives their ids."""
    ids: set[str] = set()
    if not isinstance(calls, list) or not calls:
        yield "bad_tool_call", place
        return ids
    for k, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) and call.get("type") == "function" else None
        name = function.get("name") if isinstance(function, dict) else None
        well = (
            isinstance(function, dict)
            and isinstance(call.get("id"), str)
            and isinstance(name, str)
            and _FUNCTION.fullmatch(name) is not None
            and _is_json(function.get("arguments"))
        )
        if not well:
            yield "bad_tool_call", f"{place}[{k}]"
            continue
        ids.add(call["id"])
        if name not in names:
            yield "unknown_tool", f"{place}[{k}]"
    return ids


def _is_json(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True


def _check_content(message: Mapping[str, Any], here: str) -> Any:
    """Checks what a turn says; gives how many images it holds."""
    content = message.get("content")
    if isinstance(content, str) and content:
        return 0
    if not content:
        spoken = message.get("tool_calls") or message.get("function_call") or message.get("refusal")
        if not (spoken and message.get("role") == "assistant"):
            yield "no_content", here
        return 0
    images = 0
    for k, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "image_url":
            images += 1
            if message.get("role") != "user":
                yield "image_of_assistant", f"{here}.content[{k}]"
            if code := _image_fault(part):
                yield code, f"{here}.content[{k}]"
        elif (
            kind == "refusal" and message.get("role") == "assistant" and isinstance(part.get("refusal"), str)
        ):
            continue
        elif kind != "text" or not isinstance(part.get("text"), str):
            yield "bad_part", f"{here}.content[{k}]"
    return images


def _image_fault(part: Mapping[str, Any]) -> str | None:
    held = part.get("image_url")
    url = held.get("url") if isinstance(held, dict) else None
    if not isinstance(url, str):
        return "bad_image"
    if url.startswith(("https://", "http://")):
        return None
    head = _IMAGE.match(url)
    if head is None:
        return "bad_image"
    try:
        data = base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        return "bad_image"
    return "image_too_large" if len(data) > LIMITS["openai"].image_bytes else None
