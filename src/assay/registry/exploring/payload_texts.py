"""The texts of a payload, one after the other, and the payload with other texts in their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from assay.errors import UsageError
from assay.model.example import kind_of

Path = tuple[str | int, ...]
_FIELDS: Final = ("prompt", "completion", "chosen", "rejected", "text")


@dataclass(frozen=True, slots=True)
class Text:
    """One text. `part`: messages, or the field it stands in; `role`: who says it, "" outside a conversation; `taught`:
    whether the model learns to say it. `path` None: it is no plain text (a call of a tool), and is not for editing."""

    part: str
    role: str
    text: str
    taught: bool
    path: Path | None


def texts_of(payload: Mapping[str, Any]) -> list[Text]:
    """All texts of a payload, in reading order. Raises ValueError for what is no payload."""
    kind = kind_of(payload)
    if kind == "messages":
        return list(_turns("messages", payload["messages"], "assistant"))
    found: list[Text] = []
    for name in _FIELDS:
        value = payload.get(name)
        if value is None:
            continue
        if isinstance(value, str):
            found.append(Text(name, "", value, name in ("completion", "chosen", "text"), (name,)))
        elif isinstance(value, list):
            found += _turns(name, value, "assistant" if name in ("completion", "chosen") else "")
    return found


def with_texts(payload: Mapping[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    """The payload with other texts: one for each that `texts_of` gives with a path, in that order.

    Forms send every line's end as CR LF; a text that is the old one but for that stays as it was. Raises UsageError.
    """
    places = [one for one in texts_of(payload) if one.path is not None]
    if len(places) != len(texts):
        raise UsageError(
            f"{len(texts)} texts for an example that has {len(places)}", "load the page again: it has changed"
        )
    made = deepcopy(dict(payload))
    for one, text in zip(places, texts, strict=True):
        assert one.path is not None
        text = text.replace("\r\n", "\n")
        if text == one.text.replace("\r\n", "\n"):
            continue
        *way, last = one.path
        inner: Any = made
        for step in way:
            inner = inner[step]
        inner[last] = text
    return made


def _turns(part: str, messages: Sequence[Mapping[str, Any]], taught: str) -> Iterator[Text]:
    for k, message in enumerate(messages):
        role, content = str(message.get("role", "")), message.get("content")
        plain = isinstance(content, str)
        shown = content if isinstance(content, str) else _spelled(message)
        yield Text(part, role, shown, role == taught, (part, k, "content") if plain else None)


def _spelled(message: Mapping[str, Any]) -> str:
    from assay.model.canonical import canonical_json

    return canonical_json({key: value for key, value in message.items() if key != "role"}).decode()
