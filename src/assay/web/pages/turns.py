"""A payload as turns of a conversation: who speaks, what is said, which tools are called, what carries loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel

from assay.model.example import flat_text

_TURNS = 200
_CHARS = 6_000


class Call(BaseModel):
    """A tool call; the arguments are JSON with line breaks where they are JSON."""

    name: str
    arguments: str


class Turn(BaseModel):
    """A turn. `kind`: system, user, asst or tool, as it is painted. `loss`: the model learns to say it. `part`: chosen
    or rejected, of a preference."""

    role: str
    kind: str
    text: str
    calls: list[Call]
    loss: bool
    part: str = ""
    more: int = 0


_KINDS = {"system": "system", "developer": "system", "assistant": "asst", "tool": "tool"}


def turns_of(payload: Mapping[str, Any]) -> list[Turn]:
    """The payload in reading order, at most 200 turns of at most 6,000 characters.

    Loss is on what the model is to say: the assistant's turns (those of weight 0 apart), the chosen answer, the
    completion, a text, a label.
    """
    if "messages" in payload:
        return [_turn(one) for one in payload["messages"][:_TURNS] if isinstance(one, Mapping)]
    if "chosen" in payload:
        out = _side(payload.get("prompt"), "user", loss=False)
        out += _side(payload["chosen"], "assistant", loss=True, part="chosen")
        return out + _side(payload.get("rejected"), "assistant", loss=False, part="rejected")
    if "completion" in payload:
        out = _side(payload.get("prompt"), "user", loss=False)
        out += _side(payload["completion"], "assistant", loss=payload.get("label") is not False)
        return out + _label(payload)
    if "text" in payload:
        labelled = "label" in payload
        return _side(payload["text"], "user" if labelled else "text", loss=not labelled) + _label(payload)
    return []


def _label(payload: Mapping[str, Any]) -> list[Turn]:
    if "label" not in payload:
        return []
    label = payload["label"]
    said = label if isinstance(label, str) else orjson.dumps(label).decode()
    return [Turn(role="label", kind="asst", text=said[:_CHARS], calls=[], loss="text" in payload)]


def _side(value: Any, role: str, *, loss: bool, part: str = "") -> list[Turn]:
    if isinstance(value, str):
        kind = "asst" if loss else _KINDS.get(role, "user")
        text = value[:_CHARS]
        return [
            Turn(role=role, kind=kind, text=text, calls=[], loss=loss, part=part, more=len(value) - len(text))
        ]
    found = [one for one in (value or ()) if isinstance(one, Mapping)][:_TURNS]
    return [_turn(one, part, loss) for one in found]


def _turn(message: Mapping[str, Any], part: str = "", learns: bool = True) -> Turn:
    role = str(message.get("role", ""))[:40]
    plain = {key: value for key, value in message.items() if key != "tool_calls"}
    text = flat_text([plain])
    calls = message.get("tool_calls")
    said = [_call(one) for one in calls[:20]] if isinstance(calls, list) else []
    loss = learns and role == "assistant" and message.get("weight", 1) != 0
    if name := message.get("name"):
        role = f"{role} {str(name)[:40]}"
    kind = _KINDS.get(str(message.get("role")), "user")
    shown = _pretty(text) if kind == "tool" else text
    return Turn(
        role=role,
        kind=kind,
        text=shown[:_CHARS],
        calls=said,
        loss=loss,
        part=part,
        more=max(0, len(shown) - _CHARS),
    )


def _call(one: Any) -> Call:
    inner = one.get("function", one) if isinstance(one, Mapping) else {}
    inner = inner if isinstance(inner, Mapping) else {}
    arguments = inner.get("arguments", "")
    spelled = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
    return Call(name=str(inner.get("name", ""))[:100], arguments=_pretty(spelled)[:_CHARS])


def _pretty(text: str) -> str:
    """JSON with line breaks; anything else as it is."""
    if text.lstrip()[:1] not in ("{", "[") or len(text) > 100_000:
        return text
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except ValueError:
        return text
