"""What a rule may know of a version: streams of its rows, what stages measured of them, and what came before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns
from assay.kernels.ids import IdArray


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Some rows of a split: `ids` V32[n], and `table` with the stored columns that were asked for."""

    split: str
    ids: IdArray
    table: pa.Table

    def column(self, name: str) -> list[Any]:
        """The values of a stored column, None where a row states none."""
        values: list[Any] = self.table.column(name).to_pylist()
        return values

    def where(self, rows: Sequence[bool] | npt.NDArray[np.bool_]) -> IdArray:
        """The ids of the rows that are marked."""
        found: IdArray = self.ids[np.asarray(rows, np.bool_)]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Some examples of a split, decoded: `ids` V32[n], and `batch` with payloads, texts and the records' fields."""

    split: str
    ids: IdArray
    batch: Batch


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What a stage measured of some rows: `values`, and the `checks` they give with the stage's parameters."""

    split: str
    ids: IdArray
    values: Columns
    checks: Sequence[Check]


class View(Protocol):
    """One version, read only. Everything streams: a rule keeps what it counts and no texts, or says so.

    Rows come split by split, in tables of a few thousand, in an order that is the same every time.
    """

    @property
    def name(self) -> str:
        """`helpdesk@v2`."""
        ...

    @property
    def counts(self) -> Mapping[str, int]:
        """Examples by split; splits without any are absent."""
        ...

    @property
    def parent(self) -> View | None:
        """The version that this one is a change of; None for a first one."""
        ...

    @property
    def curation(self) -> Mapping[str, Any] | None:
        """How the version came about (`recipe`, `funnel`, `counts`, `lineage`); None where no curation made it."""
        ...

    @property
    def eval_sets(self) -> Sequence[str]:
        """The names of the frozen eval sets of the registry."""
        ...

    def stored(self, columns: Sequence[str]) -> Iterator[Stored]:
        """All rows with some of their stored columns (docs/format.md, Segments)."""
        ...

    def examples(self) -> Iterator[Examples]:
        """All rows, decoded."""
        ...

    def measured(self, stage: str, params: Mapping[str, Any]) -> Iterator[Measured]:
        """What a row stage, by its name in a recipe, measures of all rows. What was measured before is remembered.

        Raises InvalidRecipe for a stage or parameters that there are not; NotFound for an eval set.
        """
        ...

    def facts(self, key: str) -> Mapping[bytes, str]:
        """What is stated about examples of the dataset under a key, by id; numbers are spelled."""
        ...

    def reviewed(self, auto: bool = True) -> IdArray:
        """V32, sorted: the examples of the dataset that a review decided to be fit as they are, by people or (with
        `auto`) by a program that the queue trusts."""
        ...
