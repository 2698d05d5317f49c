"""Files of labels: one JSON object a row, as JSON Lines or one JSON array, plain, gzip or zstd; or CSV and TSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from assay.errors import BadInput, NotFound
from assay.formats.compression import CutShort, compression_of, decompressed
from assay.formats.containers.delimited import read_csv, read_tsv
from assay.formats.containers.json_array import read_json_array
from assay.formats.containers.lines import read_jsonl
from assay.model.record import Malformed, RawRecord

LARGEST_ROW: Final = 4 << 20
MOST_ROWS: Final = 200_000
"""Bootstraps draw all rows some hundred times."""


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The rows that could be read, in order, and what could not: (row's number, code)."""

    name: str
    rows: tuple[Mapping[str, Any], ...]
    unread: tuple[tuple[int, str], ...]


def read_labels(file: str, of: str = "labels") -> LabelFile:
    """All rows of a file. Raises NotFound; BadInput when it cannot be opened, is empty of rows or has too many.

    `of`: what the rows are, for messages."""
    rows: list[Mapping[str, Any]] = []
    unread: list[tuple[int, str]] = []
    try:
        with Path(file).open("rb") as opened:
            for record in _records(opened, file):
                found = _row(record)
                if isinstance(found, str):
                    unread.append((record.number, found))
                else:
                    rows.append(found)
                if len(rows) > MOST_ROWS:
                    raise BadInput(f"{file} has more than {MOST_ROWS:,} rows", "draw some of them at random")
    except FileNotFoundError:
        raise NotFound(f"no file {file}", f"name a file of {of}: JSON Lines, JSON, CSV or TSV") from None
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}", f"name a file of {of}") from None
    if not rows:
        seen = f": row {unread[0][0]} is {unread[0][1]}" if unread else ""
        raise BadInput(f"{file} holds no row of {of}{seen}", "write one JSON object a line")
    return LabelFile(file, tuple(rows), tuple(unread))


def _records(file: BinaryIO, name: str) -> Iterator[RawRecord | Malformed]:
    compression = compression_of(file.read(8))
    file.seek(0)
    suffixes = Path(name).suffixes
    if ".csv" in suffixes:
        reader = read_csv
    elif ".tsv" in suffixes:
        reader = read_tsv
    else:
        reader = read_json_array if _begins_array(name, compression) else read_jsonl
    return reader(decompressed(file, compression), LARGEST_ROW)


def _begins_array(name: str, compression: str) -> bool:
    # A file of its own: a zstd stream closes what it read from.
    with Path(name).open("rb") as file:
        try:
            begin = decompressed(file, compression).read(1 << 10)
        except CutShort:
            return False
    return begin.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _row(record: RawRecord | Malformed) -> Mapping[str, Any] | str:
    """The fields of a row, or the code that says why there are none."""
    if isinstance(record, Malformed):
        return record.code
    if not isinstance(record.data, bytes):
        return record.data
    try:
        value = orjson.loads(record.data)
    except orjson.JSONDecodeError:
        return "invalid_json"
    return value if isinstance(value, dict) else "not_an_object"
