"""Records as rows of CSV or TSV; every value is text."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from assay.errors import BadInput
from assay.formats.compression import Bytes, CutShort
from assay.model.record import EXCERPT_BYTES, Malformed, RawRecord

_READ = 1 << 20


def read_csv(stream: Bytes, limit: int) -> Iterator[RawRecord | Malformed]:
    """Comma-separated (RFC 4180), with a header."""
    yield from _rows(stream, limit, ",")


def read_tsv(stream: Bytes, limit: int) -> Iterator[RawRecord | Malformed]:
    """Tab-separated, with a header; quotes as in CSV."""
    yield from _rows(stream, limit, "\t")


def _rows(stream: Bytes, limit: int, delimiter: str) -> Iterator[RawRecord | Malformed]:
    # The limit is the module's own and global; it is only ever raised, to what a record may have anyway.
    if csv.field_size_limit() < limit:
        csv.field_size_limit(limit)
    lines = _Lines(stream)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        start = lines.number + 1
        offset = lines.offset
        try:
            fields = next(rows, None)
        except csv.Error as error:
            # The parser begins anew at the next line; what it had read of this record is passed over.
            yield Malformed(
                start, offset, lines.offset - offset, "bad_csv", str(error), lines.last[:EXCERPT_BYTES]
            )
            continue
        if fields is None:
            break
        if not fields:
            continue
        if header is None:
            header = _header(fields)
            continue
        length = lines.offset - offset
        if len(fields) != len(header):
            message = f"{len(fields)} fields where the header has {len(header)}"
            yield Malformed(start, offset, length, "bad_csv", message, lines.last[:EXCERPT_BYTES])
        elif any("\udc80" <= c <= "\udcff" for field in fields if not field.isascii() for c in field):
            yield Malformed(
                start, offset, length, "invalid_utf8", "a field is not UTF-8", lines.last[:EXCERPT_BYTES]
            )
        elif length > limit:
            yield Malformed(
                start,
                offset,
                length,
                "too_large",
                f"a record of {length:,} bytes",
                lines.last[:EXCERPT_BYTES],
            )
        else:
            yield RawRecord(start, offset, dict(zip(header, fields, strict=True)))
    if lines.cut is not None:
        rest = lines.rest
        yield Malformed(
            lines.number + 1, lines.offset, len(rest), lines.cut.code, lines.cut.message, rest[:EXCERPT_BYTES]
        )


def _header(fields: list[str]) -> list[str]:
    header = [field.removeprefix("\ufeff").strip() for field in fields]
    twice = sorted({name for name in header if header.count(name) > 1})
    if "" in header or twice:
        wrong = f"the name {twice[0]!r} stands twice" if twice and twice[0] else "a column has no name"
        raise BadInput(
            f"the header of the table cannot be used: {wrong}", "give every column a name of its own"
        )
    return header


class _Lines:
    """The lines of a stream as text, counted, with the byte offset behind the last one given out."""

    def __init__(self, stream: Bytes) -> None:
        self._stream = stream
        self.number = 0
        self.offset = 0
        self.last = b""
        self.rest = b""
        self.cut: CutShort | None = None
        self._ready: list[bytes] = []
        self._ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while not self._ready:
            if self._ended:
                raise StopIteration
            self._read()
        self.last = self._ready.pop()
        self.number += 1
        self.offset += len(self.last)
        return self.last.decode("utf-8", "surrogateescape")

    def _read(self) -> None:
        try:
            data = self._stream.read(_READ)
        except CutShort as cut:
            self.cut, self._ended = cut, True
            return
        if not data:
            self._ended = True
            self._ready = [self.rest] if self.rest else []
            self.rest = b""
            return
        parts = (self.rest + data).split(b"\n")
        self.rest = parts.pop()
        self._ready = [part + b"\n" for part in reversed(parts)]
