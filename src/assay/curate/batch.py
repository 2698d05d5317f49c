"""A batch of examples as columns, the unit that stages see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from assay.kernels.glance import glance
from assay.kernels.texts import Texts
from assay.model.example import Views, views


class Batch:
    """`payloads`: n decoded payloads, in record order; `fields`: the records' own leftover fields and
    provenance columns, one mapping a row, or nothing. Texts come as lists and as bytes, each made when first
    asked for.

    A stage reads it and never writes it.
    """

    def __init__(self, payloads: Sequence[dict[str, Any]], fields: Sequence[Mapping[str, Any]] = ()) -> None:
        self._payloads = payloads
        self._fields = fields
        self._rows = len(payloads)

    def __len__(self) -> int:
        return self._rows

    @property
    def payloads(self) -> Sequence[dict[str, Any]]:
        """What is trained on, decoded."""
        return self._payloads

    @property
    def fields(self) -> Sequence[Mapping[str, Any]]:
        """Leftover fields and provenance of each row; empty where no row has any."""
        return self._fields

    def column(self, name: str) -> list[Any]:
        """A field of each record, as JSON has it: leftover field or provenance column; None where there is none."""
        return [row.get(name) for row in self._fields] if self._fields else [None] * len(self)

    def with_fields(self, fields: Sequence[Mapping[str, Any]]) -> Batch:
        """The same rows with other fields, one mapping a row."""
        other = copy(self)
        other._fields = fields
        return other

    @cached_property
    def single_turns(self) -> npt.NDArray[np.bool_]:
        """bool[n]: rows known to be one question and one answer, both plain text. False where nobody looked."""
        return np.zeros(len(self), np.bool_)

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

    @cached_property
    def input_bytes(self) -> Texts:
        """`inputs` for the compiled kernel; likewise the next two."""
        return Texts.of(self.inputs)

    @cached_property
    def output_bytes(self) -> Texts:
        return Texts.of(self.outputs)

    @cached_property
    def text_bytes(self) -> Texts:
        return Texts.of(self.texts)

    @cached_property
    def glances(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """uint8[n] each: what inputs and outputs hold at a glance (`assay.kernels.glance`)."""
        return glance(self.input_bytes), glance(self.output_bytes)


class ReadBatch(Batch):
    """A batch as the fast reader leaves it: spelled payloads and the bytes of its texts, nothing decoded."""

    def __init__(
        self,
        spelled: Texts,
        inputs: Texts,
        outputs: Texts,
        texts: Texts,
        single_turns: npt.NDArray[np.bool_],
        fields: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__((), fields)
        self._rows = len(spelled)
        self.spelled = spelled
        self.input_bytes = inputs
        self.output_bytes = outputs
        self.text_bytes = texts
        self.single_turns = single_turns

    @cached_property
    def _decoded(self) -> list[dict[str, Any]]:
        return [orjson.loads(text) for text in self.spelled]

    @property
    def payloads(self) -> Sequence[dict[str, Any]]:
        return self._decoded

    @cached_property
    def inputs(self) -> list[str]:
        return list(self.input_bytes)

    @cached_property
    def outputs(self) -> list[str]:
        return list(self.output_bytes)

    @cached_property
    def texts(self) -> list[str]:
        return list(self.text_bytes)
