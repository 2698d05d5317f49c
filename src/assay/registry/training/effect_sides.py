"""The runs of either version with what they scored: from the log, or from files that were named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.registry.training.items import Measured, table_of
from assay.track.results.reading import read
from assay.track.results.values import Evaluation

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.training.results import RunResults
    from assay.registry.version import Version

RECEIPT: Final = "training"
"""What the metrics of receipts are called."""
_LOWER: Final = frozenset(
    (
        "loss",
        "perplexity",
        "ppl",
        "error",
        "err",
        "wer",
        "cer",
        "ter",
        "mae",
        "mse",
        "rmse",
        "brier",
        "bpb",
        "nll",
    )
)
_NO_SCORE: Final = ("runtime", "per_second", "epoch", "step", "flos", "learning_rate", "grad_norm", "num_")
_SMALL: Final = 4 << 20
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scored:
    """One run on one evaluation. `open` gives what its items scored, None of figures alone; `of_items`: the metrics
    that they have. `operation`: the log entry that says so, None of a file."""

    run: str
    evaluation: str
    seed: int | None
    figures: Mapping[str, float]
    lower: frozenset[str]
    open: Callable[[], Measured] | None = None
    of_items: frozenset[str] = frozenset()
    eval_set: str | None = None
    operation: int | None = None

    @property
    def metrics(self) -> frozenset[str]:
        return frozenset(self.figures) | self.of_items


def from_log(registry: Registry, version: Version, evaluation: str | None) -> list[Scored]:
    """What is known of the runs of a version, or of the split that it is; runs that failed are left out."""
    split = version.name.partition(":")[2] or None
    ref = version.name.partition(":")[0]
    runs = [run for run in registry.runs.list(ref) if split is None or run.split == split]
    receipts = {(run.name, run.split): registry.runs.receipt(run) for run in runs}
    found = []
    for key, receipt in receipts.items():
        if receipt is None or receipt.state == "failed" or evaluation not in (None, RECEIPT):
            continue
        figures = {name: value for name, value in receipt.metrics.items() if _is_score(name)}
        if figures:
            found.append(Scored(key[0], RECEIPT, receipt.seed, figures, frozenset()))
    for one in registry.results.list(ref):
        key = (one.at.run, one.at.split)
        if key not in receipts or evaluation not in (None, one.at.evaluation, one.eval_set):
            continue
        receipt = receipts[key]
        if receipt is not None and receipt.state == "failed":
            continue
        seed = receipt.seed if receipt is not None and receipt.seed is not None else one.seed
        found.append(
            Scored(
                one.at.run, one.at.evaluation, seed, one.figures, one.lower, _opener(registry, one), one.of_items,
                one.eval_set, one.at.operation.seq,
            )
        )  # fmt: skip
    return found


def from_files(
    files: Sequence[str], evaluation: str | None, columns: Mapping[str, str] | None
) -> list[Scored]:
    """A run a file, or as many as its rows name. Raises NotFound, BadInput."""
    found = []
    for file in files:
        for one in read(file, columns):
            of_the_file = one.name == Path(file).stem  # which is the run's name, not the evaluation's
            if evaluation in (None, one.name) or of_the_file:
                task = evaluation or ("" if of_the_file else one.name)
                opener, of_items = _held(one) if one.items else (None, frozenset())
                name = one.run or Path(file).stem
                found.append(
                    Scored(name, task, one.seed, one.figures, one.lower, opener, frozenset(of_items))
                )
    return found


def _held(one: Evaluation) -> tuple[Callable[[], Measured], tuple[str, ...]]:
    held = Measured(table_of(one, {}))
    return (lambda: held), one.metrics


def _opener(registry: Registry, one: RunResults) -> Callable[[], Measured] | None:
    """Opens a table when it is asked for; small ones are held, so that a second metric does not read them again."""
    if one.items is None:
        return None
    kept: list[Measured] = []

    def opened() -> Measured:
        if kept:
            return kept[0]
        found = registry.results.items(one)
        assert found is not None, "results with items have a table of them"
        if found.table.nbytes <= _SMALL:
            kept.append(found)
        return found

    return opened


def less_is_better(metric: str, runs: Sequence[Scored]) -> bool:
    """Whether less of a metric is better: the tool says so, or its name does (`eval_loss`, `word_perplexity`)."""
    if any(metric in one.lower for one in runs):
        return True
    return bool(_LOWER & set(metric.lower().replace(",", "_").replace("-", "_").replace(".", "_").split("_")))


@dataclass(frozen=True, slots=True)
class Aligned:
    """Scores of the same items in the same order. `left_out`: items that not all runs have a score for, or that
    were not the same question in all of them. `tags`: name → text[items]."""

    before: Floats
    after: Floats
    tags: Mapping[str, pa.Array]
    left_out: int


def align(before: Sequence[Scored], after: Sequence[Scored], metric: str) -> Aligned:
    """The items that all runs were measured on: runs × items, perhaps none. One table is open at a time."""
    every = [one.open for one in (*before, *after) if one.open is not None]
    first = every[0]()
    items, content, most = first.items, first.content, 0
    scores = np.empty((len(every), len(items)), np.float32)
    same = np.ones(len(items), np.bool_)
    for k, opened in enumerate(every):
        one = opened()
        most = max(most, len(one.items))
        held, theirs = one.scores(metric), one.content
        if not one.items.equals(items):
            row = pc.index_in(items, value_set=one.items)
            here, theirs = row.is_valid().to_numpy(zero_copy_only=False), theirs.take(row)
            held = np.where(here, held[pc.fill_null(row, 0).to_numpy()] if len(held) else np.nan, np.nan)
        scores[k] = held
        if not theirs.equals(content):
            same &= pc.fill_null(pc.equal(theirs, content), True).to_numpy(zero_copy_only=False)
    sound = same & ~np.isnan(scores).any(0)
    kept = scores if sound.all() else scores[:, sound]
    mask = pa.array(sound)
    tags = {name: first.tag(name).filter(mask) for name in first.tags}
    return Aligned(kept[: len(before)], kept[len(before) :], tags, most - int(sound.sum()))


def _is_score(metric: str) -> bool:
    return not any(word in metric for word in _NO_SCORE)
