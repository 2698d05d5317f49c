"""Question and answer in two text fields, by whatever names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.formats.shapes.shape import (
    Payload,
    Record,
    Shape,
    leftover,
    question_and_answer,
    single_turn,
    stated_provenance,
    text_field,
)
from assay.model.record import Parsed


class Pair(Shape):
    """{question field: text, answer field: text}: one turn of a user, one of the assistant."""

    def __init__(self, name: str, question: str, answer: str) -> None:
        self.name = name
        self._question = question
        self._answer = answer
        self._used = frozenset((question, answer))
        self.flat = (question, None, answer)

    def matches(self, record: Record) -> bool:
        return isinstance(record.get(self._question), str) and isinstance(record.get(self._answer), str)

    def parse(self, record: Record) -> Parsed:
        payload = question_and_answer(text_field(record, self._question), text_field(record, self._answer))
        return Parsed(payload, leftover(record, self._used), None, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        return {**self.render(payload), **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        question, answer = single_turn(payload, self.name)
        return {self._question: question, self._answer: answer}


class Alpaca(Shape):
    """{instruction, input?, output}: the user says the instruction and, on a new line, the input if there is one."""

    name = "alpaca"
    flat: tuple[str, str | None, str] | None = ("instruction", "input", "output")

    def matches(self, record: Record) -> bool:
        given = record.get("input")
        return (
            isinstance(record.get("instruction"), str)
            and isinstance(record.get("output"), str)
            and (given is None or isinstance(given, str))
        )

    def parse(self, record: Record) -> Parsed:
        instruction, output = text_field(record, "instruction"), text_field(record, "output")
        hint: dict[str, Any] | None = None
        question = instruction
        if "input" not in record:
            hint = {"input": "absent"}
        elif record["input"] is None:
            hint = {"input": None}
        elif given := text_field(record, "input"):
            question, hint = f"{instruction}\n{given}", {"at": len(instruction)}
        extra = leftover(record, {"instruction", "input", "output"})
        return Parsed(question_and_answer(question, output), extra, hint, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        question, output = single_turn(payload, self.name)
        record: dict[str, Any] = {"instruction": question, "input": "", "output": output}
        if hint and "at" in hint:
            record["instruction"], record["input"] = question[: hint["at"]], question[hint["at"] + 1 :]
        elif hint and hint["input"] is None:
            record["input"] = None
        elif hint:
            del record["input"]
        return {**record, **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        question, output = single_turn(payload, self.name)
        return {"instruction": question, "input": "", "output": output}
