"""compare: what models that learned from one version score beyond those that learned from another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import UsageError
from assay.measure.drift.chance import benjamini_hochberg, holm
from assay.measure.effect.bootstrap import Bootstrapped, bootstrap
from assay.measure.effect.estimate import difference, difference_by_seed, difference_of_means
from assay.measure.effect.power import Needed, needed
from assay.registry.training.effect_data import Changes, changes
from assay.registry.training.effect_results import Effect, Field, Measure, RunScore, Stratum, verdict
from assay.registry.training.effect_sides import Aligned, Scored, align, from_files, from_log, less_is_better
from assay.registry.training.kept_effects import answers, asked, told

if TYPE_CHECKING:
    from assay.registry import Registry

LEAST_ITEMS: Final = 10
"""Of a stratum: with fewer, nothing is said of it."""
MOST_FIELDS: Final = 6
MOST_MEASURES: Final = 24
_ELSEWHERE: Final = 5
_PREFERRED: Final = (
    "accuracy", "acc", "exact_match", "match", "score", "pass@1", "f1", "acc_norm", "eval_accuracy", "eval_loss",
    "loss",
)  # fmt: skip
Correction = Literal["holm", "bh"]
_CORRECTIONS: Final = {"holm": holm, "bh": benjamini_hochberg}
Side = Sequence[Scored]


@dataclass(frozen=True, slots=True)
class Options:
    """How two versions are compared. `by`: the one field to look into, or "item field=row field". `lower`: less is
    better, None: as the metric's name says. `results_a`, `results_b`: files to read instead of what the log has,
    with `columns` (part → column). `by_seed`: pair runs of the same seed. `draws`: of a bootstrap; 0 for none."""

    metric: str | None = None
    evaluation: str | None = None
    by: str | None = None
    lower: bool | None = None
    correction: Correction = "holm"
    by_seed: bool = False
    draws: int = 0
    results_a: Sequence[str] = ()
    results_b: Sequence[str] = ()
    columns: Mapping[str, str] | None = None


_USUAL: Final = Options()


class Effects:
    """What changes of data did to models."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def compare(self, a: str, b: str, options: Options = _USUAL) -> Effect:
        """Runs that learned from `b` against those that learned from `a`, and what changed between the two in the data.

        Raises NotFound, BadInput; UsageError for a metric, an evaluation or a field that there is not. Versions that
        were revoked are compared too: only counts of their rows are told.
        """
        found = self._compare(a, b, options)
        if not options.results_a:
            registry = self._registry
            key = asked(registry, registry.version(a), registry.version(b), options)
            answers(registry).put(told(found), *key)
        return found

    def known(self, a: str, b: str, options: Options = _USUAL) -> dict[str, Any] | None:
        """The answer of `compare` as plain values where it is kept, else None. Raises NotFound."""
        registry = self._registry
        key = asked(registry, registry.version(a), registry.version(b), options)
        return answers(registry).get(*key)

    def _compare(self, a: str, b: str, options: Options) -> Effect:
        registry = self._registry
        old, new = registry.version(a), registry.version(b)
        sides = (
            from_files(options.results_a, options.evaluation, options.columns)
            if options.results_a else from_log(registry, old, options.evaluation),
            from_files(options.results_b, options.evaluation, options.columns)
            if options.results_b else from_log(registry, new, options.evaluation),
        )  # fmt: skip
        tag, _, feature = (options.by or "").partition("=")
        moved = changes(registry, old.name, new.name, (feature or tag) or None)
        without = tuple(
            len({run.name for run in registry.runs.list(one.name.partition(":")[0])} - {s.run for s in side})
            for one, side in zip((old, new), sides, strict=True)
        )
        both = _both(sides, options)
        if not both:
            return Effect(
                old.name,
                new.name,
                None,
                (),
                (),
                moved.all,
                None,
                None,
                options.correction,
                (without[0], without[1]),
            )
        main, aligned = _measure(*both[0], sides, options)
        others = tuple(_measure(*one, sides, options)[0] for one in both[1:MOST_MEASURES])
        fields = _fields(main, aligned, moved, options, (tag, feature or tag)) if aligned is not None else ()
        drawn = _bootstrap(main, aligned, options.draws)
        return Effect(
            old.name, new.name, main, others, fields, moved.all, _needed(main, aligned), drawn, options.correction,
            (without[0], without[1]),
        )  # fmt: skip


