"""What a stage is: the seam between curation and its checks.

A *row stage* looks at one example at a time and comes in two halves. `measure` is the expensive half: it
turns a batch into columns of values and may depend only on the parameters named in `measured_by`, so that
values can be cached by (example id, stage, version, those parameters). `checks` is the cheap half: it holds
the values against thresholds. A changed threshold therefore recomputes nothing.

A *set stage* looks at all examples at once, on compact columns only: `keys` makes them, batch by batch, in
the workers; `decide` sees all of them and says which rows go and which kept row stands in their stead.

Both are frozen pydantic models: the parameters are the fields, unknown ones are refused. They are pure:
they do no I/O and know nothing of engine, ledger or log. A stage is found by its entry point in the group
`assay.stages`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from assay.curate.batch import Batch

Columns = Mapping[str, npt.NDArray[np.generic]]
"""Named NumPy arrays whose first axis is the row."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check on n rows.

    `code` is stable and for programs (`output_too_short`). `failed`: bool[n]. `value`: float64[n], the
    value found (NaN where it makes no sense). `threshold`: the bound it was held against, if there is one.
    """

    code: str
    failed: npt.NDArray[np.bool_]
    value: npt.NDArray[np.float64]
    threshold: float | None


class Stage(BaseModel):
    """What both sorts of stage share: a name, a version that changes when results do, typed parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    codes: ClassVar[Mapping[str, str]]
    """Every code the stage can give, with the sentence that explains it to a person."""


class RowStage(Stage):
    """A pure function over a batch, giving values and then verdicts. See the module's docstring."""

    measured_by: ClassVar[tuple[str, ...]] = ()

    action: Literal["reject", "flag"] = "reject"
    """`flag` keeps the row and notes the finding in the ledger."""

    def measure(self, batch: Batch) -> Columns:
        """The values of n rows, as columns of length n."""
        raise NotImplementedError

    def checks(self, values: Columns) -> list[Check]:
        """The verdicts, in the order in which they are reported."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Rows:
    """What a set stage may know of n rows, all arrays of length n.

    `keys`: the columns that its `keys` made. `rank`: int64, a permutation; of two rows that are the same
    the one with the smaller rank is kept. `eligible`: bool; only such a row may be kept (it passes every
    row check). `texts(rows)` fetches the full texts (`Batch.texts`) of some rows, given as int64 indices.
    """

    keys: Columns
    rank: npt.NDArray[np.int64]
    eligible: npt.NDArray[np.bool_]
    texts: Callable[[Sequence[int]], list[str]]

    def __len__(self) -> int:
        return len(self.rank)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What a deduplicator found: row `row[k]` goes, because row `twin[k]`, which stays, is the same.

    `row`, `twin`: int64[m]; `similarity`: float64[m], true similarity of the two. No twin is itself in `row`;
    every twin is eligible.
    """

    row: npt.NDArray[np.int64]
    twin: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float64]


class SetStage(Stage):
    """A deduplicator: `keys(batch)` in the workers, `decide(all rows)` once. See the module's docstring."""

    code: ClassVar[str]
    """The code under which a removed row is reported."""

    @property
    def floor(self) -> float:
        """The least `similarity` at which two rows are the same."""
        raise NotImplementedError

    def keys(self, batch: Batch) -> Columns:
        """Compact columns for n rows; all that `decide` sees of them, but for the texts it asks for."""
        raise NotImplementedError

    def decide(self, rows: Rows) -> Duplicates:
        """Which rows go, and for which kept row each. Depends on the set of rows and their ranks alone."""
        raise NotImplementedError

    def similarity(self, a: str, b: str) -> float:
        """The true similarity of two texts, 0 to 1; at least `floor` means that they are the same."""
        raise NotImplementedError
