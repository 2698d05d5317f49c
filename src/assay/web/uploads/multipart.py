"""The file of a multipart form, as it comes in: nothing of it is kept in memory, and nothing else of the
form is taken."""

from __future__ import annotations

from typing import Final

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from assay.errors import BadInput

_HEADER: Final = 8 << 10


class FilePart:
    """`feed` takes the body's bytes and gives those of the first part that has a file name. `name`: that name, once it
    was read; "" before. Raises BadInput for what is no form."""

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not 0 < len(boundary) <= 200:
            raise BadInput("the form has no boundary", "send multipart/form-data, or the bytes themselves")
        self.name = ""
        self.ended = False
        self._taking = False
        self._header, self._value, self._said = b"", b"", b""
        self._out: list[bytes] = []
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._field,
                "on_header_value": self._worth,
                "on_header_end": self._line,
                "on_headers_finished": self._decide,
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
        )

    def feed(self, data: bytes) -> bytes:
        """The file's bytes among these."""
        self._out = []
        try:
            self._parser.write(data)
        except MultipartParseError as error:
            raise BadInput(f"the form cannot be read: {error}", "send the bytes themselves") from None
        return b"".join(self._out)

    def _begin(self) -> None:
        self._header = self._value = self._said = b""

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header + data[start:end])[:_HEADER]

    def _worth(self, data: bytes, start: int, end: int) -> None:
        self._value = (self._value + data[start:end])[:_HEADER]

    def _line(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._said = self._value
        self._header = self._value = b""

    def _decide(self) -> None:
        named = parse_options_header(self._said)[1].get(b"filename", b"")
        if named and not self.name:
            self.name, self._taking = named.decode("utf-8", "replace"), True

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._taking:
            self._out.append(data[start:end])

    def _end(self) -> None:
        self.ended = self.ended or self._taking
        self._taking = False
