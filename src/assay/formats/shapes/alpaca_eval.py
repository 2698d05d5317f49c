"""AlpacaEval: what a model answered to the questions of an evaluation."""

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
    written_by_a_model,
)
from assay.model.record import Parsed


class AlpacaEval(Shape):
    """{instruction, output, generator}: the generator is the model that answered."""

    name = "alpaca_eval"

    def matches(self, record: Record) -> bool:
        texts = (record.get(name) for name in ("instruction", "output", "generator"))
        return "input" not in record and all(isinstance(text, str) for text in texts)

    def parse(self, record: Record) -> Parsed:
        payload = question_and_answer(text_field(record, "instruction"), text_field(record, "output"))
        stated = stated_provenance(record)
        if "generator" in stated:
            stated = written_by_a_model(stated)
        return Parsed(payload, leftover(record, {"instruction", "output"}), None, stated)

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        question, output = single_turn(payload, self.name)
        return {"instruction": question, "output": output, **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        return self.restore(payload, {"generator": ""}, None)
