"""What the pages of a Parquet file unpack to, as the pages themselves say it: the figures in a file's footer are its
writer's, and nobody checks them.

A page's header is a struct in Thrift's compact protocol (parquet.thrift, `PageHeader`); only its first three
numbers are read, the rest is skipped.
"""

from __future__ import annotations

from typing import BinaryIO, Final

_HEADERS: Final = (1 << 12, 1 << 20)
"""Bytes of a header, mostly and at most: statistics within it may be long."""
_DEPTH: Final = 16
_UNPACKED, _PACKED = 2, 3


class NoHeader(Exception):
    """Bytes that are no header of a page."""


def pages_of(file: BinaryIO, start: int, size: int) -> list[int]:
    """The unpacked sizes of the pages of one column chunk, `size` bytes from `start`. Raises NoHeader."""
    found, at, end = [], start, start + size
    while at < end:
        unpacked, packed, length = _header(file, at, end)
        found.append(unpacked)
        at += length + packed
    return found


def _header(file: BinaryIO, at: int, end: int) -> tuple[int, int, int]:
    """Bytes of the page unpacked and packed, and of its header."""
    for most in _HEADERS:
        file.seek(at)
        reader = _Compact(file.read(min(most, end - at)))
        try:
            said = reader.numbers()
        except NoHeader:
            if most == _HEADERS[-1]:
                raise
            continue
        unpacked, packed = said.get(_UNPACKED, -1), said.get(_PACKED, -1)
        if unpacked >= 0 and packed >= 0:
            return unpacked, packed, reader.at
        break
    raise NoHeader


class _Compact:
    """Just so much of Thrift's compact protocol as a header needs."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def numbers(self) -> dict[int, int]:
        """The numbers of a struct by their field; the reader stands behind the struct then."""
        found, field = {}, 0
        while (head := self._byte()) != 0:
            kind = head & 0x0F
            field = field + (head >> 4) if head >> 4 else _signed(self._varint())
            if kind in (4, 5, 6):
                found[field] = _signed(self._varint())
            else:
                self._skip(kind, _DEPTH)
        return found

    def _skip(self, kind: int, depth: int) -> None:
        if depth == 0:
            raise NoHeader
        if kind in (1, 2):
            return
        if kind in (4, 5, 6):
            self._varint()
        elif kind in (3, 7):
            self._take(1 if kind == 3 else 8)
        elif kind == 8:
            self._take(self._varint())
        elif kind in (9, 10):
            head = self._byte()
            count = head >> 4 if head >> 4 != 15 else self._varint()
            for _ in range(min(count, len(self._data))):
                # In a list, unlike in a struct, a truth value takes a byte.
                self._skip(3 if head & 0x0F in (1, 2) else head & 0x0F, depth - 1)
        elif kind == 12:
            while (head := self._byte()) != 0:
                if not head >> 4:
                    self._varint()
                self._skip(head & 0x0F, depth - 1)
        else:
            raise NoHeader

    def _byte(self) -> int:
        self._take(1)
        return self._data[self.at - 1]

    def _take(self, count: int) -> None:
        self.at += count
        if self.at > len(self._data):
            raise NoHeader

    def _varint(self) -> int:
        value, shift = 0, 0
        while shift < 70:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise NoHeader


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)
