"""Conversations: lists of turns, by whatever names the turns' fields and roles go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from assay.errors import NotExpressible
from assay.formats.shapes.shape import (
    Payload,
    Record,
    Shape,
    ShapeError,
    conversation,
    leftover,
    list_field,
    stated_provenance,
)
from assay.model.record import Parsed

SHAREGPT_ROLES = {
    "human": "user", "user": "user", "prompter": "user",
    "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "bot": "assistant",
    "model": "assistant", "bing": "assistant", "bard": "assistant", "claude": "assistant",
    "function_call": "assistant", "tool_call": "assistant",
    "system": "system", "tool": "tool", "observation": "tool", "function": "tool",
    "function_response": "tool", "tool_response": "tool",
}  # fmt: skip
_SHAREGPT_NAMES = {"user": "human", "assistant": "gpt", "system": "system", "tool": "tool"}


def read_messages(value: Any, field: str) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """OpenAI messages without their null keys, and where those stood: turn → names. Raises ShapeError."""
    if not isinstance(value, list):
        raise ShapeError(f"field {field!r} is not a list of messages")
    messages, nulls = [], {}
    for turn, message in enumerate(value):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise ShapeError(f"{field}[{turn}] is no message: it needs a role and content")
        content = message.get("content")
        if content is not None and not isinstance(content, (str, list)):
            raise ShapeError(f"{field}[{turn}].content is neither text nor a list of parts")
        messages.append({key: item for key, item in message.items() if item is not None})
        empty = [key for key, item in message.items() if item is None]
        if empty:
            nulls[str(turn)] = empty
    return messages, nulls


def write_messages(messages: list[dict[str, Any]], nulls: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """The messages with the null keys they had."""
    out = [dict(message) for message in messages]
    for turn, names in nulls.items():
        out[int(turn)].update(dict.fromkeys(names))
    return out


def read_tools(record: Record, hint: dict[str, Any]) -> dict[str, Any]:
    """The payload's tools, from a list or (as Parquet has them) from JSON text; what it was goes to the hint."""
    tools = record.get("tools")
    if isinstance(tools, list):
        return {"tools": tools} if tools else _no_tools(hint, tools)
    if isinstance(tools, str):
        try:
            parsed = orjson.loads(tools)
        except orjson.JSONDecodeError:
            parsed = None
        if isinstance(parsed, list) and parsed:
            hint["tools"] = tools
            return {"tools": parsed}
    return _no_tools(hint, tools) if "tools" in record else {}


def _no_tools(hint: dict[str, Any], given: Any) -> dict[str, Any]:
    hint["no_tools"] = given
    return {}


def write_tools(payload: Payload, hint: Mapping[str, Any]) -> dict[str, Any]:
    """The record's `tools` field as it was."""
    if "tools" in payload:
        return {"tools": hint.get("tools", payload["tools"])}
    return {"tools": hint["no_tools"]} if "no_tools" in hint else {}