def _needed(main: Measure, aligned: Aligned | None) -> Needed | None:
    """For what is not told yet."""
    if main.difference.clear:
        return None
    if aligned is not None:
        return needed(aligned.before, aligned.after)
    before, after = (np.array([run.score for run in side]) for side in main.runs)
    return needed(before, after)


def _both(sides: tuple[Side, Side], options: Options) -> list[tuple[str, str]]:
    """(evaluation, metric) that both sides have, the one to look into first. Raises UsageError."""
    held = [{(one.evaluation, m) for one in side for m in one.metrics} for side in sides]
    both = held[0] & held[1]
    if options.metric is not None:
        chosen = {(name, metric) for name, metric in both if metric == options.metric}
        if not chosen and all(held):
            known = ", ".join(sorted({metric for _, metric in held[0] | held[1]})[:20])
            raise UsageError(f"not both sides have the metric {options.metric!r}", f"known here: {known}")
        both = chosen
    if not both and all(held):
        tasks = [", ".join(sorted({name or "(a file)" for name, _ in one})[:8]) for one in held]
        raise UsageError(
            "the two sides were not measured on the same evaluation",
            f"the first has {tasks[0]}; the second {tasks[1]}",
        )

    def rank(one: tuple[str, str]) -> tuple[bool, int, int, str, str]:
        of = [[s for s in side if s.evaluation == one[0] and one[1] in s.metrics] for side in sides]
        items = all(one[1] in s.of_items for side in of for s in side)
        place = _PREFERRED.index(one[1]) if one[1] in _PREFERRED else len(_PREFERRED)
        return not items, -min(2, *map(len, of)), place, *one

    return sorted(both, key=rank)


def _measure(
    name: str, metric: str, sides: tuple[Side, Side], options: Options
) -> tuple[Measure, Aligned | None]:
    """One metric over all items that all runs have; over the runs' figures, where not all have items."""
    runs = [[s for s in side if s.evaluation == name and metric in s.metrics] for side in sides]
    if options.by_seed:
        runs = _by_seed(runs)
    every = [*runs[0], *runs[1]]
    lower = options.lower if options.lower is not None else less_is_better(metric, every)
    if all(metric in s.of_items for s in every):
        aligned = align(runs[0], runs[1], metric)
        if aligned.before.shape[1]:
            scores = (aligned.before, aligned.after)
            found = difference_by_seed(*scores) if options.by_seed else difference(*scores)
            points = all(float(one.min()) >= 0 and float(one.max()) <= 1 for one in scores)
            told = tuple(
                _scored(side, [float(x) for x in of.mean(1, dtype=np.float64)], of.shape[1])
                for side, of in zip(runs, scores, strict=True)
            )
            by = "items and seeds" if options.by_seed else "items"
            return Measure(
                name, metric, lower, points, by, found, aligned.left_out, (told[0], told[1])
            ), aligned
    figures = [[_figure(s, metric) for s in side] for side in runs]
    points = all(0 <= one <= 1 for side in figures for one in side)
    arrays = [np.array(side) for side in figures]
    found = difference_of_means(arrays[0], arrays[1], options.by_seed)
    told = tuple(_scored(side, of, 0) for side, of in zip(runs, figures, strict=True))
    by = "seeds" if options.by_seed else "nothing"
    return Measure(name, metric, lower, points, by, found, 0, (told[0], told[1])), None


def _by_seed(runs: Sequence[Side]) -> list[list[Scored]]:
    """The runs whose seed the other side has as well, in the order of their seeds. Raises UsageError."""
    seeds = [{s.seed: s for s in side if s.seed is not None} for side in runs]
    if any(
        len(of) < len([s for s in side if s.seed is not None]) for of, side in zip(seeds, runs, strict=True)
    ):
        raise UsageError("two runs of a side have the same seed", "leave out --pair-seeds")
    both = sorted(s for s in seeds[0] if s in seeds[1] and s is not None)
    if not both:
        raise UsageError(
            "no seed is known of a run on either side", "leave out --pair-seeds, or state the seeds"
        )
    return [[of[seed] for seed in both] for of in seeds]


