"""Self-Instruct: seeds that people wrote, and what a model made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.errors import NotExpressible
from assay.formats.shapes.pairs import Alpaca
from assay.formats.shapes.shape import (
    Payload,
    Record,
    Shape,
    ShapeError,
    leftover,
    list_field,
    stated_provenance,
    text_field,
    written_by_a_model,
)
from assay.model.record import Parsed

_COMPARED = ("most_similar", "most_similar_instructions", "avg_similarity_score")
"""What the pipeline notes of a new instruction when it holds it against those there are."""

_ANSWERED = ("output", "response", "generation", "completion", "instances", "raw_instances")


class SeedTasks(Shape):
    """{instruction, instances: [{input, output}]} with a single instance; with an id `seed_task_…` people wrote it."""

    name = "seed_tasks"

    def matches(self, record: Record) -> bool:
        return isinstance(record.get("instruction"), str) and isinstance(record.get("instances"), list)

    def parse(self, record: Record) -> Parsed:
        instances = list_field(record, "instances")
        if len(instances) != 1 or not isinstance(instances[0], dict):
            raise ShapeError(f"field 'instances' holds {len(instances)} tasks; one record is one example")
        inner = Alpaca().parse({"instruction": text_field(record, "instruction"), **instances[0]})
        extra = leftover(record, {"instruction", "instances"})
        hint = {key: value for key, value in (("task", inner.hint), ("more", dict(inner.extra))) if value}
        stated = stated_provenance(record)
        if str(record.get("id")).startswith("seed_task_") and "generator" not in stated:
            stated = {"origin": "human", "depth": 0, **stated}
        return Parsed(inner.payload, extra, hint or None, stated)

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        hint = hint or {}
        instance = Alpaca().restore(payload, hint.get("more", {}), hint.get("task"))
        instruction = instance.pop("instruction")
        return {"instruction": instruction, "instances": [instance], **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        return self.restore(payload, {}, None)


class SelfInstruct(Alpaca):
    """{instruction, input?, output, most_similar_instructions, avg_similarity_score}: a task that a model made up."""

    name = "self_instruct"
    flat = None

    def matches(self, record: Record) -> bool:
        return super().matches(record) and any(name in record for name in _COMPARED)

    def parse(self, record: Record) -> Parsed:
        inner = super().parse(record)
        return Parsed(inner.payload, inner.extra, inner.hint, _compared(record, dict(inner.provenance)))


class MachineInstructions(Shape):
    """{instruction, most_similar, avg_similarity_score, metadata?}: an instruction that a model made up, without an
    answer yet. It becomes text."""

    name = "machine_instructions"

    def matches(self, record: Record) -> bool:
        return (
            isinstance(record.get("instruction"), str)
            and any(name in record for name in _COMPARED)
            and not any(name in record for name in _ANSWERED)
        )

    def parse(self, record: Record) -> Parsed:
        payload = {"text": text_field(record, "instruction")}
        stated = _compared(record, {**_metadata(record), **stated_provenance(record)})
        return Parsed(payload, leftover(record, {"instruction"}), None, stated)

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        return {"instruction": payload["text"], **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        if "text" not in payload or "label" in payload:
            raise NotExpressible(
                "only plain text can be written as machine_instructions", "export as `source`"
            )
        return {"instruction": payload["text"]}


def _compared(record: Record, stated: dict[str, Any]) -> dict[str, Any]:
    return written_by_a_model(stated) if any(name in record for name in _COMPARED) else stated


def _metadata(record: Record) -> dict[str, Any]:
    """The model and the time of the API response that the pipeline keeps with an instruction."""
    metadata = record.get("metadata")
    if not isinstance(metadata, dict):
        return {}
    response = metadata.get("response")
    model = response.get("model") if isinstance(response, dict) else None
    found = {"generator": model, "created": metadata.get("created_at")}
    return {name: value for name, value in found.items() if isinstance(value, str) and value}
