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
from pydantic import BaseModel, ConfigDict, Field

from assay.curate.batch import Batch
from assay.curate.judging import Judge
from assay.kernels.texts import AnyTexts, Texts

Columns = Mapping[str, npt.NDArray[np.generic]]
"""Named NumPy arrays whose first axis is the row."""

Memory = dict[str, npt.NDArray[Any]]

Payloads = Callable[[Sequence[int]], list[dict[str, Any]]]
"""Row numbers → the payloads of these rows."""


def no_payloads(rows: Sequence[int]) -> list[dict[str, Any]]:
    """Payloads where there are none to be had."""
    if len(rows):
        raise LookupError("nobody said where payloads are")
    return []


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

    def judge(self, rubric: str, models: Sequence[str], params: Mapping[str, Any], draws: int) -> Judge:
        """Judges that ask `models` (PROVIDER/MODEL) with a rubric, a built-in one's name or a path. Raises UsageError
        where nobody said which language models may be called, NotFound, BadInput."""
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

    cheap: ClassVar[bool] = False
    """Whether measuring again costs less than looking it up."""

    @property
    def measured(self) -> Mapping[str, Any]:
        """The parameters that what is measured depends on, as JSON values: all of them unless a stage knows better."""
        return self.model_dump(mode="json")

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
    spares_eval_sources: ClassVar[bool] = False
    """Whether rows that become the test split are left alone."""

    action: Literal["reject", "flag"] = "reject"
    """`flag` keeps the row and notes the finding in the ledger."""

    @property
    def measured(self) -> Mapping[str, Any]:
        return {
            name: value for name, value in self.model_dump(mode="json").items() if name in self.measured_by
        }

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

    def rewrites(self, batch: Batch) -> dict[int, dict[str, Any]]:
        """`rewrite` for the rows of a batch that it changes. Stages that can tell by less override it."""
        if type(self).rewrite is RowStage.rewrite:
            return {}
        found = {row: self.rewrite(payload) for row, payload in enumerate(batch.payloads)}
        return {row: payload for row, payload in found.items() if payload is not None}


@dataclass(frozen=True, slots=True)
class Rows:
    """What a set stage may know of n rows, all arrays of length n.

    `keys`: the columns that its `keys` made. `rank`: int64, a permutation; of two rows that are the same
    the one with the smaller rank is kept. `eligible`: bool; only such a row may be kept (it passes every
    row check). `texts(rows)` fetches the full texts (`Batch.texts`) of some rows, given as int64 indices.
    `ids`: S32, the example ids, for ties that must not depend on row order. `pinned`: bool, a row that may not
    go (it stands in the version that is added to). `tier`: int8, what comes before any score: 0 pinned, 1 an
    eval row, 2 in the parent version, 3 new. `whole`: the same rows among all that were gathered, for
    stages that can do without a copy of their keys. `allocate(shape, dtype)` makes large arrays, within the memory
    that was allowed. `payloads(rows)` fetches payloads, for selectors alone: not those of pinned rows, whose text may
    be nowhere at hand, and some thousands at a time, since it holds them all.
    """

    keys: Columns
    rank: npt.NDArray[np.int64]
    eligible: npt.NDArray[np.bool_]
    texts: Callable[[Sequence[int]], list[str]]
    ids: npt.NDArray[np.bytes_] = field(default_factory=lambda: np.empty(0, "S32"))
    pinned: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    tier: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros(1, np.int8))
    whole: Whole | None = None
    allocate: Callable[..., npt.NDArray[Any]] = np.empty
    payloads: Payloads = no_payloads

    def __len__(self) -> int:
        return len(self.rank)

    def all_of_them(self) -> Whole:
        """The rows as they lie among all; among themselves where nobody said."""
        if self.whole is not None:
            return self.whole
        return Whole(self.keys, Texts.of(self.texts(range(len(self)))), np.arange(len(self)))


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows that were gathered, and which of them count: `at` int64[n], positions in `keys` and `texts`.

    `memory` holds what the stage left there when it decided on the same rows before, in this run or an earlier one:
    columns by name. A stage may read and replace them; its answer is the same whatever it finds.
    """

    keys: Columns
    texts: AnyTexts
    at: npt.NDArray[np.int64]
    memory: Memory = field(default_factory=dict)


class Picked(Mapping[str, npt.NDArray[np.generic]]):
    """Columns at some rows, each picked when it is asked for."""

    def __init__(self, columns: Columns, rows: npt.NDArray[np.int64]) -> None:
        self._columns = columns
        self._rows = rows

    def __getitem__(self, name: str) -> npt.NDArray[np.generic]:
        column = self._columns[name]
        return column if len(self._rows) == len(column) else column[self._rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What a deduplicator found: row `row[k]` goes, because row `twin[k]`, which stays, is the same.

    `row`, `twin`: int64[m]; `similarity`: float64[m], true similarity of the two. No twin is itself in `row`;
    every twin is eligible. `foreign`: position in `row` → (id, ref) where the twin is an example of another
    version; `twin` is −1 there.
    """

    row: npt.NDArray[np.int64]
    twin: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float64]
    foreign: Mapping[int, tuple[bytes, str]] = field(default_factory=dict)


class SetStage(Stage):
    """A deduplicator: `keys(batch)` in the workers, `decide(all rows)` once. See the module's docstring."""

    code: ClassVar[str]
    """The code under which a removed row is reported."""

    score: str | None = Field(default=None, min_length=1)
    """A field with a number: of rows that are the same the one with the greatest stays. It counts after what stands
    already (the version that is added to, eval rows, the parent), and before length. None counts as least."""

    def scores(self, batch: Batch) -> npt.NDArray[np.float64]:
        """float64[n]: the field `score`, minus infinity where it is no number."""
        found = [
            float(v) if isinstance(v, (int, float)) and not isinstance(v, bool) and v == v else -np.inf
            for v in batch.column(self.score or "")
        ]
        return np.array(found, np.float64)

    def order(self, rows: Rows) -> npt.NDArray[np.int64]:
        """All rows, those that may stay first, the best of them first."""
        if self.score is None or "score" not in rows.keys:
            by_rank = np.empty(len(rows), np.int64)
            by_rank[rows.rank] = np.arange(len(rows))
            eligible = rows.eligible[by_rank]
            return np.concatenate([by_rank[eligible], by_rank[~eligible]])
        score = rows.keys["score"].astype(np.float64)
        return np.lexsort((rows.rank, -score, rows.tier, ~rows.eligible))

    @property
    def view(self) -> str:
        """Which text of an example `similarity` compares: text, input or output."""
        return "text"

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
    how often a row should be drawn in training (oversampling is a weight and never a copy). `flagged`: bool[m] of a
    selector that both rejects and flags: these stay, with the finding; None: its `action` says it of all.
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
    flagged: npt.NDArray[np.bool_] | None = None


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
