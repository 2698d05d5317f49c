"""Records as the elements of one JSON array, read as a stream; damage costs only what it touches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from assay.formats.compression import Bytes, CutShort
from assay.model.record import EXCERPT_BYTES, Malformed, RawRecord

_WINDOW: Final = 4 << 20
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_STARTS: Final = re.compile(r"(?:,[ \t\r\n]*|\n[ \t]*)(?=[\[{])")
_scan = json.JSONDecoder().raw_decode


def read_json_array(stream: Bytes, limit: int) -> Iterator[RawRecord | Malformed]:
    """The elements of an array, each as its own bytes.

    Where an element cannot be read, the bytes up to the next element that can are one malformed record, which
    is counted as an element.
    """
    yield from _Reader(stream, limit).records()


class _Reader:
    """A window of text over the stream. Bytes that are not UTF-8 stand in it as surrogates, and come out again."""

    def __init__(self, stream: Bytes, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._text = ""
        self._at = 0
        self._offset = 0
        self._undecoded = b""
        self._ended = False
        self._cut: CutShort | None = None

    def records(self) -> Iterator[RawRecord | Malformed]:
        number = 1
        self._skip_space()
        self._take("\ufeff")
        self._skip_space()
        if not self._take("["):
            rest = self._rest()
            if rest or self._cut:
                yield self._malformed(number, rest, "the file is no JSON array: it does not begin with [")
            return
        self._skip_space()
        closed = self._take("]")
        while not closed and self._more():
            record = self._element(number)
            yield record
            number += 1
            self._skip_space()
            comma = self._take(",")
            self._skip_space()
            closed = self._take("]")
            if closed and comma:
                yield Malformed(
                    number, self._offset - 1, 1, "invalid_json", "a comma with no element after it", b"]"
                )
                number += 1
            elif not comma and not closed and self._more() and isinstance(record, RawRecord):
                yield self._damage(number, "no comma between two elements")
                number += 1
                self._skip_space()
                self._take(",")
                self._skip_space()
                closed = self._take("]")
        rest = self._rest()
        if not closed or self._cut:
            yield self._malformed(number, rest, "the array ends before its closing ]", "truncated")
        elif rest.strip():
            yield self._malformed(number, rest, "text after the array's closing ]")

    def _element(self, number: int) -> RawRecord | Malformed:
        """The element at the cursor, or the damage that stands in its place."""
        end = self._end(self._at)
        if end is None:
            return self._damage(number, "this element cannot be read")
        return RawRecord(number, *self._advance(end))

    def _end(self, start: int) -> int | None:
        """Where the element that begins at `start` ends; None when it cannot be read. Reads on as needed."""
        while True:
            try:
                end = _scan(self._text, start)[1]
                if end < len(self._text) or not self._fill():
                    return end
            except RecursionError:
                return None
            except ValueError:
                if len(self._text) - start > self._limit or not self._fill():
                    return None

    def _damage(self, number: int, message: str) -> Malformed:
        """Everything up to the next place where an element can be read, or up to the end of the array."""
        search = self._at + 1
        while True:
            found = _STARTS.search(self._text, search)
            if found is None:
                if self._fill():
                    continue
                break
            start = found.end()
            if self._end(start) is not None:
                offset, data = self._advance(found.start())
                return Malformed(number, offset, len(data), "invalid_json", message, data[:EXCERPT_BYTES])
            search = start
        tail = self._text.rstrip(" \t\r\n")
        end = len(tail) - 1 if tail.endswith("]") and len(tail) - 1 > self._at else len(self._text)
        offset, data = self._advance(end)
        return Malformed(number, offset, len(data), "invalid_json", message, data[:EXCERPT_BYTES])

    def _advance(self, end: int) -> tuple[int, bytes]:
        """Move the cursor; the byte offset it had, and the bytes it passed."""
        data = self._text[self._at : end].encode("utf-8", "surrogateescape")
        offset, self._offset, self._at = self._offset, self._offset + len(data), end
        if self._at > _WINDOW:
            self._text, self._at = self._text[self._at :], 0
        return offset, data

    def _skip_space(self) -> None:
        while self._more():
            found = _SPACE.match(self._text, self._at)
            assert found is not None
            self._advance(found.end())
            if self._at < len(self._text):
                return

    def _take(self, character: str) -> bool:
        if self._more() and self._text[self._at] == character:
            self._advance(self._at + 1)
            return True
        return False

    def _more(self) -> bool:
        return self._at < len(self._text) or self._fill()

    def _fill(self) -> bool:
        """Read on; False at the end of the stream."""
        if self._ended:
            return False
        # As much again as is held: an element is then scanned a bounded number of times, however long it is.
        wanted = max(_WINDOW, len(self._text) - self._at)
        parts = [self._undecoded]
        while wanted > 0:
            try:
                data = self._stream.read(wanted)
            except CutShort as cut:
                self._cut, data = cut, b""
            if not data:
                self._ended = True
                break
            parts.append(data)
            wanted -= len(data)
        raw = b"".join(parts)
        keep = 0 if self._ended else _unfinished(raw)
        self._undecoded = raw[len(raw) - keep :]
        added = raw[: len(raw) - keep].decode("utf-8", "surrogateescape")
        self._text += added
        return bool(added) or (not self._ended and self._fill())

    def _rest(self) -> bytes:
        parts = [self._text[self._at :].encode("utf-8", "surrogateescape")]
        held = len(parts[0])
        self._at = len(self._text)
        while held <= self._limit and self._fill():
            parts.append(self._text[self._at :].encode("utf-8", "surrogateescape"))
            held += len(parts[-1])
            self._at = len(self._text)
        return b"".join(parts)

    def _malformed(self, number: int, data: bytes, message: str, code: str = "invalid_json") -> Malformed:
        if self._cut is not None:
            code, message = self._cut.code, self._cut.message
        return Malformed(number, self._offset, len(data), code, message, data[:EXCERPT_BYTES])


def _unfinished(data: bytes) -> int:
    """How many bytes at the end begin a UTF-8 character that is not whole."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if needed > back else 0
        if byte < 0x80:
            return 0
    return 0
