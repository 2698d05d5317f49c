"""Rewriting: what a stage puts in an example's place before anybody checks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from assay.curate.batch import Batch
from assay.curate.reading import Read
from assay.curate.stage import RowStage
from assay.model.canonical import canonical_json
from assay.model.example import example_id


def rewritten(read: Read, stages: Sequence[RowStage]) -> Read:
    """The examples as the stages want them, in recipe order. An example that was changed is another example: it has
    its own id, and the original's under `derived_from`. The original itself is not kept."""
    batch = read.batch
    changed: dict[int, dict[str, Any]] = {}
    for stage in stages:
        found = stage.rewrites(batch)
        if found:
            changed |= found
            batch = Batch([changed.get(k, payload) for k, payload in enumerate(batch.payloads)], batch.fields)
    if not changed:
        return read
    ids = [bytes(read.ids[k]).ljust(32, b"\0") for k in range(len(read.ids))]
    spelled = {row: canonical_json(payload) for row, payload in changed.items()}
    new = [example_id(spelled[k]) if k in spelled else ids[k] for k in range(len(ids))]
    rows = read.rows.combine_chunks()
    payloads = rows.column("payload").to_pylist()
    derived = rows.column("derived_from").to_pylist()
    for row, data in spelled.items():
        payloads[row] = data.decode()
        derived[row] = linked(derived[row], ids[row])
    for name, values in (("payload", payloads), ("derived_from", derived), ("id", new)):
        field = rows.schema.field(name)
        rows = rows.set_column(rows.schema.get_field_index(name), field, pa.array(values, field.type))
    return Read(rows, batch, np.array(new, "S32"), read.malformed)


def linked(stated: str | None, original: bytes) -> str:
    """The ids that an example derives from, as canonical JSON, the original among them."""
    before: Any = []
    try:
        before = orjson.loads(stated) if stated else []
    except orjson.JSONDecodeError:
        before = [stated]
    listed = before if isinstance(before, list) else [before]
    return canonical_json([*listed, original.hex()]).decode()


def rewriters(stages: Sequence[tuple[int, RowStage]]) -> list[RowStage]:
    """The stages that may change an example."""
    return [stage for _, stage in stages if type(stage).rewrite is not RowStage.rewrite]
