"""A few thousand stored rows, decoded once for every figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pyarrow as pa

from assay.kernels.counting import units
from assay.model.example import views
from assay.model.provenance import COLUMNS

READ: Final = ("id", "kind", "payload", "extra", "source", "origin", "generator", "created")
"""The columns that every profile needs."""
SLICE: Final = 1_000
"""Rows that are decoded at once; memory holds their texts and words, and no others."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Lists of equal length, one entry a row.

    `words` are the units of the output in lower case; `inputs_units` counts those of the input. `extra` and
    `payload` are decoded JSON; `columns` holds the stored columns by name.
    """

    ids: Sequence[bytes]
    payloads: Sequence[Mapping[str, Any]]
    extras: Sequence[Mapping[str, Any]]
    inputs: Sequence[str]
    outputs: Sequence[str]
    input_units: Sequence[int]
    words: Sequence[list[str]]
    columns: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.ids)


def columns_for(by: str | None) -> list[str]:
    """The stored columns that a profile reads; `by` may be one of them."""
    return [*READ, by] if by in COLUMNS and by not in READ else list(READ)


def slices(table: pa.Table) -> Iterator[Rows]:
    """The rows of a table that has at least the columns `READ`, decoded slice by slice."""
    for start in range(0, len(table), SLICE):
        yield decode(table.slice(start, SLICE))


def decode(table: pa.Table) -> Rows:
    """Payload and extra are read as JSON; an extra that is no object counts as empty."""
    held = {name: table.column(name).to_pylist() for name in table.column_names}
    payloads = [orjson.loads(text) for text in held.pop("payload")]
    seen = [views(payload) for payload in payloads]
    return Rows(
        held.pop("id"),
        payloads,
        [_object(text) for text in held.pop("extra")],
        [view.input for view in seen],
        [view.output for view in seen],
        [len(units(view.input)) for view in seen],
        [units(view.output.lower()) for view in seen],
        held,
    )


_NOTHING: Final[Mapping[str, Any]] = {}


def _object(text: str | None) -> Mapping[str, Any]:
    if not text or text == "{}":
        return _NOTHING
    value = orjson.loads(text)
    return value if isinstance(value, dict) else _NOTHING
