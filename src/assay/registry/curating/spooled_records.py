"""Records as they are spooled until they are committed: messages with their provenance, a line of JSON each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from assay.errors import UsageError
from assay.formats.shapes.chats import read_messages
from assay.formats.shapes.shape import ShapeError, stated_provenance
from assay.formats.source import MAX_RECORD_BYTES
from assay.model.canonical import canonical_json

OWN: Final = frozenset(
    (
        "messages", "tools", "id", "origin", "generator", "prompt_template", "generation_params", "created",
        "derived_from", "depth", "licence", "request_id", "tokens", "price",
    )
)  # fmt: skip
"""Fields of a spooled record that say what it is and where it came from."""


def depth_of(provenance: Mapping[str, Any]) -> int:
    """The synthetic depth that an example states, or that its origin tells."""
    return int(provenance.get("depth") or (provenance.get("origin") == "synthetic"))


def stated(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of several values."""
    return {name: value for name, value in values.items() if value is not None}


def extra_fields(fields: Mapping[str, Any] | None, price: float | None) -> dict[str, Any]:
    """The fields that are no provenance. Raises UsageError."""
    taken = sorted(OWN & set(fields or {}))
    if taken:
        raise UsageError(
            f"fields hold {', '.join(taken)}", "give provenance by keyword, and name fields otherwise"
        )
    if price is not None and not (math.isfinite(price) and price >= 0):
        raise UsageError(f"a price of {price} is none", "a number that is not negative")
    return dict(fields or {})


def turns_of(prompt: str | Sequence[Mapping[str, Any]], output: str | None) -> list[dict[str, Any]]:
    """The conversation. Raises UsageError."""
    if isinstance(prompt, str):
        if output is None:
            raise UsageError(
                "a prompt without an output is no record", "add(prompt, output) or add(messages)"
            )
        given: list[Any] = [{"role": "user", "content": prompt}]
    else:
        given = [dict(turn) if isinstance(turn, Mapping) else turn for turn in prompt]
    if output is not None:
        given.append({"role": "assistant", "content": output})
    try:
        messages, _ = read_messages(given, "messages")
    except ShapeError as error:
        raise UsageError(str(error), "messages are [{'role': …, 'content': …}, …]") from None
    if not messages:
        raise UsageError("a record has at least one message", "add(prompt, output) or add(messages)")
    return messages


def record_line(record: Mapping[str, Any], told: Mapping[str, Any]) -> bytes:
    """The record as a line of JSON. Raises UsageError where JSON, or provenance as it is read, cannot carry it."""
    try:
        line = canonical_json(dict(record)) + b"\n"
    except ValueError as error:
        raise UsageError(
            f"the record cannot be written down: {error}", "give texts, numbers, lists, objects"
        ) from None
    if len(line) > MAX_RECORD_BYTES:
        raise UsageError(f"the record has {len(line):,} bytes", f"at most {MAX_RECORD_BYTES:,}")
    read = stated_provenance(record)
    for name in ("origin", "depth", "derived_from", "generation_params"):
        if name in told and name not in read:
            raise UsageError(f"{name} is not as provenance has it", "docs/formats.md says how")
    return line
