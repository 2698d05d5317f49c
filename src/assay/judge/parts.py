"""What a judge is shown of an example: named parts, cut to a bound, all of it text that somebody else wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from assay.model.canonical import canonical_json
from assay.model.example import flat_text, kind_of

MOST_TURNS: Final = 100
"""Turns that are shown of a conversation: half of them from its beginning, half from its end."""

_ROLES: Final = ("system", "developer", "user", "assistant", "tool", "function")
_CONVERSATIONS: Final = ("messages", "prompt", "completion", "chosen", "rejected")
_TOLD: Final = frozenset(["role", "content", "tool_calls"])


@dataclass(frozen=True, slots=True)
class Part:
    """A text under a name that is ours and never the example's."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The parts of an example in reading order. Of pairs `answers` are the chosen and the rejected one.

    `judged`: in words, what of it is judged. `cut`: characters shown and characters there, where not all are shown.
    """

    parts: tuple[Part, ...]
    answers: tuple[tuple[Part, ...], ...]
    judged: str
    cut: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        """All that is shown."""
        groups = (self.parts, *self.answers)
        return "\n".join(part.text for group in groups for part in group)


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why an example cannot be judged under this rubric."""

    reason: str


def shown(payload: Mapping[str, Any], mode: Literal["scores", "pairs"], longest: int) -> Shown | Unfit:
    """The parts of a payload for a rubric's mode, at most `longest` characters of it.

    A payload that the mode cannot judge, that holds no answer, or that is not all text is unfit.
    """
    kind = kind_of(payload)
    if kind == "messages" and not isinstance(payload["messages"], list):
        return Unfit("its messages are no list")
    if (kind == "preference") != (mode == "pairs"):
        return Unfit(f"the rubric judges {mode}, and the example is of the kind {kind}")
    if _has_more_than_text(payload):
        return Unfit("it holds parts that are no text")
    made = _of_kind(kind, payload)
    return made if isinstance(made, Unfit) else _bounded(made, longest)


def _of_kind(kind: str, payload: Mapping[str, Any]) -> Shown | Unfit:
    tools = (Part("tools", _json(payload["tools"])),) if payload.get("tools") else ()
    if kind == "messages":
        messages = payload["messages"]
        if not any(turn.get("role") == "assistant" and flat_text([turn]).strip() for turn in messages):
            return Unfit("the assistant says nothing in it")
        return Shown((*tools, *_turns("", messages)), (), "what the assistant says in its turns")
    if kind == "preference":
        sides = (_parts("answer", payload["chosen"]), _parts("answer", payload.get("rejected")))
        if not all(any(part.text.strip() for part in side) for side in sides):
            return Unfit("one of the two answers is empty")
        return Shown(
            (*tools, *_parts("prompt", payload.get("prompt"))), sides, "the first and the second answer"
        )
    if kind == "completion":
        if not flat_text(payload["completion"]).strip():
            return Unfit("the completion is empty")
        # A label of a completion says whether people want it: a judge that is told so does not judge.
        parts = (*_parts("prompt", payload.get("prompt")), *_parts("completion", payload["completion"]))
        return Shown((*tools, *parts), (), "the completion, as an answer to the prompt")
    text = (Part("text", flat_text(payload["text"])),)
    if not text[0].text.strip():
        return Unfit("the text is empty")
    if "label" not in payload:
        return Shown(text, (), "the text by itself")
    label = payload["label"]
    answer = Part("label", label if isinstance(label, str) else _json(label))
    return Shown((*text, answer), (), "the label, as an answer about the text")


def _parts(name: str, value: Any) -> tuple[Part, ...]:
    """A text, or a conversation; an answer that is one message is told as a text."""
    if not isinstance(value, list):
        return (Part(name, flat_text(value)),)
    if len(value) == 1 and value[0].get("role") == "assistant":
        return (Part(name, _said(value[0])),)
    return _turns(f"{name} ", value)


def _turns(prefix: str, messages: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    parts = []
    for k, message in enumerate(messages, 1):
        role = message.get("role")
        parts.append(Part(f"{prefix}turn {k} {role if role in _ROLES else 'other'}", _said(message)))
    if len(parts) <= MOST_TURNS:
        return tuple(parts)
    half = MOST_TURNS // 2
    gone = Part(f"{prefix}turns left out", f"[{len(parts) - 2 * half:,} turns are left out here]")
    return (*parts[:half], gone, *parts[-half:])


def _said(message: Mapping[str, Any]) -> str:
    """A message's words, and whatever else it holds, as JSON: a model would be trained on that too."""
    text = flat_text([message])
    more = {key: value for key, value in message.items() if key not in _TOLD and value is not None}
    return "\n".join(part for part in (text, _json(more) if more else "") if part)


def _has_more_than_text(payload: Mapping[str, Any]) -> bool:
    """Whether a turn holds what cannot be shown as text: an image, or what is no turn at all."""
    told = [payload[field] for field in _CONVERSATIONS if field in payload]
    if not all(isinstance(one, str | list) for one in told):
        return True
    turns = [turn for one in told if isinstance(one, list) for turn in one]
    return not all(isinstance(turn, Mapping) and _is_text(turn.get("content")) for turn in turns)


def _is_text(content: Any) -> bool:
    if isinstance(content, list):
        return all(isinstance(part, Mapping) and isinstance(part.get("text"), str) for part in content)
    return content is None or isinstance(content, str)


def _json(value: Any) -> str:
    return canonical_json(value).decode()


def _bounded(whole: Shown, longest: int) -> Shown:
    """At most `longest` characters, by cutting the longest parts to one length; head and tail of each are kept."""
    groups = (whole.parts, *whole.answers)
    lengths = sorted(len(part.text) for group in groups for part in group)
    total = sum(lengths)
    left_out = any(part.name.endswith("turns left out") for group in groups for part in group)
    if total <= longest:
        return replace(whole, cut=(total, total)) if left_out else whole
    level, rest = 0, longest
    for k, length in enumerate(lengths):
        level = rest // (len(lengths) - k)
        if length > level:
            break
        rest -= length
    cut = tuple(tuple(Part(part.name, _cut(part.text, level)) for part in group) for group in groups)
    kept = sum(min(length, level) for length in lengths)
    return Shown(cut[0], cut[1:], whole.judged, (kept, total))


def _cut(text: str, level: int) -> str:
    if len(text) <= level:
        return text
    head, tail = level - level // 2, level // 2
    gone = f"\n[{len(text) - level:,} characters are left out here]\n"
    return text[:head] + gone + (text[-tail:] if tail else "")
