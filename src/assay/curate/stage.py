"""What a stage is: the seam between curation and its checks.

A *row stage* looks at one example at a time and comes in two halves. `measure` is the expensive half: it
turns a batch into columns of values and may depend only on the parameters named in `measured_by`, so that
values can be cached by (example id, stage, version, those parameters). `checks` is the cheap half: it holds
the values against thresholds. A changed threshold therefore recomputes nothing.

A *set stage* looks at all examples at once, on compact columns only: `keys` makes them, batch by batch, in
the workers; `decide` sees all of them and says which rows go and which kept row stands in their stead.

A *selector* looks at all examples that are left once checks and duplicates are settled, and says which of
them go for the good of the whole: too many of a kind, too little that is new.

A stage that needs more than its parameters (the frozen eval sets, another version, a model) is given it by
`bind`, before the first batch.

All are frozen pydantic models: the parameters are the fields, unknown ones are refused. They are pure:
they do no I/O and know nothing of engine, ledger or log. A stage is found by its entry point in the group
`assay.stages`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, Self

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
    notes: Mapping[int, str] = field(default_factory=dict)
    """Row → evidence in words, for rows that failed: what was matched, and where. Kept in the ledger."""


class Resources(Protocol):
    """What a stage may ask for before the first batch. Everything comes from the registry or a named file."""

    def eval_sets(self) -> Sequence[EvalSet]:
        """All frozen eval sets of the registry, by name."""
        ...

    def payloads(self, ref: str) -> Iterator[Sequence[tuple[bytes, dict[str, Any]]]]:
        """The examples of a version (id, payload), batch by batch. Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class EvalSet:
    """A frozen eval set: `items` are (question, answer) in order; `digest` is its fingerprint."""

    name: str
    digest: str
    items: Sequence[tuple[str, str]]


class Stage(BaseModel):
    """What both sorts of stage share: a name, a version that changes when results do, typed parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    codes: ClassVar[Mapping[str, str]]
    """Every code the stage can give, with the sentence that explains it to a person."""

    def bind(self, resources: Resources) -> Self:
        """This stage with what it needs beyond its parameters."""
        return self

    @property
    def lineage(self) -> Mapping[str, str]:
        """Digests of what `bind` brought in (models, eval sets); recorded with the version."""
        return {}


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

    def rewrite(self, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        """The payload as it should be instead, or None where nothing is to change. Most stages change nothing.

        Rewriting comes before all checks of all stages. What it gives is an example of its own, edited from
        the original: of the same kind, and rewriting it again changes nothing. The argument is left as it is.
        """
        return None


@dataclass(frozen=True, slots=True)
class Rows:
    """What a set stage may know of n rows, all arrays of length n.

    `keys`: the columns that its `keys` made. `rank`: int64, a permutation; of two rows that are the same
    the one with the smaller rank is kept. `eligible`: bool; only such a row may be kept (it passes every
    row check). `texts(rows)` fetches the full texts (`Batch.texts`) of some rows, given as int64 indices.
    `ids`: S32, the example ids, for ties that must not depend on row order.
    """

    keys: Columns
    rank: npt.NDArray[np.int64]
    eligible: npt.NDArray[np.bool_]
    texts: Callable[[Sequence[int]], list[str]]
    ids: npt.NDArray[np.bytes_] = field(default_factory=lambda: np.empty(0, "S32"))

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


@dataclass(frozen=True, slots=True)
class Removals:
    """What a selector found: row `row[k]` goes (or is flagged) under the stage's `code[k]`-th code.

    `row`: int64[m], each row once; `code`: int16[m], index into `codes` in their order; `value`,
    `threshold`: float64[m], NaN where there is none; `twin`: int64[m], a row that explains it and stays, −1
    without; `notes`: position in `row` → evidence in words. `weights`: float64[n] for all rows, or None:
    how often a row should be drawn in training (oversampling is a weight and never a copy).
    `summary`: what a person should know of the whole (distances, curves): JSON values only.
    """

    row: npt.NDArray[np.int64]
    code: npt.NDArray[np.int16]
    value: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]
    twin: npt.NDArray[np.int64]
    notes: Mapping[int, str] = field(default_factory=dict)
    weights: npt.NDArray[np.float64] | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


class Selector(Stage):
    """Chooses among the rows that passed all checks and are nobody's duplicate.

    Selectors run after all deduplicators, in recipe order, each on what the one before it left.
    """

    action: Literal["reject", "flag"] = "reject"

    def keys(self, batch: Batch) -> Columns:
        """Compact columns for n rows."""
        raise NotImplementedError

    def select(self, rows: Rows) -> Removals:
        """Which rows go. Depends on the set of rows alone and not on their order (ties go by `rows.ids`)."""
        raise NotImplementedError
