"""Taking personal data out: each hit becomes a placeholder such as `[EMAIL]`, and all else stays as it is.

Redacting again changes nothing. Placeholders are never personal data, nor a cue for what stands beside them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from assay.kernels.pii_patterns import TYPES, find, placeholder, worth_a_look

Change = Callable[[str, str], tuple[str, Mapping[str, int]]]
"""Given a text and what stands before it: the text to put in its place, and how many hits of each type it had."""


def redact(text: str, types: tuple[str, ...] = TYPES, *, before: str = "") -> tuple[str, dict[str, int]]:
    """The text with every hit replaced, and how many were replaced by type.

    `before` is what a reader sees in front of the text (the key of a JSON value): it may be the cue that
    tells a telephone number from another number, and is not searched itself.
    """
    counts: Counter[str] = Counter()
    lead = len(before)
    # What a replacement leaves beside it may have been hidden by it; so until nothing is left. Every round
    # takes characters away for good, and there is hardly ever a second one that finds anything.
    while worth_a_look(text):
        whole = before + text
        hits = [hit for hit in find(whole, types) if hit.start >= lead]
        if not hits:
            break
        parts, at = [], lead
        for hit in hits:
            parts += [whole[at : hit.start], placeholder(hit.type)]
            at = hit.end
            counts[hit.type] += 1
        text = "".join(parts) + whole[at:]
    return text, dict(counts)


def redact_payload(
    payload: Mapping[str, Any], types: tuple[str, ...] = TYPES
) -> tuple[Mapping[str, Any], dict[str, int]]:
    """The payload with every hit in its texts replaced, and how many. The same object when there is none.

    Reaches message content (text or parts), answers, prompts, labels, and the arguments of tool calls,
    also those spelled as a JSON string. Roles, ids of calls, names of functions, keys and `data:` URLs stay
    as they are, and so does everything that is no text; only a number in a call's arguments that is
    personal data becomes a text, its placeholder.
    """
    walk = _Walk(lambda text, before: redact(text, types, before=before))
    return walk.payload(payload), dict(walk.counts)


def count_payload(payload: Mapping[str, Any], types: tuple[str, ...] = TYPES) -> dict[str, int]:
    """How many hits of each type `redact_payload` would replace, and those in keys, which it cannot."""

    def seen(text: str, before: str) -> tuple[str, Mapping[str, int]]:
        if not worth_a_look(text):
            return text, {}
        hits = find(before + text, types)
        return text, Counter(hit.type for hit in hits if hit.start >= len(before))

    walk = _Walk(seen, keys=True)
    walk.payload(payload)
    return dict(walk.counts)


_STRUCTURE: Final = frozenset(("role", "type", "id", "tool_call_id"))


class _Walk:
    """One walk over the texts of a payload; what does not change is handed on as the same object."""

    def __init__(self, change: Change, *, keys: bool = False) -> None:
        self.change = change
        self.keys = keys
        self.counts: Counter[str] = Counter()

    def payload(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        changed = {}
        for key, inner in value.items():
            if key in _STRUCTURE or (key == "name" and isinstance(inner, str) and _is_function(value)):
                continue
            new = self._arguments(inner) if key == "arguments" else self._field(inner)
            if new is not inner:
                changed[key] = new
        return {**value, **changed} if changed else value

    def _field(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value, "")
        if isinstance(value, Mapping):
            return self.payload(value)
        if isinstance(value, list | tuple):
            return _same_or(value, [self._field(inner) for inner in value])
        return value

    def _arguments(self, value: Any) -> Any:
        return self._text(value, "") if isinstance(value, str) else self._json(value, "")

    def _text(self, text: str, before: str) -> str:
        if text.startswith("data:"):
            return text
        container = _container(text) if worth_a_look(text) or "\\u" in text else None
        if container is None:
            return self._leaf(text, before)
        new = self._json(container, "")
        if new is container:
            return text
        in_place = self.change(text, before)[0]  # keeps the spelling: indents, spaces, escapes
        return in_place if _container(in_place) == new else json.dumps(new, ensure_ascii=False)

    def _json(self, value: Any, before: str) -> Any:
        if isinstance(value, str):
            return self._text(value, before)
        if isinstance(value, int) and not isinstance(value, bool):
            spelled = str(value)
            new = self._leaf(spelled, before)
            return value if new == spelled else new
        if isinstance(value, list | tuple):
            return _same_or(value, [self._json(inner, before) for inner in value])
        if isinstance(value, Mapping):
            changed = {}
            for key, inner in value.items():
                if self.keys:
                    self._leaf(str(key), "")
                new = self._json(inner, f"{key}: ")
                if new is not inner:
                    changed[key] = new
            return {**value, **changed} if changed else value
        return value

    def _leaf(self, text: str, before: str) -> str:
        new, counts = self.change(text, before)
        self.counts.update(counts)
        return new if counts else text


def _same_or(old: list[Any] | tuple[Any, ...], new: list[Any]) -> Any:
    return old if all(a is b for a, b in zip(old, new, strict=True)) else new


def _is_function(value: Mapping[str, Any]) -> bool:
    return "arguments" in value or "parameters" in value


def _container(text: str) -> Any:
    """The JSON object or array that a text spells, or None."""
    bare = text.strip()
    if not (bare.startswith(("{", "[")) and bare.endswith(("}", "]"))):
        return None
    try:
        value = json.loads(bare)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None
