"""What became of a record, and the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["kept", "rejected", "malformed"]


@dataclass(frozen=True, slots=True)
class Twin:
    """The kept example in whose stead a record was rejected. `source` and `record` say where it was read;
    `similarity` is None where the two need not be alike (one of several answers, the row that covers another). A
    twin in another version has that version as its source and no record."""

    id: str
    source: str
    record: int | None
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Failure:
    """One check that an example did not pass: which, the value found, and the bound it broke."""

    stage: str
    code: str
    value: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The fate of one record.

    Rejected: `stage`, `code`, `value` and `threshold` name the first failing check in the recipe's order,
    and `also` all the others (of a kept record: what was flagged); `message` is evidence in words. Malformed: `code`,
    `message`, `offset`, `length` (bytes) and `excerpt`. `twin` is always an example that was kept.
    """

    source: str
    record: int
    outcome: Outcome
    stage: str | None = None
    code: str | None = None
    value: float | None = None
    threshold: float | None = None
    twin: Twin | None = None
    also: tuple[Failure, ...] = ()
    example_id: str | None = None
    split: str | None = None
    message: str | None = None
    offset: int | None = None
    length: int | None = None
    excerpt: bytes | None = None

    def as_json(self) -> dict[str, Any]:
        """The answer of `why --json`."""
        answer: dict[str, Any] = {
            "record": self.record,
            "source": self.source,
            "outcome": self.outcome,
            "stage": self.stage,
            "code": self.code,
            "value": self.value,
            "threshold": self.threshold,
            "twin": None
            if self.twin is None
            else {
                "id": self.twin.id,
                "source": self.twin.source,
                "record": self.twin.record,
                "similarity": self.twin.similarity,
            },
            "also": [
                {"stage": f.stage, "code": f.code, "value": f.value, "threshold": f.threshold}
                for f in self.also
            ],
            "example_id": self.example_id,
        }
        if self.split is not None:
            answer["split"] = self.split
        if self.outcome == "malformed":
            answer |= {
                "message": self.message,
                "offset": self.offset,
                "length": self.length,
                "excerpt": (self.excerpt or b"").decode("utf-8", "backslashreplace"),
            }
        elif self.message is not None:
            answer["message"] = self.message
        return answer
