"""Which field of a row plays which part for a judge's calibration: given by name, or found among the usual names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assay.errors import UsageError
from assay.kernels.counting import count_units
from assay.measure.judges.values import Pair, Score, Side, majority, mean, number, preference

Row = Mapping[str, Any]

USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "human": ("human", "human_preference", "human_score"),
    "judge": ("judge", "preference", "verdict", "score"),
    "swapped": ("swapped", "judge_swapped"),
    "before": ("before", "judge_before"),
    "quality": ("quality",),
    "key": ("key", "id", "idx", "instruction", "question", "prompt"),
    "first": ("first", "response1", "output_1", "answer_a", "response_a"),
    "second": ("second", "response2", "output_2", "answer_b", "response_b"),
    "generator_first": ("generator_first", "generator_1", "model_a"),
    "generator_second": ("generator_second", "generator_2", "model_b"),
    "answer": ("answer", "output", "response"),
    "generator": ("generator", "model"),
}
"""Part → the names under which it is looked for, the first that any row has."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Part → the field of it; `human` may have several. A part that no row has is absent."""

    human: tuple[str, ...]
    one: Mapping[str, str]

    def get(self, row: Row, part: str) -> Any:
        name = self.one.get(part)
        return None if name is None else row.get(name)

    def as_json(self) -> dict[str, Any]:
        return {"human": list(self.human), **self.one}


def find_fields(rows: Sequence[Row], given: Mapping[str, str]) -> Fields:
    """The fields of some rows. Raises UsageError for a part that there is not, or a field that no row has."""
    held = {name for row in rows for name in row}
    for part, name in given.items():
        if part not in USUAL:
            raise UsageError(f"there is no part {part!r}", f"parts: {', '.join(USUAL)}")
        for field in name.split(",") if part == "human" else [name]:
            if field not in held:
                some = ", ".join(sorted(held)[:12])
                raise UsageError(f"no row has the field {field!r} for {part}", f"the rows have: {some}")
    found = {
        part: given.get(part) or next((name for name in names if name in held), "")
        for part, names in USUAL.items()
    }
    human = tuple(name for name in found.pop("human").split(",") if name)
    return Fields(human, {part: name for part, name in found.items() if name})


def pairs_of(rows: Iterable[Row], fields: Fields) -> list[Pair]:
    """Rows as pairs: people's votes by majority, the swapped verdict turned back."""
    found = []
    for place, row in enumerate(rows):
        votes = tuple(preference(row.get(name)) for name in fields.human)
        judge, invalid = _judged(fields.get(row, "judge"), preference)
        swapped = preference(fields.get(row, "swapped"))
        found.append(
            Pair(
                _key(row, fields, place), judge, majority(votes), votes, None if swapped is None else 1 - swapped,
                preference(fields.get(row, "before")), _side(row, fields, "first", "generator_first"),
                _side(row, fields, "second", "generator_second"), invalid,
            )
        )  # fmt: skip
    return found


def scores_of(rows: Iterable[Row], fields: Fields) -> list[Score]:
    """Rows as scores: people's by their mean."""
    found = []
    for place, row in enumerate(rows):
        votes = tuple(number(row.get(name)) for name in fields.human)
        judge, invalid = _judged(fields.get(row, "judge"), number)
        found.append(
            Score(
                _key(row, fields, place), judge, mean(votes), votes, number(fields.get(row, "quality")),
                number(fields.get(row, "before")), _side(row, fields, "answer", "generator"), invalid,
            )
        )  # fmt: skip
    return found


def _judged(value: Any, read: Any) -> tuple[float | None, bool]:
    """What a judge said, and whether that is no verdict; nothing at all is neither."""
    if value is None or value == "":
        return None, False
    found = read(value)
    return found, found is None


def _key(row: Row, fields: Fields, place: int) -> str:
    value = fields.get(row, "key")
    return str(place) if value is None else str(value)


def _side(row: Row, fields: Fields, text: str, generator: str) -> Side:
    said, name = fields.get(row, text), fields.get(row, generator)
    maker = str(name) if isinstance(name, str) and name else None
    if not isinstance(said, str):
        return Side(maker)
    digest = hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return Side(maker, count_units(said), digest)
