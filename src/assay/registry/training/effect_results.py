"""What `compare` answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from assay.measure.drift.features import ALPHA
from assay.measure.effect.bootstrap import LEAST_RUNS, Bootstrapped
from assay.measure.effect.estimate import LEVEL, Difference
from assay.measure.effect.power import POWER, Needed
from assay.registry.training.effect_data import Moved

SEEDS: Final = "not enough seeds to tell"
ITEMS: Final = "too few items to tell"
NONE: Final = "no difference shown"


@dataclass(frozen=True, slots=True)
class RunScore:
    """What one run scored: the mean over the items that are compared, or the figure that its tool gives."""

    run: str
    seed: int | None
    score: float
    items: int
    operation: int | None

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.run, "seed": self.seed, "score": self.score, "items": self.items, "operation": self.operation,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stratum:
    """The items with one value of a field. `p`: corrected for all values of the field. `moved`: the training rows
    with the same value, None where rows do not state the field."""

    value: str
    difference: Difference
    p: float | None
    verdict: str
    moved: Moved | None

    def as_json(self) -> dict[str, Any]:
        return {
            "value": self.value, **difference_json(self.difference), "p_corrected": self.p, "verdict": self.verdict,
            "rows": None if self.moved is None else self.moved.as_json(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A field of items and their values, those with most items first. `feature`: what rows call it, None where they
    do not state it. `elsewhere`: values that rows changed in and no item has."""

    name: str
    feature: str | None
    strata: tuple[Stratum, ...]
    elsewhere: tuple[tuple[str, Moved], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.name, "rows_call_it": self.feature, "strata": [one.as_json() for one in self.strata],
            "changed_elsewhere": [{"value": value, **moved.as_json()} for value, moved in self.elsewhere],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of one evaluation, over all items."""

    evaluation: str
    metric: str
    lower: bool
    points: bool
    paired: str
    difference: Difference
    left_out: int
    runs: tuple[tuple[RunScore, ...], tuple[RunScore, ...]]

    @property
    def verdict(self) -> str:
        return verdict(self.difference, self.lower, None)

    def as_json(self) -> dict[str, Any]:
        return {
            "evaluation": self.evaluation, "metric": self.metric, "lower_is_better": self.lower, "points": self.points,
            "verdict": self.verdict, "paired_by": self.paired, **difference_json(self.difference),
            "items_left_out": self.left_out,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Effect:
    """What runs on `b` scored beyond runs on `a`. `main`: the measure that is looked into; `others`: all others
    that both sides have. `moved`: the rows that came and went. `missing`: a side without runs that were
    measured."""

    a: str
    b: str
    main: Measure | None
    others: tuple[Measure, ...]
    fields: tuple[Field, ...]
    moved: Moved
    needed: Needed | None
    bootstrap: Bootstrapped | None
    correction: str
    unmeasured: tuple[int, int]

    @property
    def worse(self) -> bool:
        """Whether the interval lies wholly where models are worse."""
        return self.main is not None and self.main.verdict == "worse"

    def as_json(self) -> dict[str, Any]:
        main = self.main
        sides = main.runs if main is not None else ((), ())
        return {
            "a": self.a, "b": self.b, "level": LEVEL, "correction": self.correction,
            "verdict": SEEDS if main is None else main.verdict,
            "effect": None if main is None else main.as_json(),
            "runs": {"a": [one.as_json() for one in sides[0]], "b": [one.as_json() for one in sides[1]]},
            "runs_without_results": {"a": self.unmeasured[0], "b": self.unmeasured[1]},
            "needed": needed_json(self.needed), "bootstrap": bootstrap_json(self.bootstrap, main),
            "rows": self.moved.as_json(), "fields": [one.as_json() for one in self.fields],
            "others": [one.as_json() for one in self.others],
        }  # fmt: skip


def verdict(found: Difference, lower: bool, p: float | None) -> str:
    """What an interval says in words; with `p`, corrected for others, only what stays below `ALPHA`."""
    if found.low is None:
        return SEEDS if min(found.runs) < 2 else ITEMS
    if not found.clear or (p is not None and p >= ALPHA):
        return NONE
    return "better" if (found.value > 0) != lower else "worse"


def difference_json(found: Difference) -> dict[str, Any]:
    return {
        "difference": found.value, "low": found.low, "high": found.high, "p": found.p, "runs": list(found.runs),
        "items": found.items, "means": list(found.means), "share_of_variance_by_seeds": found.by_seeds,
    }  # fmt: skip


def needed_json(found: Needed | None) -> Mapping[str, Any] | None:
    return None if found is None else {"runs_a_side": found.runs, "items": found.items, "power": POWER}


def bootstrap_json(found: Bootstrapped | None, main: Measure | None) -> Mapping[str, Any] | None:
    if found is None or main is None:
        return None
    return {
        "draws": found.draws, "percentile": list(found.percentile), "bca": list(found.bca), "t": list(found.t),
        "too_few_runs": min(main.difference.runs) < LEAST_RUNS,
    }  # fmt: skip
