"""An edited example: whether its payload may take the original's place, and the row that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from assay.curate.rewriting import linked
from assay.errors import NotExpressible, UsageError
from assay.formats.shapes import ShapeError, shape_named
from assay.model.canonical import canonical_json
from assay.model.example import Example, example_id, kind_of

LARGEST: Final = 16 << 20
"""Bytes of an edited payload."""

_PLAIN: Final = {"messages": "messages", "preference": "preference", "completion": "prompt_completion"}


def checked_edit(original: Example, payload: Mapping[str, Any]) -> bytes:
    """The id of the example that an edit of `original` makes. Raises UsageError for what is no payload of its kind."""
    where = f"the edit of {original.name[:12]}"
    try:
        spelled = canonical_json(dict(payload))
        kind = kind_of(payload)
        parsed = shape_named(plain_shape(payload)).parse(payload)
    except (ShapeError, ValueError, TypeError, AttributeError, RecursionError) as error:
        hint = "start from the payload of `assay show ID --json`"
        raise UsageError(f"{where} is no payload: {error}", hint) from None
    if kind != original.kind:
        raise UsageError(
            f"{where} is of kind {kind}; the original is {original.kind}", "an edit stays what it is"
        )
    if parsed.extra or dict(parsed.payload) != dict(payload):
        fields = ", ".join(sorted(map(str, parsed.extra))[:5]) or "fields that are null or empty"
        raise UsageError(f"{where} holds more than a payload: {fields}", "leave out what is not trained on")
    if len(spelled) > LARGEST:
        raise UsageError(f"{where} has {len(spelled):,} bytes", f"an example has at most {LARGEST:,}")
    return example_id(spelled)


def plain_shape(payload: Mapping[str, Any]) -> str:
    """The shape that writes a payload's own fields and nothing else."""
    kind = kind_of(payload)
    if kind == "text":
        return "text_label" if "label" in payload else "text"
    return _PLAIN[kind]


def edited_row(row: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    """The stored row of an edit: its own id and payload, all else as the original `row` has it, linked to it.

    It stays in the original's shape where that can carry it whole, with all the record's other fields.
    """
    spelled = canonical_json(dict(payload))
    made = dict(row)
    made["id"], made["payload"], made["kind"] = example_id(spelled), spelled.decode(), kind_of(payload)
    made["derived_from"] = linked(row["derived_from"], bytes(row["id"]))
    if not _carries(row, payload):
        shape = shape_named(plain_shape(payload))
        parsed = shape.parse(payload)
        made |= {
            "shape": shape.name,
            "hint": None if parsed.hint is None else orjson.dumps(parsed.hint).decode(),
        }
    return made


def _carries(row: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Whether the original's shape writes the new payload so that it reads back the same."""
    if row["shape"] is None:
        return False
    extra = orjson.loads(row["extra"]) if row["extra"] else {}
    hint = orjson.loads(row["hint"]) if row["hint"] else None
    try:
        shape = shape_named(row["shape"])
        record = shape.restore(payload, extra, hint)
        return canonical_json(dict(shape.parse(record).payload)) == canonical_json(dict(payload))
    except (NotExpressible, ShapeError, LookupError, TypeError, ValueError, AttributeError):
        return False
