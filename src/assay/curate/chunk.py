"""A chunk: what one worker gets to do at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assay.model.lines import Lines
from assay.model.record import Malformed, Parsed, RawRecord

BASE = -1
"""The source of rows that stand in the version which is added to."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one source: `records`, or `lines` where the source has lines.

    `source` is its position, `uri` its name, `shape` its shape's name. `decode` makes sense of one record.
    `flat` names the fields (question, more of the question, answer) of the usual record, one that the compiled
    kernel reads by itself; any other record goes to `decode`.
    """

    source: int
    uri: str
    shape: str
    decode: Callable[[RawRecord], Parsed | Malformed]
    records: Sequence[RawRecord | Malformed] = ()
    lines: Lines | None = None
    flat: tuple[str, str | None, str] | None = None

    @property
    def malformed(self) -> list[Malformed]:
        """What the container could not make a record of."""
        if self.lines is not None:
            return list(self.lines.malformed)
        return [record for record in self.records if isinstance(record, Malformed)]

    @property
    def raw(self) -> list[RawRecord]:
        """The records, cut out of their lines."""
        if self.lines is not None:
            return [self.lines.record(row) for row in range(len(self.lines))]
        return [record for record in self.records if isinstance(record, RawRecord)]
