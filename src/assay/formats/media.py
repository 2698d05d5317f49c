"""Media that stand in an example as `data:` URLs, taken out to be files beside it, and put back exactly.

A URL is taken out only where its base64 is the one way to spell the bytes (RFC 4648 §4, padded), so that putting it
back gives the very text. What was taken out is listed with its place (a JSON pointer, RFC 6901), its type and its
SHA-256; its place then holds its name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

FIELD: Final = "media"
"""The field of a record that lists what was taken out of it."""

MOST: Final = 1_000
"""Media of one example; those beyond stay where they are."""

_URL: Final = re.compile(r"data:([A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60});base64,")
_ENDINGS: Final = {
    "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", "image/bmp": "bmp",
    "audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/flac": "flac", "audio/ogg": "ogg",
    "video/mp4": "mp4", "application/pdf": "pdf",
}  # fmt: skip
_DEEPEST: Final = 32


class MediaError(ValueError):
    """What lists media and what media there are do not agree; the message says how, without the content."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A file that was taken out. `place`: the JSON pointer to it in the record."""

    place: str
    name: str
    type: str
    sha256: str
    data: bytes


def take_out(payload: Mapping[str, Any]) -> tuple[dict[str, Any], list[Medium]]:
    """The payload with names in place of its media, and the media: `0.png`, `1.wav`, … in reading order."""
    found: list[Medium] = []
    taken = _without(dict(payload), "", 0, found)
    return taken, found


def _without(value: Any, place: str, depth: int, found: list[Medium]) -> Any:
    if isinstance(value, str):
        if not value.startswith("data:") or len(found) >= MOST:
            return value
        medium = _decoded(value, place, len(found))
        if medium is None:
            return value
        found.append(medium)
        return medium.name
    if depth >= _DEEPEST:
        return value
    if isinstance(value, dict):
        return {
            key: _without(item, f"{place}/{_escaped(key)}", depth + 1, found) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_without(item, f"{place}/{k}", depth + 1, found) for k, item in enumerate(value)]
    return value


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _decoded(url: str, place: str, number: int) -> Medium | None:
    head = _URL.match(url)
    if head is None:
        return None
    try:
        text = url[head.end() :].encode("ascii")
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if base64.b64encode(data) != text:
        return None
    name = f"{number}.{_ENDINGS.get(head[1], 'bin')}"
    return Medium(place, name, head[1], hashlib.sha256(data).hexdigest(), data)


def listed(media: Sequence[Medium]) -> list[dict[str, Any]]:
    """What was taken out, as the field `media` has it."""
    return [{"place": m.place, "name": m.name, "type": m.type, "sha256": m.sha256} for m in media]


def is_list_of_media(value: Any) -> bool:
    """Whether a record's field `media` is one that `listed` wrote, and not a field of somebody else's."""
    return (
        isinstance(value, list)
        and 0 < len(value) <= MOST
        and all(isinstance(one, dict) and set(one) == {"place", "name", "type", "sha256"} for one in value)
    )


def put_back(record: dict[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """The record with its media as `data:` URLs again and without the list of them. `record` is changed.

    Raises MediaError where a file is missing, is not what its SHA-256 says, or has no such place.
    """
    for number, one in enumerate(record.pop(FIELD)):
        name, place, kind = one["name"], one["place"], one["type"]
        data = files.get(name) if isinstance(name, str) else None
        if data is None:
            raise MediaError(f"the sample lacks the file of its medium {number}")
        if hashlib.sha256(data).hexdigest() != one["sha256"]:
            raise MediaError(f"the file of medium {number} is not what its SHA-256 says")
        if not isinstance(kind, str) or not isinstance(place, str) or not place.startswith("/"):
            raise MediaError(f"medium {number} has no type or no place")
        url = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
        *steps, last = (step.replace("~1", "/").replace("~0", "~") for step in place[1:].split("/"))
        try:
            within: Any = record
            for step in steps:
                within = within[_step(within, step)]
            at = _step(within, last)
            held = within[at]
            if held == name:
                within[at] = url
        except (KeyError, IndexError, TypeError, ValueError):
            raise MediaError(f"medium {number} has a place that the record lacks") from None
        if held != name:
            raise MediaError(f"the place of medium {number} does not hold its name")
    return record


def _step(within: Any, step: str) -> Any:
    """A step of a pointer as a key, or as a position where it leads into a list."""
    return int(step) if isinstance(within, list) else step
