"""What `generate` writes: a candidate that came to an answer, or what became of one that did not."""

from __future__ import annotations

from assay.formats.shapes.chats import Messages
from assay.formats.shapes.shape import Record, ShapeError
from assay.model.record import Parsed

NO_ANSWER = "call"
"""The field of a candidate without an answer, which says what its call took and came to."""
MARK = "candidate"
"""The field that says which candidate a record is."""


class NoExample(ShapeError):
    """A candidate that came to no answer, and so to no example; `code` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Candidate(Messages):
    """{messages, candidate, …}: an answer that became messages. {call: {code, message, …}, candidate}: no answer, which
    the ledger has as malformed, under that code."""

    name = "candidate"

    def matches(self, record: Record) -> bool:
        if not isinstance(record.get(MARK), dict):
            return False
        return isinstance(record.get(NO_ANSWER), dict) or super().matches(record)

    def parse(self, record: Record) -> Parsed:
        call = record.get(NO_ANSWER)
        if "messages" not in record and isinstance(call, dict):
            code, message = call.get("code"), call.get("message")
            if isinstance(code, str) and code.isidentifier() and isinstance(message, str):
                raise NoExample(code, message)
        return super().parse(record)
