"""Text by itself, with or without a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.errors import NotExpressible
from assay.formats.shapes.shape import Payload, Record, Shape, leftover, stated_provenance, text_field
from assay.model.record import Parsed


class Text(Shape):
    """{text}, or a line of a text file."""

    name = "text"

    def matches(self, record: Record) -> bool:
        return isinstance(record.get("text"), str)

    def parse(self, record: Record) -> Parsed:
        payload = {"text": text_field(record, "text")}
        return Parsed(payload, leftover(record, {"text"}), None, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        return {"text": payload["text"], **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        if "text" not in payload:
            raise NotExpressible("only plain text can be written as text", "export as `source`")
        if "label" in payload:
            raise NotExpressible("shape text has no place for the label", "export as `text_label`")
        return {"text": payload["text"]}


class TextLabel(Shape):
    """{text, label}: what a classifier learns. The label is any JSON value but null."""

    name = "text_label"

    def matches(self, record: Record) -> bool:
        return isinstance(record.get("text"), str) and record.get("label") is not None

    def parse(self, record: Record) -> Parsed:
        payload: dict[str, Any] = {"text": text_field(record, "text")}
        hint = None
        if record.get("label") is not None:
            payload["label"] = record["label"]
        else:
            hint = {"label": None} if "label" in record else {"label": "absent"}
        return Parsed(payload, leftover(record, {"text", "label"}), hint, stated_provenance(record))

    def restore(self, payload: Payload, extra: Mapping[str, Any], hint: Any) -> dict[str, Any]:
        record: dict[str, Any] = {"text": payload["text"]}
        if "label" in payload:
            record["label"] = payload["label"]
        elif hint == {"label": None}:
            record["label"] = None
        return {**record, **extra}

    def render(self, payload: Payload) -> dict[str, Any]:
        if "text" not in payload or "label" not in payload:
            raise NotExpressible("shape text_label needs a text and a label", "export as `source`")
        return {"text": payload["text"], "label": payload["label"]}
