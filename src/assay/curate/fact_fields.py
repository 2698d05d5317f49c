"""Facts as fields: `fact.KEY` beside the fields of a record, for stages and splits that look at a field."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from assay.curate.plan import Plan
from assay.curate.reading import Read
from assay.kernels.ids import IdArray, find
from assay.model.canonical import canonical_json

PREFIX: Final = "fact."


@dataclass(frozen=True, slots=True)
class FactFields:
    """The facts that a plan looks at. `of`: key → (ids, V32, sorted; what is said of each, text or number)."""

    of: Mapping[str, tuple[IdArray, tuple[str | float, ...]]]

    def beside(self, read: Read) -> tuple[Read, bytes]:
        """The examples with `fact.KEY` among their fields, and a digest of what was added."""
        n = len(read.ids)
        ids = np.ascontiguousarray(read.ids).view("V32")
        fields: list[dict[str, Any]] = [dict(row) for row in read.batch.fields] or [{} for _ in range(n)]
        told: list[list[Any]] = []
        for key, (known, values) in sorted(self.of.items()):
            at = find(known, ids)
            for row in np.flatnonzero(at >= 0).tolist():
                fields[row][PREFIX + key] = values[at[row]]
                told.append([key, row, values[at[row]]])
        digest = hashlib.sha256(b"assay.facts.v1\n" + canonical_json(told)).digest()
        return replace(read, batch=read.batch.with_fields(fields)), digest


def fact_keys(plan: Plan) -> list[str]:
    """The keys of the facts that a plan's stages and its split name as fields, sorted."""
    named = {text for stage in plan.stages for text in _texts(stage.model_dump(mode="json"))}
    named |= set(plan.split.fields.values()) if plan.split is not None else set()
    return sorted(text.removeprefix(PREFIX) for text in named if text.startswith(PREFIX) and text != PREFIX)


def _texts(params: Mapping[str, Any]) -> Iterator[str]:
    """Parameters that are a text, or lists of them."""
    for value in params.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (one for one in value if isinstance(one, str))
