"""Eval items: questions and answers from any source that examples can be read from, and from plain pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assay.errors import BadInput
from assay.formats.compression import CutShort, compression_of, decompressed
from assay.formats.decode import decode
from assay.formats.source import SourceReader, open_source
from assay.model.example import views
from assay.model.record import Malformed

_TABLES = (".tsv", ".tsv.gz", ".tsv.gzip", ".tsv.zst", ".tsv.zstd")


def read_questions(
    path: str, *, container: str | None = None, shape: str | None = None
) -> Iterator[tuple[str, str]]:
    """(question, answer) of every record, in order: the example's input and output; a text is a question.

    A tab-separated file whose first line is no header that any shape knows is read as question and answer
    without one. An item that cannot be read is an error and no gap: raises
    BadInput with its place.
    """
    try:
        reader = open_source(path, container=container, shape=shape)
    except BadInput:
        if shape is None and (container == "tsv" or (container is None and path.lower().endswith(_TABLES))):
            return _pairs(path)
        raise
    return _records(reader, path)


def as_question(payload: Mapping[str, Any]) -> tuple[str, str] | None:
    """The (question, answer) of an example: its input and output; a text is a question. None when it has neither."""
    seen = views(payload)
    question, answer = (seen.input, seen.output) if seen.input.strip() else (seen.output, "")
    return (question, answer) if question.strip() else None


def _records(reader: SourceReader, path: str) -> Iterator[tuple[str, str]]:
    with reader:
        for record in reader.records():
            parsed = record if isinstance(record, Malformed) else decode(record, reader.shape)
            if isinstance(parsed, Malformed):
                raise _refusal(path, record.number, parsed.message)
            item = as_question(parsed.payload)
            if item is None:
                raise _refusal(path, record.number, "it has no question")
            yield item
        reader.finish()


def _pairs(path: str) -> Iterator[tuple[str, str]]:
    """The two fields of each line, with no quoting (IANA text/tab-separated-values)."""
    with Path(path).open("rb") as file:
        kind = compression_of(file.read(8))
        file.seek(0)
        stream = decompressed(file, kind)
        try:
            text = b"".join(iter(lambda: stream.read(1 << 20), b"")).decode("utf-8-sig")
        except (CutShort, UnicodeDecodeError) as error:
            raise BadInput(f"{path} cannot be read: {error}", "an eval set must be whole") from None
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.removesuffix("\r").split("\t")
        if fields == [""]:
            continue
        if len(fields) != 2 or not fields[0].strip():
            raise _refusal(path, number, "it is not a question, a tab and an answer")
        yield fields[0], fields[1]


def _refusal(path: str, number: int, reason: str) -> BadInput:
    return BadInput(
        f"record {number} of {path} is no eval item: {reason}",
        "repair or remove it: a frozen set must be whole",
    )
