"""What stored rows are counted by: words, lengths, turns, language, labels; read once a segment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.kernels.counting import counts_of_units
from assay.kernels.ids import ids_of
from assay.kernels.language import languages_of
from assay.kernels.language_tables import unpacked
from assay.kernels.pii_patterns import TYPES, placeholder
from assay.kernels.texts import Texts
from assay.measure.distribution import LIMIT, field_value
from assay.measure.facets.columns import VALUE_CHARS, smallest_codes
from assay.measure.profile import TOPICS
from assay.model.example import views

STORED: Final = ("kind", "origin", "generator", "source", "licence")
"""Stored columns that are counted as they are."""
READ: Final = ("id", "payload", "extra", "record", *STORED)
"""The columns of a segment that `SegmentColumns.add` needs."""
NUMBERS: Final = ("input_length", "output_length", "turns", "record")
_HEAD: Final = 400
_MASKED: Final = re.compile("|".join(re.escape(placeholder(name)) for name in TYPES))

Array = npt.NDArray[Any]


class Coder:
    """Gives every text a code, in the order in which they are first seen; "" is the code 0."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {"": 0}
        self._codes: list[Array] = []

    def add(self, texts: Iterable[str | None]) -> None:
        names = self.names
        self._codes.append(
            np.fromiter((names.setdefault((t or "")[:VALUE_CHARS], len(names)) for t in texts), np.uint32)
        )

    @property
    def codes(self) -> Array:
        return smallest_codes(np.concatenate([np.empty(0, np.uint32), *self._codes]), len(self.names))


class SegmentColumns:
    """Takes the rows of a segment, table by table; gives arrays of as many entries as there were rows.

    `id` (V32), `record` (int64), `input_length` and `output_length` in units, `turns` (of the user), `masked` (whether
    a placeholder of redaction stands in the text); and under `words` the coded texts: `STORED`, `language`, and those
    of `TOPICS` that some row states. A field with more than `LIMIT` values is no category and is left out.
    """

    def __init__(self) -> None:
        self._coders = {name: Coder() for name in (*STORED, "language", *TOPICS)}
        self._arrays: dict[str, list[Array]] = {name: [] for name in ("id", "masked", *NUMBERS)}

    def add(self, table: pa.Table) -> None:
        """Take in a table with the columns `READ`. Of an erased row nothing is known but what it is."""
        payloads = [orjson.loads(text) for text in table.column("payload").to_pylist()]
        extras = [_object(text) for text in table.column("extra").to_pylist()]
        seen = [views(payload) for payload in payloads]
        for name in STORED:
            self._coders[name].add(table.column(name).to_pylist())
        heads = Texts.of([f"{view.output[:_HEAD]}\n{view.input[:_HEAD]}" for view in seen])
        codes, _ = languages_of(heads)
        spelled = {code: unpacked(code) for code in np.unique(codes).tolist()}
        self._coders["language"].add(spelled[code] for code in codes.tolist())
        for name, found in labels(TOPICS, extras, payloads).items():
            self._coders[name].add(found)
        add = {
            "id": ids_of(table.column("id")),
            "record": table.column("record").fill_null(0).to_numpy(),
            "input_length": counts_of_units(Texts.of([view.input for view in seen])).astype(np.uint32),
            "output_length": counts_of_units(Texts.of([view.output for view in seen])).astype(np.uint32),
            "turns": np.array([turns(payload) for payload in payloads], np.uint32),
            "masked": np.array(
                ["[" in v.text and _MASKED.search(v.text) is not None for v in seen], np.uint8
            ),
        }
        for name, array in add.items():
            self._arrays[name].append(array)

    @property
    def arrays(self) -> dict[str, Array]:
        empty = {"id": "V32", "masked": "u1", "record": "i8"}
        return {
            name: np.concatenate([np.empty(0, empty.get(name, "u4")), *parts])
            for name, parts in self._arrays.items()
        }

    @property
    def words(self) -> dict[str, Coder]:
        return {
            name: coder
            for name, coder in self._coders.items()
            if len(coder.names) <= LIMIT + 1 and (name not in TOPICS or len(coder.names) > 1)
        }


def labels(
    paths: Sequence[str], extras: Sequence[Mapping[str, Any]], payloads: Sequence[Mapping[str, Any]]
) -> dict[str, list[str | None]]:
    """What each row states in each field, as text; paths may be dotted. None where it states nothing."""
    if all("." not in path for path in paths) and not any(extras):
        stated = [path for path in paths if any(path in payload for payload in payloads)]
    else:
        stated = list(paths)
    nothing: list[str | None] = [None] * len(payloads)
    return {
        path: [field_value(path, e, p) for e, p in zip(extras, payloads, strict=True)]
        if path in stated
        else nothing
        for path in paths
    }


def turns(payload: Mapping[str, Any]) -> int:
    """How often the user speaks; 0 in plain text."""
    spoken = payload.get("messages", payload.get("prompt"))
    if isinstance(spoken, list):
        return sum(1 for one in spoken if isinstance(one, dict) and one.get("role") == "user")
    return 0 if spoken is None else 1


def _object(text: str | None) -> Mapping[str, Any]:
    value = orjson.loads(text) if text and text != "{}" else {}
    return value if isinstance(value, dict) else {}
