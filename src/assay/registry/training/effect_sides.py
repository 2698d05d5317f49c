"""The runs of either version with what they scored: from the log, or from files that were named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.registry.training.items import Measured, table_of
from assay.track.results.reading import read

if TYPE_CHECKING:
    from assay.registry import Registry
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
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scored:
    """One run on one evaluation. `operation`: the log entry that says so, None of a file."""

    run: str
    evaluation: str
    seed: int | None
    figures: Mapping[str, float]
    lower: frozenset[str]
    items: Measured | None
    eval_set: str | None = None
    operation: int | None = None

    @property
    def metrics(self) -> frozenset[str]:
        return frozenset(self.figures) | (self.items.metrics if self.items is not None else frozenset())


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
            found.append(Scored(key[0], RECEIPT, receipt.seed, figures, frozenset(), None))
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
                one.at.run, one.at.evaluation, seed, one.figures, one.lower, registry.results.items(one), one.eval_set,
                one.at.operation.seq,
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
            items = Measured(table_of(one, {})) if one.items else None
            name = one.run or Path(file).stem
            if evaluation is None or evaluation == one.name or (len(files) and one.name == Path(file).stem):
                task = evaluation or ("" if one.name == Path(file).stem else one.name)
                found.append(Scored(name, task, one.seed, one.figures, one.lower, items))
    return found


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


def align(before: Sequence[Measured], after: Sequence[Measured], metric: str) -> Aligned:
    """The items that all runs were measured on: runs × items of either side, perhaps none."""
    every = [*before, *after]
    first = every[0]
    asked = [one.items for one in every]
    if all(items.equals(asked[0]) for items in asked[1:]):
        rows: list[pa.Array | None] = [None] * len(every)
        common = first.items
    else:
        common = first.items
        for items in asked[1:]:
            common = common.filter(pc.is_in(common, value_set=items))
        rows = [pc.index_in(common, value_set=items) for items in asked]
    scores = np.empty((len(every), len(common)), np.float32)
    sound = np.ones(len(common), np.bool_)
    content = _taken(first.content, rows[0])
    for k, (one, row) in enumerate(zip(every, rows, strict=True)):
        held = one.scores(metric)
        scores[k] = held if row is None else held[row.to_numpy()]
        theirs = _taken(one.content, row)
        if not theirs.equals(content):
            sound &= pc.fill_null(pc.equal(theirs, content), True).to_numpy(zero_copy_only=False)
    sound &= ~np.isnan(scores).any(0)
    most = max(len(items) for items in asked)
    kept = scores if sound.all() else scores[:, sound]
    mask = pa.array(sound)
    tags = {name: _taken(first.tag(name), rows[0]).filter(mask) for name in first.tags}
    return Aligned(kept[: len(before)], kept[len(before) :], tags, most - int(sound.sum()))


def _taken(values: pa.Array, rows: pa.Array | None) -> pa.Array:
    return values if rows is None else values.take(rows)


def _is_score(metric: str) -> bool:
    return not any(word in metric for word in _NO_SCORE)
