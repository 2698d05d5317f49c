"""A batch of examples as columns, the unit that stages see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from assay.model.example import Views, views


@dataclass(frozen=True)
class Batch:
    """`payloads`: n decoded payloads, in record order; `fields`: the records' own leftover fields and
    provenance columns, one mapping a row, or nothing. All properties are lists of n texts.

    A stage reads it and never writes it.
    """

    payloads: Sequence[dict[str, Any]]
    fields: Sequence[Mapping[str, Any]] = ()

    def __len__(self) -> int:
        return len(self.payloads)

    def column(self, name: str) -> list[Any]:
        """A field of each record, as JSON has it: leftover field or provenance column; None where there is none."""
        return [row.get(name) for row in self.fields] if self.fields else [None] * len(self)

    @cached_property
    def views(self) -> list[Views]:
        return [views(payload) for payload in self.payloads]

    @cached_property
    def inputs(self) -> list[str]:
        """What the model is given."""
        return [view.input for view in self.views]

    @cached_property
    def outputs(self) -> list[str]:
        """What the model is to learn to say."""
        return [view.output for view in self.views]

    @cached_property
    def texts(self) -> list[str]:
        """Everything, in reading order, joined by line feeds."""
        return [view.text for view in self.views]
