"""Records one a line: JSONL and plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assay.formats.compression import Bytes, CutShort
from assay.model.record import EXCERPT_BYTES, Malformed, RawRecord

_READ: Final = 1 << 20
_BOM: Final = b"\xef\xbb\xbf"


def read_jsonl(stream: Bytes, limit: int) -> Iterator[RawRecord | Malformed]:
    """JSON Lines: every line that is not blank is a record."""
    yield from _lines(stream, limit, as_text=False)


def read_text(stream: Bytes, limit: int) -> Iterator[RawRecord | Malformed]:
    """Plain text: every line that is not blank is a record {"text": line}."""
    yield from _lines(stream, limit, as_text=True)


def _lines(stream: Bytes, limit: int, as_text: bool) -> Iterator[RawRecord | Malformed]:
    """Lines as records. A longer line than `limit` bytes is passed over in bounded memory."""
    number, offset = 1, 0
    rest, skipped, excerpt = b"", 0, b""
    while True:
        try:
            data = stream.read(_READ)
        except CutShort as cut:
            kept = (excerpt or rest)[:EXCERPT_BYTES]
            yield Malformed(number, offset, skipped + len(rest), cut.code, cut.message, kept)
            return
        if not data:
            break
        if offset == 0 and not rest and not skipped and number == 1 and data.startswith(_BOM):
            data, offset = data[len(_BOM) :], len(_BOM)
        first, *more = data.split(b"\n")
        if not more:
            rest, skipped, excerpt = _hold(rest + first, skipped, excerpt, limit)
            continue
        for line in (rest + first, *more[:-1]):
            length = skipped + len(line)
            if length > limit:
                yield _too_large(number, offset, length, excerpt or line)
            elif line.strip():
                yield _record(number, offset, line, as_text)
            number, offset = number + 1, offset + length + 1
            skipped, excerpt = 0, b""
        rest, skipped, excerpt = _hold(more[-1], 0, b"", limit)
    if skipped + len(rest) > limit:
        yield _too_large(number, offset, skipped + len(rest), excerpt or rest)
    elif rest.strip():
        yield _record(number, offset, rest, as_text)


def _hold(rest: bytes, skipped: int, excerpt: bytes, limit: int) -> tuple[bytes, int, bytes]:
    """The unfinished line, or, once it is too long, only its length and its beginning."""
    if skipped + len(rest) <= limit:
        return rest, skipped, excerpt
    return b"", skipped + len(rest), excerpt or rest[:EXCERPT_BYTES]


def _too_large(number: int, offset: int, length: int, begin: bytes) -> Malformed:
    return Malformed(
        number, offset, length, "too_large", f"a record of {length:,} bytes", begin[:EXCERPT_BYTES]
    )


def _record(number: int, offset: int, line: bytes, as_text: bool) -> RawRecord | Malformed:
    line = line.removesuffix(b"\r")
    if not as_text:
        return RawRecord(number, offset, line)
    try:
        return RawRecord(number, offset, {"text": line.decode()})
    except UnicodeDecodeError as error:
        message = f"byte {error.start} of the line is not UTF-8"
        return Malformed(number, offset, len(line), "invalid_utf8", message, line[:EXCERPT_BYTES])
