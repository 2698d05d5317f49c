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
    while True:
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
    also those spelled as a JSON string. Roles, ids of calls, names of functions, keys and base64 data stay
    as they are, and so does everything that is no text; only a number in a call's arguments that is
    personal data becomes a text, its placeholder.
    """
    walk = _Walk(lambda text, before: redact(text, types, before=before))
    return walk.payload(payload), dict(walk.counts)


def count_payload(payload: Mapping[str, Any], types: tuple[str, ...] = TYPES) -> dict[str, int]:
    """How many hits of each type there are: those that `redact_payload` would replace, and those that it
    cannot, in the keys of a call's arguments and below `DEPTH` levels."""

    def seen(text: str, before: str) -> tuple[str, Mapping[str, int]]:
        hits = find(before + text, types)
        return text, Counter(hit.type for hit in hits if hit.start >= len(before))

    walk = _Walk(seen, fixed=True)
    walk.payload(payload)
    return dict(walk.counts)


DEPTH: Final = 64
"""Levels of nesting within which texts are replaced."""

_STRUCTURE: Final = frozenset(("role", "type", "id", "tool_call_id"))


class _Walk:
    """One walk over the texts of a payload; what does not change is handed on as the same object."""

    def __init__(self, change: Change, *, fixed: bool = False) -> None:
        """`fixed`: also look at what cannot be replaced, keys and what is nested deeply."""
        self.change = change
        self.fixed = fixed
        self.counts: Counter[str] = Counter()

    def payload(self, value: Mapping[str, Any], depth: int = 0) -> Mapping[str, Any]:
        changed = {}
        for key, inner in value.items():
            if key in _STRUCTURE or (key == "name" and isinstance(inner, str) and _is_function(value)):
                continue
            new = self._json(inner, "", depth + 1) if key == "arguments" else self._field(inner, depth + 1)
            if new is not inner:
                changed[key] = new
        return {**value, **changed} if changed else value

    def _field(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value, "", depth)
        if depth > DEPTH:
            return self._buried(value)
        if isinstance(value, Mapping):
            return self.payload(value, depth)
        if isinstance(value, list | tuple):
            return _same_or(value, [self._field(inner, depth + 1) for inner in value])
        return value

    def _text(self, text: str, before: str, depth: int) -> str:
        if not (worth_a_look(before + text) or "\\u" in text) or _is_data_url(text):
            return text
        container = _container(text)
        if container is None:
            return self._leaf(text, before)
        new = self._json(container, "", depth)
        if new is container:
            return text
        in_place = self.change(text, before)[0]  # keeps the spelling: indents, spaces, escapes
        return in_place if _container(in_place) == new else json.dumps(new, ensure_ascii=False)

    def _json(self, value: Any, before: str, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value, before, depth)
        if isinstance(value, int) and 10**6 <= value < 10**19:
            spelled = str(value)
            new = self._leaf(spelled, before)
            return value if new == spelled else new
        if depth > DEPTH:
            return self._buried(value)
        if isinstance(value, list | tuple):
            return _same_or(value, [self._json(inner, before, depth + 1) for inner in value])
        return self._object(value, depth) if isinstance(value, Mapping) else value

    def _object(self, value: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
        changed = {}
        for key, inner in value.items():
            if self.fixed:
                self._leaf(str(key), "")
            new = self._json(inner, f"{key}: ", depth + 1)
            if new is not inner:
                changed[key] = new
        return {**value, **changed} if changed else value

    def _buried(self, value: Any) -> Any:
        """What is nested too deeply to be replaced is looked at all the same."""
        rest = [value]
        while rest:
            inner = rest.pop()
            if isinstance(inner, Mapping):
                rest += [*inner.keys(), *inner.values()]
            elif isinstance(inner, list | tuple):
                rest += inner
            elif self.fixed and isinstance(inner, str | int):
                self._leaf(str(inner), "")
        return value

    def _leaf(self, text: str, before: str) -> str:
        new, counts = self.change(text, before)
        self.counts.update(counts)
        return new if counts else text


def _same_or(old: list[Any] | tuple[Any, ...], new: list[Any]) -> Any:
    return old if all(a is b for a, b in zip(old, new, strict=True)) else new


def _is_function(value: Mapping[str, Any]) -> bool:
    return "arguments" in value or "parameters" in value


def _is_data_url(text: str) -> bool:
    """An image or a sound, spelled in letters and digits that mean nothing by themselves (RFC 2397)."""
    return text.startswith("data:") and ";base64," in text[:100] and not any(c in text for c in " \n@")


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
