"""Preference pairs: a prompt, the answer that was chosen, and the one that was rejected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assay.errors import NotExpressible
from assay.formats.shapes.chats import (
    read_messages,
    read_sharegpt,
    read_tools,
    sharegpt_turns,
    write_messages,
    write_sharegpt,
    write_tools,
)
from assay.formats.shapes.shape import (
    Payload,
    Record,
    Shape,
    ShapeError,
    leftover,
    list_field,
    refuse_tools,
    stated_provenance,
    text_field,
)
from assay.model.record import Parsed

SIDES = ("chosen", "rejected")
Turns = list[dict[str, Any]]


def read_side(record: Record, name: str, hint: dict[str, Any]) -> Any:
    """A field that is a text or a list of messages. Raises ShapeError."""
    value = record.get(name)
    if isinstance(value, str):
        return value
    if name not in record:
        raise ShapeError(f"field {name!r} is missing")
    messages, nulls = read_messages(value, name)
    if nulls:
        hint[f"{name}_nulls"] = nulls
    return messages


def write_side(value: Any, name: str, hint: Mapping[str, Any]) -> Any:
    return value if isinstance(value, str) else write_messages(value, hint.get(f"{name}_nulls", {}))


def common_prefix(a: Turns, b: Turns) -> int:
    """How many turns both begin with, leaving each at least its last."""
    most = max(0, min(len(a), len(b)) - 1)
    return next((k for k in range(most) if a[k] != b[k]), most)


def need_preference(payload: Payload, shape: str, *, tools: bool = False) -> None:
    """Raises NotExpressible for a payload that is no pair, or has tools and the shape none."""
    if not tools:
        refuse_tools(payload, shape)
    if "chosen" not in payload:
        raise NotExpressible(f"shape {shape} needs a chosen and a rejected answer", "export as `source`")


class Preference(Shape):
    """TRL: {prompt, chosen, rejected} as texts or messages; without a prompt, what both sides begin with is it."""

    name = "preference"

    def matches(self, record: Record) -> bool:
        if not all(isinstance(record.get(side), (str, list)) for side in SIDES):
            return False
        if isinstance(record.get("prompt"), (str, list)):
            return True
        return all(isinstance(record[side], list) for side in SIDES)

    def parse(self, record: Record) -> Parsed:
        hint: dict[str, Any] = {}
        chosen, rejected = (read_side(record, side, hint) for side in SIDES)
        if record.get("prompt") is not None:
            prompt = read_side(record, "prompt", hint)
        elif isinstance(chosen, list) and isinstance(rejected, list):
            at = common_prefix(chosen, rejected)
            hint["implicit"] = "null" if "prompt" in record else "absent"
            prompt, chosen, rejected = chosen[:at], chosen[at:], rejected[at:]
        else:
            raise ShapeError("field 'prompt' is missing")
        tools = read_tools(record, hint)
        payload = {"prompt": prompt, "chosen": chosen, "rejected": rejected, **tools}
        extra = leftover(record, {"prompt", "tools", *SIDES})
        return Parsed(payload, extra, hint or None, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        hint = hint or {}
        record: dict[str, Any] = {}
        if hint.get("implicit"):
            for side in SIDES:
                record[side] = write_side([*payload["prompt"], *payload[side]], side, hint)
            if hint["implicit"] == "null":
                record["prompt"] = None
        else:
            record = {name: write_side(payload[name], name, hint) for name in ("prompt", *SIDES)}
        return {**record, **write_tools(payload, hint), **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        need_preference(payload, self.name, tools=True)
        return self.restore(payload, {}, None)


_TURN = re.compile(r"\n\n(Human|Assistant):")
_HH_ROLES = {"Human": "user", "Assistant": "assistant"}
_HH_NAMES = {role: name for name, role in _HH_ROLES.items()}


class HhTranscripts(Shape):
    """hh-rlhf: {chosen, rejected}, each a transcript "\\n\\nHuman: …\\n\\nAssistant: …" with common turns."""

    name = "hh"

    def matches(self, record: Record) -> bool:
        return "prompt" not in record and all(
            isinstance(record.get(side), str) and _TURN.match(record[side]) for side in SIDES
        )

    def parse(self, record: Record) -> Parsed:
        hint: dict[str, Any] = {}
        sides = {}
        for side in SIDES:
            text = text_field(record, side)
            sides[side] = _read_transcript(text, side)
            if _write_transcript(sides[side]) != text:
                hint[side] = text
        at = common_prefix(sides["chosen"], sides["rejected"])
        payload = {"prompt": sides["chosen"][:at], **{side: turns[at:] for side, turns in sides.items()}}
        return Parsed(payload, leftover(record, set(SIDES)), hint or None, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        return {**self.render(payload), **(hint or {}), **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        need_preference(payload, self.name)
        record = {}
        for side in SIDES:
            turns = [payload["prompt"], payload[side]]
            roles = ("user", "assistant")
            spoken = [
                t if isinstance(t, list) else [{"role": r, "content": t}]
                for t, r in zip(turns, roles, strict=True)
            ]
            joined = [*spoken[0], *spoken[1]]
            if not all(
                set(m) == {"role", "content"} and m["role"] in _HH_NAMES and isinstance(m["content"], str)
                for m in joined
            ):
                raise NotExpressible(
                    "shape hh holds texts of Human and Assistant only", "export as `preference`"
                )
            record[side] = _write_transcript(joined)
        return record


def _read_transcript(text: str, side: str) -> Turns:
    parts = _TURN.split(text)
    if parts[0] or len(parts) < 3:
        raise ShapeError(f"field {side!r} is no transcript: it must begin with a Human: or Assistant: turn")
    return [
        {"role": _HH_ROLES[name], "content": said.removeprefix(" ")}
        for name, said in zip(parts[1::2], parts[2::2], strict=True)
    ]


def _write_transcript(turns: Turns) -> str:
    return "".join(f"\n\n{_HH_NAMES[turn['role']]}: {turn['content']}" for turn in turns)


class ShareGptPreference(Shape):
    """LLaMA-Factory: {conversations: [{from, value}], chosen: {from, value}, rejected: {from, value}}."""

    name = "sharegpt_preference"

    def matches(self, record: Record) -> bool:
        return isinstance(record.get("conversations"), list) and all(
            isinstance(record.get(side), dict) and "value" in record[side] for side in SIDES
        )

    def parse(self, record: Record) -> Parsed:
        hint: dict[str, Any] = {}
        payload: dict[str, Any] = {
            "prompt": read_sharegpt(list_field(record, "conversations"), "conversations", hint)
        }
        for side in SIDES:
            payload[side] = read_sharegpt([record.get(side)], side, hint)
        payload |= read_tools(record, hint)
        extra = leftover(record, {"conversations", "tools", *SIDES})
        return Parsed(payload, extra, hint or None, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        hint = hint or {}
        record = {"conversations": write_sharegpt(payload["prompt"], "conversations", hint)}
        sides = {side: write_sharegpt(payload[side], side, hint)[0] for side in SIDES}
        return {**record, **sides, **write_tools(payload, hint), **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        need_preference(payload, self.name)
        turns = {}
        for name, role in (("prompt", "user"), ("chosen", "assistant"), ("rejected", "assistant")):
            value = payload[name]
            turns[name] = sharegpt_turns(
                value if isinstance(value, list) else [{"role": role, "content": value}], self.name
            )
        if len(turns["chosen"]) != 1 or len(turns["rejected"]) != 1:
            raise NotExpressible("shape sharegpt_preference holds one turn a side", "export as `preference`")
        return {
            "conversations": turns["prompt"],
            "chosen": turns["chosen"][0],
            "rejected": turns["rejected"][0],
        }


class PromptCompletion(Shape):
    """TRL: {prompt, completion, label?} as texts or messages."""

    name = "prompt_completion"

    def matches(self, record: Record) -> bool:
        return all(isinstance(record.get(name), (str, list)) for name in ("prompt", "completion"))

    def parse(self, record: Record) -> Parsed:
        hint: dict[str, Any] = {}
        payload = {name: read_side(record, name, hint) for name in ("prompt", "completion")}
        if record.get("label") is not None:
            payload["label"] = record["label"]
        elif "label" in record:
            hint["label"] = None
        extra = leftover(record, {"prompt", "completion", "label"})
        return Parsed(payload, extra, hint or None, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        hint = hint or {}
        record = {name: write_side(payload[name], name, hint) for name in ("prompt", "completion")}
        if "label" in payload:
            record["label"] = payload["label"]
        elif "label" in hint:
            record["label"] = None
        return {**record, **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        if "completion" in payload:
            return self.restore(payload, {}, None)
        messages = payload.get("messages")
        if not messages or messages[-1].get("role") != "assistant" or "tools" in payload:
            raise NotExpressible(
                "shape prompt_completion needs an answer of the assistant at the end, and no tools",
                "export as `source`",
            )
        return {"prompt": messages[:-1], "completion": messages[-1:]}
