"""Whether a text quotes other texts: the same 18 bytes in a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

WINDOW: Final = 18
"""UTF-8 bytes in a row that make a quotation: 18 Latin letters, 6 Han characters."""

_MOST: Final = 2_000_000
"""Windows that are held. Of more than two million bytes of text every k-th window is, and a quotation must be as much
longer to be found for certain."""

_ESCAPE: Final = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_NAME: Final = re.compile(r"(sha256:)?[0-9a-f]{64}(\.[a-z]+)?")
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Quotes:
    """The texts that must not be quoted; those shorter than a window cannot be told from chance and are not found.

    Digests and object names never count as quotations: a text that spells one must not bring the registry down.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        listed = [text.encode("utf-8", "surrogatepass") for text in texts]
        step = max(1, sum(map(len, listed)) // _MOST)
        self._windows = {
            data[at : at + WINDOW] for data in listed for at in range(0, len(data) - WINDOW + 1, step)
        }

    def within(self, text: str | bytes | None) -> bool:
        """Whether `text` quotes one of them, as it is or as JSON spells it."""
        if not text:
            return False
        plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return self._has(plain) or ("\\" in plain and self._has(_unescaped(plain)))

    def _has(self, text: str) -> bool:
        data = text.encode("utf-8", "surrogatepass")
        if not self._windows or _NAME.fullmatch(text):
            return False
        return any(data[at : at + WINDOW] in self._windows for at in range(len(data) - WINDOW + 1))

    def in_json(self, value: Any) -> bool:
        """Whether a string in a JSON value, keys not included, quotes one of them."""
        return any(self.within(text) for text in values_in(value))

    def cut_out(self, value: Any) -> Any:
        """The JSON value with an empty string for each that quotes one of them; keys stay."""
        if isinstance(value, str):
            return "" if self.within(value) else value
        if isinstance(value, list):
            return [self.cut_out(one) for one in value]
        if isinstance(value, dict):
            return {key: self.cut_out(one) for key, one in value.items()}
        return value


def values_in(value: Any) -> Iterator[str]:
    """Every string in a JSON value that is no key."""
    stack = [value]
    while stack:
        at = stack.pop()
        if isinstance(at, str):
            yield at
        elif isinstance(at, dict):
            stack += at.values()
        elif isinstance(at, list):
            stack += at


def _unescaped(text: str) -> str:
    """The text with JSON's escapes undone, as far as they are whole."""

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return _SHORT.get(match[2], match[2])

    undone = _ESCAPE.sub(one, text)
    return undone.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
