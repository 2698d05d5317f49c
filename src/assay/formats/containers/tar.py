"""Members of a tar archive, read as a stream in bounded memory; damage costs only what it touches.

POSIX.1-1988 (ustar), POSIX.1-2001 (pax: `path` and `size`) and GNU long names. Names are text and never a path.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from assay.formats.compression import Bytes, CutShort

BLOCK: Final = 512
LONGEST_NAME: Final = 4_096
"""Bytes; what has a longer name is skipped and told."""

_HEADER_LIMIT: Final = 1 << 16
_READ: Final = 1 << 18
_ZERO: Final = bytes(BLOCK)
_FILES: Final = (b"0", b"\0", b"7")
_PAX: Final = re.compile(rb"([1-9][0-9]{0,5}) ")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive. `offset`: of its header, in the decompressed stream. `data` is None where it is larger
    than what was still wanted; `size` is how large it is."""

    name: str
    offset: int
    size: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Broken:
    """A stretch of the archive that holds no file that can be read: `code` is truncated, corrupt or not_a_file."""

    offset: int
    size: int
    code: str
    message: str
    excerpt: bytes = b""


class TarReader:
    """Reads an archive from its beginning. `room`: how many bytes of the member of that name are wanted at most."""

    def __init__(self, stream: Bytes, room: Callable[[str], int]) -> None:
        self._room = room
        self._stream = stream
        self._held = b""
        self._at = 0
        self._offset = 0
        self._cut: CutShort | None = None

    def members(self) -> Iterator[Member | Broken]:
        """Every file in order, and what is no file but a folder. An archive may follow on another."""
        name: bytes | None = None
        size: int | None = None
        begun: int | None = None
        ended = False
        while True:
            start = self._offset
            block = self._take(BLOCK)
            if len(block) < BLOCK:
                if block or begun is not None or self._cut or not ended:
                    yield self._truncated(start if begun is None else begun, block)
                return
            if block == _ZERO:
                ended = True
                continue
            header = _header(block)
            if header is None:
                yield self._resynchronised(start, block)
                name = size = begun = None
                continue
            ended = False
            if header.type in (b"x", b"L", b"g", b"K"):
                data = self._content(header.size, _HEADER_LIMIT)
                if header.type == b"L" and data is not None:
                    name = data.rstrip(b"\0")
                elif header.type == b"x" and data is not None:
                    named, sized = _pax(data)
                    name, size = named or name, size if sized is None else sized
                begun = start if begun is None else begun
                continue
            at = start if begun is None else begun
            spelled = header.name if name is None else name.decode("utf-8", "surrogateescape")
            wanted = header.size if size is None else size
            name = size = begun = None
            if header.type == b"5":
                self._content(wanted, 0)
                continue
            found = self._member(at, header.type, spelled, wanted)
            yield found
            if isinstance(found, Broken) and found.code != "not_a_file":
                return

    def _member(self, at: int, kind: bytes, name: str, size: int) -> Member | Broken:
        if kind not in _FILES:
            data = self._content(size, 0)
            return Broken(at, self._offset - at, "not_a_file", "a link, a device or a sparse file")
        if len(name) > LONGEST_NAME:
            self._content(size, 0)
            return Broken(at, self._offset - at, "not_a_file", f"a name of more than {LONGEST_NAME:,} bytes")
        before = self._offset
        data = self._content(size, self._room(name))
        if self._offset - before < size:
            return self._truncated(at, data or b"")
        return Member(name, at, size, data)

    def _content(self, size: int, most: int) -> bytes | None:
        """The bytes of a member, padding passed over; None, and all of it passed over, where there are more than
        `most`."""
        padding = -size % BLOCK
        if size <= most:
            data = self._take(size)
            self._skip(padding)
            return data
        self._skip(size + padding)
        return None

    def _resynchronised(self, start: int, block: bytes) -> Broken:
        """What stands between a header that does not hold and the next one that does."""
        excerpt = block[:256]
        while True:
            block = self._take(BLOCK)
            if len(block) == BLOCK and block != _ZERO and _header(block) is None:
                continue
            self._offset -= len(block)
            self._held, self._at = block + self._held[self._at :], 0
            message = "no header of a tar archive: its checksum does not hold"
            return Broken(start, self._offset - start, "corrupt", message, excerpt)

    def _truncated(self, at: int, rest: bytes) -> Broken:
        code, message = "truncated", "the archive ends before its end"
        if self._cut is not None:
            code, message = self._cut.code, self._cut.message
        return Broken(at, self._offset - at, code, message, rest[:256])

    def _take(self, size: int) -> bytes:
        """So many bytes of the stream, or what is left of it."""
        parts, missing = [], size
        while missing > 0:
            if self._at == len(self._held):
                self._held, self._at = self._read(_READ), 0
                if not self._held:
                    break
            part = self._held[self._at : self._at + missing]
            parts.append(part)
            self._at += len(part)
            missing -= len(part)
        self._offset += size - missing
        return b"".join(parts)

    def _skip(self, size: int) -> None:
        while size > 0:
            passed = len(self._take(min(size, _READ)))
            if not passed:
                return
            size -= passed

    def _read(self, size: int) -> bytes:
        if self._cut is not None:
            return b""
        try:
            return self._stream.read(size)
        except CutShort as cut:
            self._cut = cut
            return b""


def _header(block: bytes) -> tarfile.TarInfo | None:
    """What a block says as the header of a member; None where it is none."""
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return None
    return header if header.size >= 0 else None


def _pax(data: bytes) -> tuple[bytes | None, int | None]:
    """`path` and `size` of an extended header: records of "LENGTH KEY=VALUE\\n"."""
    name: bytes | None = None
    size: int | None = None
    at = 0
    while found := _PAX.match(data, at):
        end = at + int(found[1])
        key, equals, value = data[found.end() : end].rstrip(b"\n").partition(b"=")
        if not equals or end <= found.end():
            break
        if key == b"path":
            name = value
        elif key == b"size" and value.isdigit() and len(value) < 19:
            size = int(value)
        at = end
    return name, size
