"""Records one a line: JSONL and plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from assay.formats.compression import Bytes, CutShort
from assay.model.lines import Lines
from assay.model.record import EXCERPT_BYTES, Malformed, RawRecord

_READ: Final = 4 << 20
_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = np.isin(np.arange(256), np.frombuffer(b" \t\r\x0b\x0c", np.uint8))


def read_jsonl(stream: Bytes, limit: int) -> Iterator[RawRecord | Malformed]:
    """JSON Lines: every line that is not blank is a record."""
    for block in read_blocks(stream, limit):
        yield from in_order(block)


def in_order(block: Lines) -> Iterator[RawRecord | Malformed]:
    """The records of a block and what is malformed among them, by line."""
    waiting = list(block.malformed)
    for row in range(len(block)):
        while waiting and waiting[0].number < block.number[row]:
            yield waiting.pop(0)
        yield block.record(row)
    yield from waiting


def read_text(stream: Bytes, limit: int) -> Iterator[RawRecord | Malformed]:
    """Plain text: every line that is not blank is a record {"text": line}."""
    for record in read_jsonl(stream, limit):
        yield record if isinstance(record, Malformed) else _as_text(record)


def _as_text(record: RawRecord) -> RawRecord | Malformed:
    line = record.data
    assert isinstance(line, bytes)
    try:
        return RawRecord(record.number, record.offset, {"text": line.decode()})
    except UnicodeDecodeError as error:
        message = f"byte {error.start} of the line is not UTF-8"
        excerpt = line[:EXCERPT_BYTES]
        return Malformed(record.number, record.offset, len(line), "invalid_utf8", message, excerpt)


def read_blocks(stream: Bytes, limit: int) -> Iterator[Lines]:
    """All lines that are not blank, many at a time. A longer line than `limit` bytes is passed over in bounded
    memory."""
    number, offset = 1, 0
    begun = _Begun(limit)
    stretches = _stretches(stream)
    while True:
        try:
            data = next(stretches, b"")
        except CutShort as cut:
            yield _only(Malformed(number, offset, begun.size, cut.code, cut.message, begun.head))
            return
        if not data:
            break
        if number == 1 and offset == 0 and not begun.size and data.startswith(_BOM):
            data, offset = data[len(_BOM) :], len(_BOM)
        whole, open_end = _part(data)
        if whole and begun.too_long:
            first = whole.index(b"\n")
            yield _only(_too_large(number, offset, begun.size + first, begun.head))
            number, offset, whole = number + 1, offset + begun.size + first + 1, whole[first + 1 :]
            begun = _Begun(limit)
            if not whole:
                begun.add(open_end)
                continue
        if whole:
            block = begun.joined(whole)
            found, count = _cut(block, number, offset, limit)
            yield found
            number, offset, begun = number + count, offset + len(block), _Begun(limit)
        begun.add(open_end)
    if begun.too_long:
        yield _only(_too_large(number, offset, begun.size, begun.head))
    elif begun.size:
        yield _cut(begun.joined(b"\n"), number, offset, limit)[0]


def _part(data: bytes) -> tuple[bytes, bytes]:
    """The lines that end in `data`, and the beginning of one that does not."""
    at = data.rfind(b"\n") + 1
    return data[:at], data[at:]


class _Begun:
    """A line that has begun and not ended; once it is too long, only its size and its head."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self.size = 0
        self.head = b""
        self.too_long = False

    def add(self, data: bytes) -> None:
        self.size += len(data)
        if len(self.head) < EXCERPT_BYTES:
            self.head += data[: EXCERPT_BYTES - len(self.head)]
        if self.size > self._limit:
            self.too_long, self._parts = True, []
        elif data:
            self._parts.append(data)

    def joined(self, end: bytes) -> bytes:
        """The line with what follows it."""
        return b"".join((*self._parts, end)) if self._parts else end


def _stretches(stream: Bytes) -> Iterator[bytes]:
    """The stream in long stretches, however short its reads; what came before a cut is given first."""
    parts: list[bytes] = []
    size = 0
    try:
        while data := stream.read(_READ):
            parts.append(data)
            size += len(data)
            if size >= _READ // 2:
                yield b"".join(parts)
                parts, size = [], 0
    except CutShort:
        if parts:
            yield b"".join(parts)
        raise
    if parts:
        yield b"".join(parts)


def _only(malformed: Malformed) -> Lines:
    none = np.empty(0, np.int64)
    return Lines(b"", 0, none, none, none, (malformed,))


def _cut(block: bytes, number: int, offset: int, limit: int) -> tuple[Lines, int]:
    """The lines of a block that ends with a line feed, and how many there are, blank ones counted."""
    raw = np.frombuffer(block, np.uint8)
    feeds = np.flatnonzero(raw == 10)
    start = np.concatenate([np.zeros(1, np.int64), feeds[:-1] + 1])
    end = feeds.astype(np.int64)
    end -= (end > start) & (raw[end - 1] == 13)
    solid = end > start
    # Few lines begin with white space, and only those can be blank.
    for row in np.flatnonzero(solid & _BLANK[raw[np.minimum(start, len(raw) - 1)]]).tolist():
        solid[row] = bool(block[start[row] : end[row]].strip())
    large = feeds - start > limit
    malformed = tuple(
        _too_large(
            number + row,
            offset + int(start[row]),
            int(feeds[row] - start[row]),
            block[start[row] :][:EXCERPT_BYTES],
        )
        for row in np.flatnonzero(large).tolist()
    )
    keep = np.flatnonzero(solid & ~large)
    return Lines(block, offset, start[keep], end[keep], number + keep, malformed), len(feeds)


def _too_large(number: int, offset: int, length: int, begin: bytes) -> Malformed:
    return Malformed(
        number, offset, length, "too_large", f"a record of {length:,} bytes", begin[:EXCERPT_BYTES]
    )
