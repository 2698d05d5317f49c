"""What facts say of the examples of a version, as columns: folded into arrays by row, so that few bytes are held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.govern.facts import FACT, facts_in
from assay.kernels.ids import IdArray, find, ids_of
from assay.measure.distribution import LIMIT
from assay.measure.facets.columns import VALUE_CHARS, Column, Numbers, Words, smallest_codes
from assay.measure.facets.query import spelled_number
from assay.model.operation import Operation
from assay.store.objects import Objects

MOST_FACTS: Final = 24
"""Keys that are columns: those of which most was said."""
_AT_A_TIME: Final = 100_000

Array = npt.NDArray[Any]


class _Said:
    """What is said of each row under one key up to now: a number (NaN for none), or a text's code (0 for none)."""

    def __init__(self, rows: int) -> None:
        self.number = np.full(rows, np.nan)
        self.code = np.zeros(rows, np.uint32)
        self.names: dict[str, int] = {"": 0}

    def add(self, at: Array, numbers: Array, texts: Sequence[str | None]) -> None:
        """Say something of some rows; of a row that comes twice the last counts. Neither takes back what was said."""
        names = self.names
        self.number[at] = numbers
        self.code[at] = np.fromiter(
            (names.setdefault((text or "")[:VALUE_CHARS], len(names)) for text in texts),
            np.uint32,
            len(texts),
        )

    def column(self) -> Column | None:
        """None where nothing is said, or too many different texts."""
        known = ~np.isnan(self.number)
        if not self.code.any():
            return Numbers.of(self.number) if known.any() else None
        for number in np.unique(self.number[known]).tolist():
            rows = self.number == number
            self.code[rows] = self.names.setdefault(spelled_number(number), len(self.names))
        used = np.unique(self.code)
        if len(used) > LIMIT + 1:
            return None
        spelled = list(self.names)
        names = ["", *(spelled[code] for code in used.tolist() if code)]
        place = np.zeros(len(spelled), np.uint32)
        place[used[used > 0]] = np.arange(1, len(names))
        return Words(smallest_codes(place[self.code], len(names)), names)


def fact_columns(
    objects: Objects, entries: Sequence[Operation], dataset: str, ids: IdArray
) -> dict[str, Column]:
    """Key → the column of its facts about `ids` (sorted), as `govern.facts.facts` folds them. Raises Damaged."""
    objects = Objects(objects.storage, cache_bytes=0)  # read once or twice, one after the other
    stated = [one for one in entries if one.action == FACT and one.dataset == dataset]
    amount: Counter[str] = Counter()
    for one in stated:
        for entry in facts_in(objects, one).column("key").value_counts().to_pylist():
            amount[entry["values"]] += entry["counts"]
    keys = sorted(amount, key=lambda key: (-amount[key], key))[:MOST_FACTS]
    said = {key: _Said(len(ids)) for key in sorted(keys)}
    for one in stated:
        table = facts_in(objects, one)
        for start in range(0, len(table), _AT_A_TIME):
            _take(said, table.slice(start, _AT_A_TIME), ids)
        del table
        pa.default_memory_pool().release_unused()  # Arrow keeps what was freed, for as long as the process lives
    columns: dict[str, Column | None] = {}
    for key in list(said):
        columns[key] = said.pop(key).column()
    return {key: column for key, column in columns.items() if column is not None}


def _take(said: dict[str, _Said], table: pa.Table, ids: IdArray) -> None:
    at = find(ids, ids_of(table.column("id")))
    key = table.column("key").combine_chunks().dictionary_encode()
    code = key.indices.to_numpy()
    numbers = table.column("number").to_numpy().astype(np.float64)
    values = table.column("value").combine_chunks()
    for number, name in enumerate(key.dictionary.to_pylist()):
        rows = np.flatnonzero((code == number) & (at >= 0))
        if name in said and len(rows):
            said[name].add(at[rows], numbers[rows], values.take(pa.array(rows)).to_pylist())