def _figure(one: Scored, metric: str) -> float:
    if metric in one.figures:
        return one.figures[metric]
    assert one.open is not None, "a metric without a figure is one of items"
    return float(np.nanmean(one.open().scores(metric)))


def _scored(side: Side, scores: Sequence[float], items: int) -> tuple[RunScore, ...]:
    return tuple(
        RunScore(one.run, one.seed, score, items, one.operation)
        for one, score in zip(side, scores, strict=True)
    )


def _fields(
    main: Measure, aligned: Aligned, moved: Changes, options: Options, by: tuple[str, str]
) -> tuple[Field, ...]:
    """What is to be said by field: the one that was asked for, else those that items and rows both state, else all
    of the items'."""
    tag, feature = by
    if tag:
        chosen = [name for name in aligned.tags if name == tag] or [
            name for name in aligned.tags if name.rpartition(".")[2] == tag.rpartition(".")[2]
        ]
        if not chosen:
            known = ", ".join(aligned.tags)
            raise UsageError(f"no item states {tag!r}", f"the items state: {known}")
        fields = [(chosen[0], feature if moved.feature(feature) == feature else moved.feature(chosen[0]))]
    else:
        known_fields = [(name, moved.feature(name)) for name in aligned.tags]
        fields = [one for one in known_fields if one[1] is not None and _values(aligned.tags[one[0]])[1:]]
        fields = fields or [one for one in known_fields if _values(aligned.tags[one[0]])[1:]]
        fields = _each_once(aligned, fields)
    return tuple(_field(main, aligned, moved, options, *one) for one in fields[:MOST_FIELDS])


def _each_once(aligned: Aligned, fields: Sequence[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """Of fields that sort all items alike and mean the same of the rows, the one with the shortest name."""
    kept: list[tuple[str, str | None]] = []
    for name, feature in sorted(fields, key=lambda one: len(one[0])):
        alike = (of == feature and aligned.tags[known].equals(aligned.tags[name]) for known, of in kept)
        if not any(alike):
            kept.append((name, feature))
    return [one for one in fields if one in kept]


def _values(tags: pa.Array) -> list[str]:
    """The values that items have, the most frequent first."""
    counted = pc.value_counts(tags.drop_null()).to_pylist()
    return [str(one["values"]) for one in sorted(counted, key=lambda one: (-one["counts"], one["values"]))]


def _field(
    main: Measure, aligned: Aligned, moved: Changes, options: Options, name: str, feature: str | None
) -> Field:
    tags, values = aligned.tags[name], _values(aligned.tags[name])
    found = []
    for value in values:
        here = pc.fill_null(pc.equal(tags, value), False).to_numpy(zero_copy_only=False)
        scores = aligned.before[:, here], aligned.after[:, here]
        one = difference_by_seed(*scores) if options.by_seed else difference(*scores)
        found.append(one if one.items >= LEAST_ITEMS else one.untold())
    corrected = iter(_CORRECTIONS[options.correction]([one.p for one in found if one.p is not None]))
    strata = []
    for value, one in zip(values, found, strict=True):
        p = next(corrected) if one.p is not None else None
        rows = moved.moved(feature, value) if feature is not None else None
        strata.append(Stratum(value, one, p, verdict(one, main.lower, p), rows))
    elsewhere = moved.elsewhere(feature, values)[:_ELSEWHERE] if feature is not None else []
    return Field(name, feature, tuple(strata), tuple(elsewhere))


def _bootstrap(main: Measure, aligned: Aligned | None, draws: int) -> Bootstrapped | None:
    """Where it was asked for, and there are runs and items enough to draw from."""
    if not draws:
        return None
    if aligned is None or main.difference.parts is None or main.paired != "items":
        raise UsageError(
            "a bootstrap needs two runs a side with results of items, and no pairs of seeds",
            "leave out --bootstrap",
        )
    return bootstrap(aligned.before, aligned.after, np.random.default_rng(0), draws)