class Messages(Shape):
    """OpenAI: {messages: [{role, content, …}], tools?}. Every key of a message is kept; null keys are no keys."""

    name = "messages"

    def matches(self, record: Record) -> bool:
        turns = record.get("messages")
        return isinstance(turns, list) and all(isinstance(t, dict) and "role" in t for t in turns)

    def parse(self, record: Record) -> Parsed:
        hint: dict[str, Any] = {}
        messages, nulls = read_messages(list_field(record, "messages"), "messages")
        if nulls:
            hint["nulls"] = nulls
        payload = {"messages": messages, **read_tools(record, hint)}
        return Parsed(
            payload, leftover(record, {"messages", "tools"}), hint or None, stated_provenance(record)
        )

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        hint = hint or {}
        messages = write_messages(payload["messages"], hint.get("nulls", {}))
        return {"messages": messages, **write_tools(payload, hint), **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        return {"messages": conversation(payload, self.name, tools=True), **write_tools(payload, {})}


def read_sharegpt(turns: list[Any], field: str, hint: dict[str, Any]) -> list[dict[str, Any]]:
    """ShareGPT turns as messages; roles by other names and further keys go to the hint. Raises ShapeError."""
    messages, names, more = [], [], {}
    for number, turn in enumerate(turns):
        if not isinstance(turn, dict) or not isinstance(turn.get("value"), str):
            raise ShapeError(f"{field}[{number}] is no turn: it needs `from` and a text `value`")
        speaker = turn.get("from")
        role = SHAREGPT_ROLES.get(speaker) if isinstance(speaker, str) else None
        if role is None:
            raise ShapeError(f"{field}[{number}].from is none of: {', '.join(SHAREGPT_ROLES)}")
        messages.append({"role": role, "content": turn["value"]})
        names.append(speaker)
        rest = {key: value for key, value in turn.items() if key not in ("from", "value")}
        if rest:
            more[str(number)] = rest
    if names != [_SHAREGPT_NAMES[m["role"]] for m in messages]:
        hint[f"{field}_from"] = names
    if more:
        hint[f"{field}_more"] = more
    return messages


def write_sharegpt(
    messages: list[dict[str, Any]], field: str, hint: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The turns that `read_sharegpt` was given."""
    names = hint.get(f"{field}_from") or [_SHAREGPT_NAMES[m["role"]] for m in messages]
    turns = [{"from": n, "value": m["content"]} for n, m in zip(names, messages, strict=True)]
    for number, rest in hint.get(f"{field}_more", {}).items():
        turns[int(number)].update(rest)
    return turns


def sharegpt_turns(messages: list[dict[str, Any]], shape: str) -> list[dict[str, Any]]:
    """Messages from another shape as ShareGPT turns. Raises NotExpressible for what ShareGPT cannot say."""
    for message in messages:
        if set(message) != {"role", "content"} or not isinstance(message["content"], str):
            raise NotExpressible(
                f"shape {shape} cannot carry tool calls, names or parts", "export as `messages`"
            )
        if message["role"] not in _SHAREGPT_NAMES:
            raise NotExpressible(f"shape {shape} has no role {message['role']!r}", "export as `messages`")
    return write_sharegpt(messages, "", {})


class ShareGpt(Shape):
    """{conversations: [{from, value}], system?, tools?}; a top-level system text is the first turn."""

    name = "sharegpt"

    def matches(self, record: Record) -> bool:
        turns = record.get("conversations")
        return isinstance(turns, list) and all(
            isinstance(t, dict) and "from" in t and "value" in t for t in turns
        )

    def parse(self, record: Record) -> Parsed:
        hint: dict[str, Any] = {}
        messages = read_sharegpt(list_field(record, "conversations"), "conversations", hint)
        used = {"conversations", "tools"}
        system = record.get("system")
        if isinstance(system, str) and system:
            messages = [{"role": "system", "content": system}, *messages]
            hint["system"] = True
            used.add("system")
        payload = {"messages": messages, **read_tools(record, hint)}
        return Parsed(payload, leftover(record, used), hint or None, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        hint = hint or {}
        messages = list(payload["messages"])
        system = {"system": messages.pop(0)["content"]} if hint.get("system") else {}
        turns = write_sharegpt(messages, "conversations", hint)
        return {"conversations": turns, **system, **write_tools(payload, hint), **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        turns = sharegpt_turns(conversation(payload, self.name, tools=True), self.name)
        tools = {"tools": orjson.dumps(payload["tools"]).decode()} if "tools" in payload else {}
        return {"conversations": turns, **tools}


class History(Shape):
    """MT-Bench-101: {history: [{user, bot}]}."""

    name = "history"

    def matches(self, record: Record) -> bool:
        turns = record.get("history")
        return (
            isinstance(turns, list)
            and bool(turns)
            and all(isinstance(t, dict) and {"user", "bot"} <= t.keys() for t in turns)
        )

    def parse(self, record: Record) -> Parsed:
        messages, more = [], {}
        for number, turn in enumerate(list_field(record, "history")):
            if not isinstance(turn, dict) or not all(isinstance(turn.get(k), str) for k in ("user", "bot")):
                raise ShapeError(f"history[{number}] needs the texts `user` and `bot`")
            messages += [
                {"role": "user", "content": turn["user"]},
                {"role": "assistant", "content": turn["bot"]},
            ]
            rest = {key: value for key, value in turn.items() if key not in ("user", "bot")}
            if rest:
                more[str(number)] = rest
        extra = leftover(record, {"history"})
        return Parsed(
            {"messages": messages}, extra, {"more": more} if more else None, stated_provenance(record)
        )

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        turns = self.render(payload)["history"]
        for number, rest in (hint or {}).get("more", {}).items():
            turns[int(number)].update(rest)
        return {"history": turns, **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        messages = conversation(payload, self.name)
        plain = all(set(m) == {"role", "content"} and isinstance(m["content"], str) for m in messages)
        if [m.get("role") for m in messages] != ["user", "assistant"] * (len(messages) // 2) or not plain:
            raise NotExpressible(
                "shape history holds pairs of user and bot texts only", "export as `messages`"
            )
        return {
            "history": [
                {"user": u["content"], "bot": b["content"]}
                for u, b in zip(messages[::2], messages[1::2], strict=True)
            ]
        }


class Dialogue(Shape):
    """SMILE and its like: {dialogue: [{role, content, …}]} with a client and a counselor (or user and assistant)."""

    name = "dialogue"
    _ROLES: ClassVar = {
        "client": "user",
        "seeker": "user",
        "user": "user",
        "counselor": "assistant",
        "supporter": "assistant",
        "assistant": "assistant",
        "system": "system",
    }

    def matches(self, record: Record) -> bool:
        turns = record.get("dialogue")
        return isinstance(turns, list) and all(
            isinstance(t, dict) and {"role", "content"} <= t.keys() for t in turns
        )

    def parse(self, record: Record) -> Parsed:
        messages, hint = [], []
        for number, turn in enumerate(list_field(record, "dialogue")):
            if not isinstance(turn, dict) or not isinstance(turn.get("content"), str):
                raise ShapeError(f"dialogue[{number}] needs a role and the text `content`")
            role = self._ROLES.get(str(turn.get("role")))
            if role is None:
                raise ShapeError(f"dialogue[{number}].role is none of: {', '.join(self._ROLES)}")
            messages.append({"role": role, "content": turn["content"]})
            hint.append({key: value for key, value in turn.items() if key != "content"})
        return Parsed({"messages": messages}, leftover(record, {"dialogue"}), hint, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        turns = [{**rest, "content": m["content"]} for rest, m in zip(hint, payload["messages"], strict=True)]
        return {"dialogue": turns, **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        messages = conversation(payload, self.name)
        if not all(
            set(m) == {"role", "content"} and isinstance(m["content"], str) and m["role"] in self._ROLES
            for m in messages
        ):
            raise NotExpressible(
                "shape dialogue holds texts of user, assistant and system only", "export as `messages`"
            )
        return {"dialogue": messages}
