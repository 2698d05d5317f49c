"""What items of an evaluation scored, as a table: how it is kept, and how it is read again.

Columns: `item` (text), `content` (text, a digest of what was asked; null where unknown), `place` (int32, the item's
place in the frozen eval set; null where it is in none), `language` (text), `tag.NAME` (text) and `score.NAME`
(float64) for each tag and metric.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.errors import Damaged
from assay.kernels.language import UNKNOWN, language_of
from assay.store.objects import Objects, object_key
from assay.store.parquet import get_table, put_table
from assay.track.results.values import Evaluation, Item

LANGUAGE: Final = "language"
_TAG, _SCORE = "tag.", "score."


@dataclass(frozen=True, slots=True)
class Measured:
    """What n items scored in one run; a table as `table_of` makes it, sorted by item."""

    table: pa.Table

    @property
    def items(self) -> pa.Array:
        """text[n]."""
        return _column(self.table, "item")

    @property
    def content(self) -> pa.Array:
        """text[n], null where nothing is known of what was asked."""
        return _column(self.table, "content")

    @property
    def metrics(self) -> frozenset[str]:
        return frozenset(n.removeprefix(_SCORE) for n in self.table.column_names if n.startswith(_SCORE))

    @property
    def tags(self) -> tuple[str, ...]:
        """The names of the tags, the language's among them."""
        names = self.table.column_names
        return (*(n.removeprefix(_TAG) for n in names if n.startswith(_TAG)), LANGUAGE)

    def scores(self, metric: str) -> npt.NDArray[np.float32]:
        """float32[n], NaN where an item has none."""
        held: npt.NDArray[np.float32] = (
            _column(self.table, _SCORE + metric).cast(pa.float32()).to_numpy(False)
        )
        return held

    def tag(self, name: str) -> pa.Array:
        """text[n], null where an item states none."""
        return _column(self.table, LANGUAGE if name == LANGUAGE else _TAG + name)


def _column(table: pa.Table, name: str) -> pa.Array:
    held = table[name].combine_chunks()
    return held.combine_chunks() if isinstance(held, pa.ChunkedArray) else held


def digest_of(question: str) -> str:
    """What stands for a question: SHA-256 of its words, so that white space around and between them does not
    count."""
    return hashlib.sha256(" ".join(question.split()).encode("utf-8", "surrogatepass")).hexdigest()


def table_of(found: Evaluation, places: Mapping[str, int]) -> pa.Table:
    """The items of an evaluation. `places`: digest of a question → its place in the frozen eval set."""
    items = sorted(found.items, key=lambda one: one.id)
    asked = [digest_of(one.question) if one.question else None for one in items]
    tags = sorted({name for one in items for name in one.tags} - {LANGUAGE})
    columns: dict[str, Any] = {
        "item": pa.array([_sound(one.id) for one in items], pa.string()),
        "content": pa.array(
            [_content(one, digest) for one, digest in zip(items, asked, strict=True)], pa.string()
        ),
        "place": pa.array([places.get(digest or "") for digest in asked], pa.int32()),
        LANGUAGE: pa.array([_language(one) for one in items], pa.string()),
    }
    for name in tags:
        said = [one.tags.get(name) for one in items]
        columns[_TAG + _sound(name)] = pa.array([None if t is None else _sound(t) for t in said], pa.string())
    for name in found.metrics:
        columns[_SCORE + _sound(name)] = pa.array([one.scores.get(name) for one in items], pa.float64())
    return pa.table(columns)


def put_items(objects: Objects, table: pa.Table) -> str:
    """Write the table as an object; its name."""
    return put_table(
        objects, table, [name for name in table.column_names if name.startswith((_TAG, LANGUAGE))]
    )


def read_items(objects: Objects, name: str) -> Measured:
    """The table that an object holds. Raises Damaged."""
    table = get_table(objects, name)
    if not {"item", "content", LANGUAGE} <= set(table.column_names) or table["item"].null_count:
        raise Damaged(f"{object_key(name)} holds no results of items")
    return Measured(table)


def _content(item: Item, digest: str | None) -> str | None:
    return digest if item.content is None else _sound(item.content[:200])


def _language(item: Item) -> str | None:
    """What the item states, else what its question is written in."""
    if LANGUAGE in item.tags:
        return _sound(item.tags[LANGUAGE])
    if item.question is None:
        return None
    found, _ = language_of(item.question)
    return None if found == UNKNOWN else found


def _sound(said: str) -> str:
    """With what is no character replaced: Arrow holds UTF-8."""
    return said.encode("utf-8", "replace").decode()
