"""Stored rows made of payloads, as segments hold them."""

from __future__ import annotations

import hashlib

import orjson
import pyarrow as pa
import pytest

from assay.measure.rows import READ
from assay.model.canonical import canonical_json
from assay.model.example import example_id, kind_of


def pair(prompt, completion):
    return {"prompt": prompt, "completion": completion}


def table_of(rows, also=()):
    """A table with the columns that a profile reads, of payloads or (payload, columns)."""
    lines = []
    for k, row in enumerate(rows):
        payload, columns = row if isinstance(row, tuple) else (row, {})
        spelled = canonical_json(payload)
        # Rows of equal content stand for different records here, so the place is part of the id.
        id = hashlib.sha256(example_id(spelled) + str(k).encode()).digest()
        line = {
            "id": id, "kind": kind_of(payload), "payload": spelled.decode(), "source": "a.jsonl",
            "extra": orjson.dumps(columns.get("extra", {})).decode(),
        }  # fmt: skip
        lines.append(line | {name: value for name, value in columns.items() if name != "extra"})
    kinds = {"id": pa.binary(32)}
    return pa.table(
        {
            name: pa.array([line.get(name) for line in lines], kinds.get(name, pa.string()))
            for name in [*READ, *also]
        }
    )


@pytest.fixture
def stored():
    return table_of
