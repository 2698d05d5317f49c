"""Examples as Anthropic's models are fine-tuned with on Amazon Bedrock: {system?, messages}, texts that alternate.

A leading system message becomes `system`; content that is one part of text becomes that text. The rules are those of
`rules.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.formats.export import ExportRow
from assay.formats.tuning.rules import LIMITS, Found, estimated_tokens


def render(row: ExportRow) -> dict[str, Any] | tuple[str, str]:
    """The record of an example, or the code of the rule that leaves it none, and where."""
    payload = row.payload
    if "tools" in payload:
        return "tools", "tools"
    if "chosen" in payload:
        return "preference", "chosen"
    if "completion" in payload:
        if "label" in payload:
            return "label", "label"
        turns = [*_turns(payload["prompt"], "user"), *_turns(payload["completion"], "assistant")]
    elif "messages" in payload:
        turns = _turns(payload["messages"], "user")
    else:
        return "not_a_conversation", "text"
    if turns and turns[0].get("role") == "system" and isinstance(turns[0].get("content"), str):
        return {"system": turns[0]["content"], "messages": turns[1:]}
    return {"messages": turns}


def _turns(value: Any, role: str) -> list[dict[str, Any]]:
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    return [{**message, "content": _text(message.get("content"))} for message in value]


def _text(content: Any) -> Any:
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], dict):
        part = content[0]
        if set(part) == {"type", "text"} and part["type"] == "text" and isinstance(part["text"], str):
            return part["text"]
    return content


def check(record: Mapping[str, Any]) -> Found:
    """The rules that a record breaks by itself."""
    messages = record["messages"]
    if not messages:
        yield "no_messages", "messages"
        return
    before = None
    for k, message in enumerate(messages):
        here, role = f"messages[{k}]", message.get("role")
        if code := _role_fault(message, before):
            yield code, here
        before = role
        if unknown := set(message) - {"role", "content", "tool_calls", "tool_call_id"}:
            yield "unknown_key", f"{here}: {len(unknown)} of them"
        content = message.get("content")
        if isinstance(content, list) and content:
            yield "not_text", f"{here}.content"
        elif not content and "tool_calls" not in message:
            yield "no_content", here
    if messages[0].get("role") != "user":
        yield "first_not_user", "messages[0]"
    if messages[-1].get("role") != "assistant":
        yield "last_not_assistant", f"messages[{len(messages) - 1}]"
    texts = [record.get("system", ""), *(m["content"] for m in messages if isinstance(m.get("content"), str))]
    about = sum(map(estimated_tokens, texts))
    if about > LIMITS["anthropic"].tokens:
        yield "maybe_too_long", f"about {about:,} tokens of {LIMITS['anthropic'].tokens:,}"


def _role_fault(message: Mapping[str, Any], before: Any) -> str | None:
    role = message.get("role")
    if role == "system":
        return "system_not_first"
    if role == "tool" or "tool_calls" in message:
        return "tools"
    if role not in ("user", "assistant"):
        return "unknown_role"
    return "roles_alternate" if role == before else None
