"""Drift between two sets of rows: for each feature an effect, a test of the whole change, and a verdict.

What is tested: the change of the whole, given which rows both sets share. With rows drawn alike, the difference of two
shares p(B) − p(A) is a sum over rows of independent draws with weights that add up to nothing: 1/n(B) for what came,
−1/n(A) for what went, 1/n(B) − 1/n(A) for what stayed. Its variance is v · p (1 − p), v the sum of the squared weights,
and so are all its covariances those of one multinomial. χ² and the Kolmogorov–Smirnov distance are therefore tested
with v for their usual 1/n + 1/m, which it is when nothing stayed. When rows only came it is exactly the test of what
came against what was there; and so when rows only went.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from assay.kernels.stability import stability_index, tenths
from assay.measure.drift import chance, style
from assay.measure.drift.bins import binned, edges_for, labels
from assay.measure.drift.features import ALPHA, LIMITS, Kind, title
from assay.measure.drift.profile import Profile, mean
from assay.measure.drift.spread import Spread

Verdict = Literal["steady", "drifted", "not enough rows to tell"]
CELLS: Final = 200
"""Values of a category that are compared each by itself; the rarer ones are one cell."""
EXPECTED: Final = 5.0
"""Rows of a value, among those that came or went, below which it goes to the rarer ones: χ² is an approximation."""
OTHERS: Final = "(rarer values)"
_LN2: Final = math.log(2)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, or a bin of numbers, with its rows before and after. `keys`: what it is in a spread: digests, or where
    the bin begins."""

    label: str
    before: int
    after: int
    keys: tuple[float, ...] = field(default=())

    def as_json(self, *, number: bool) -> dict[str, Any]:
        """Of a bin of numbers also where it begins (`from`); it ends where the next one does."""
        begins = {"from": self.keys[0]} if number else {}
        return {"value": self.label, "before": self.before, "after": self.after, **begins}


@dataclass(frozen=True, slots=True)
class Shift:
    """One feature of a comparison. `effect` is what its kind's limit is held against; `p` is corrected for all
    features, `raw_p` is not; None: there was nothing to test, all rows being alike or too few. `least_seen`: the
    smallest effect that so few rows could have shown. `figures`: other measures by name. `before` and `after` are the
    rows that state it; `cells` have the greatest change first, bins their order."""

    name: str
    kind: Kind
    effect: float
    raw_p: float | None
    least_seen: float
    figures: Mapping[str, float]
    before: int
    after: int
    cells: tuple[Cell, ...]
    p: float | None = None
    verdict: Verdict = "steady"

    @property
    def title(self) -> str:
        return title(self.name)

    def as_json(self) -> dict[str, Any]:
        limit = LIMITS[self.kind]
        return {
            "feature": self.name, "kind": self.kind, "verdict": self.verdict, "effect": _round(self.effect),
            "effect_is": limit.effect, "limit": limit.least, "least_seen": _round(self.least_seen),
            "p": self.p, "p_uncorrected": self.raw_p,
            "figures": {name: _round(value) for name, value in self.figures.items()},
            "rows": [self.before, self.after],
            "values": [c.as_json(number=self.kind == "number") for c in self.cells],
        }  # fmt: skip


def _round(value: float) -> float:
    return round(value, 6)


def compare(
    a: Profile, b: Profile, shared: Profile, drawn: tuple[style.Drawn, style.Drawn] | None = None
) -> tuple[Shift, ...]:
    """How `b` differs from `a`; `shared` is the profile of the rows that both hold, `drawn` the draws of both.

    Features in order: categories, numbers, style. p-values are corrected by Holm's method, over all features in which
    there is something to test. A feature drifted when its p is below `ALPHA` and its effect at least its kind's limit;
    where so few rows could not have shown
    an effect `tells`, there are not enough to tell.
    """
    found = [_category(n, a, b, shared) for n in _ordered(a.categories, b.categories)]
    found += [_number(n, a, b, shared) for n in _ordered(a.numbers, b.numbers)]
    if drawn is not None:
        found += _style(*drawn)
    corrected = iter(chance.holm([one.raw_p for one in found if one.raw_p is not None]))
    return tuple(_judged(one, None if one.raw_p is None else next(corrected)) for one in found)


_FIRST: Final = (
    "kind",
    "language",
    "source",
    "origin",
    "generator",
    "licence",
    "split",
    "input",
    "output",
    "turns",
    "opening",
)


def _ordered(one: Mapping[str, Spread], other: Mapping[str, Spread]) -> list[str]:
    return sorted({*one, *other}, key=lambda n: (_FIRST.index(n) if n in _FIRST else len(_FIRST), n))


def _judged(one: Shift, p: float | None) -> Shift:
    limit = LIMITS[one.kind]
    verdict: Verdict = "steady"
    if p is not None and p < ALPHA and one.effect >= limit.least:
        verdict = "drifted"
    elif one.least_seen > limit.tells:
        verdict = "not enough rows to tell"
    return replace(one, p=p, verdict=verdict)


@dataclass(frozen=True, slots=True)
class Weights:
    """`variance` is v of the head of this file; `rows` how many rows make most of it."""

    variance: float
    rows: float


def weights(n: int, m: int, shared: int) -> Weights:
    """Of sets of n and m rows, so many of them in both."""
    if not n or not m:
        return Weights(math.inf, 0.0)
    parts = [(m - shared, 1 / m), (n - shared, -1 / n), (shared, 1 / m - 1 / n)]
    second = sum(k * w**2 for k, w in parts)
    fourth = sum(k * w**4 for k, w in parts)
    return Weights(second, second**2 / fourth if fourth else 0.0)


def _category(name: str, a: Profile, b: Profile, shared: Profile) -> Shift:
    one, other, both = a.category(name), b.category(name), shared.category(name)
    values = np.union1d(one.values, other.values)
    n, m, s = one.at(values), other.at(values), both.at(values)
    spread = weights(int(n.sum()), int(m.sum()), int(s.sum()))
    every = n + m - np.minimum(s, np.minimum(n, m))  # a row of both may have another value by now
    cells = _cells(name, a, b, (values, n, m, every), spread.rows)
    before, after = (np.array([getattr(c, side) for c in cells], np.float64) for side in ("before", "after"))
    pooled = np.array([_pooled(c, values, every) for c in cells])
    stated, later = (int(side.sum() - side[values == 0].sum()) for side in (n, m))
    if not a.rows or not b.rows:
        return Shift(name, "category", 0.0, None, math.inf, {}, stated, later, tuple(cells))
    p, q = before / before.sum(), after / after.sum()
    share = pooled / pooled.sum()
    relative = float(((q - p) ** 2 / share).sum())
    free = len(cells) - 1
    statistic = relative / spread.variance if spread.variance > 0 else (math.inf if relative > 0 else 0.0)
    excess = free * spread.variance / (8 * _LN2)
    divergence = jensen_shannon(p, q)
    parts = len(before) and before.sum() / (before.sum() + after.sum())
    figures = {
        "jensen_shannon": divergence, "chance": excess, "psi": _psi(before, after), "chi_square": statistic,
        "free": float(free), "cramers_v": math.sqrt(relative * parts * (1 - parts)), "cells": float(len(cells)),
    }  # fmt: skip
    raw = chance.chi_square_tail(statistic, free) if math.isfinite(statistic) else 0.0
    seen = _seen(free, spread.variance)
    if not free:  # one value; or many, each too rare, which may hide as much as their own divergence
        seen = jensen_shannon(n / max(1, n.sum()), m / max(1, m.sum()))
    cells.sort(key=lambda c: (-abs(c.after / after.sum() - c.before / before.sum()), c.label))
    if not math.isfinite(figures["chi_square"]):
        del figures["chi_square"]
    return Shift(
        name, "category", max(0.0, divergence - excess), raw if free and (raw < 1 or relative) else None, seen,
        figures, stated, later, tuple(cells),
    )  # fmt: skip


def _cells(
    name: str, a: Profile, b: Profile, counts: tuple[npt.NDArray[Any], ...], rows: float
) -> list[Cell]:
    """The values that are compared each by itself, chosen by how many rows have them in all, and one of all others."""
    values, n, m, pooled = counts
    order = np.lexsort((values, -pooled))
    enough = pooled * rows >= EXPECTED * max(1, int(pooled.sum()))
    kept = [k for k in order[:CELLS].tolist() if enough[k] or not rows]
    rest = np.setdiff1d(np.arange(len(values)), kept)
    if len(rest) and kept and not (pooled[rest].sum() * rows >= EXPECTED * pooled.sum()):
        rest = np.append(rest, kept.pop())
    called = {**a.names.get(name, {}), **b.names.get(name, {})}
    both = Profile(0, {}, {}, {name: called})
    out = [Cell(both.called(name, int(values[k])), int(n[k]), int(m[k]), (int(values[k]),)) for k in kept]
    if len(rest):
        label = OTHERS if len(rest) > 1 else both.called(name, int(values[rest[0]]))
        out.append(
            Cell(label, int(n[rest].sum()), int(m[rest].sum()), tuple(int(v) for v in values[rest].tolist()))
        )
    return out


def _pooled(cell: Cell, values: npt.NDArray[Any], pooled: npt.NDArray[np.int64]) -> float:
    at = np.searchsorted(values, np.array(cell.keys, values.dtype))
    return float(pooled[at].sum())


def jensen_shannon(p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]) -> float:
    """The divergence of two distributions, in bits: 0 for equal ones, 1 for such that share nothing (Lin 1991)."""
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(one > 0, one * np.log2(one / middle), 0.0).sum() for one in (p, q)]
    return max(0.0, float(sum(parts)) / 2)


def _seen(free: int, variance: float) -> float:
    """The divergence that a χ² at the edge of `ALPHA` stands for, less what chance adds (Wilson and Hilferty 1931)."""
    if free < 1:
        return 0.0
    part = 2 / (9 * free)
    edge = free * (1 - part + 1.6449 * math.sqrt(part)) ** 3
    return (edge - free) * variance / (8 * _LN2)


def _psi(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> float:
    now, then = ({k: int(v) for k, v in enumerate(side.tolist())} for side in (after, before))
    return stability_index(now, then)


def _number(name: str, a: Profile, b: Profile, shared: Profile) -> Shift:
    one, other, both = a.number(name), b.number(name), shared.number(name)
    n, m = one.total, other.total
    values = np.union1d(one.values, other.values)
    edges = edges_for(Spread(values, np.ones(len(values), np.int64)))
    said = labels(edges, values)
    pairs = zip(said, binned(one, edges).tolist(), binned(other, edges).tolist(), edges.tolist(), strict=True)
    cells = tuple(Cell(label, x, y, (low,)) for label, x, y, low in pairs)
    if not n or not m:
        return Shift(name, "number", 0.0, None, math.inf, {}, n, m, cells)
    variance = weights(n, m, min(both.total, n, m)).variance
    gap = np.cumsum(other.at(values)) / m - np.cumsum(one.at(values)) / n
    distance = float(np.abs(gap).max())
    centre = (mean(one) * n + mean(other) * m) / (n + m)
    squares = sum(float(((x.values - centre) ** 2 * x.counts).sum()) for x in (one, other))
    deviation = math.sqrt(squares / (n + m))
    area = float((np.abs(gap[:-1]) * np.diff(values)).sum())
    cuts = tenths(one.values, one.counts)
    bins = [
        np.bincount(np.searchsorted(cuts, x.values, "left"), x.counts, len(cuts) + 1) for x in (one, other)
    ]
    figures = {
        "kolmogorov_smirnov": distance, "wasserstein_sd": area / deviation if deviation else 0.0,
        "psi": _psi(bins[0], bins[1]), "median_before": one.quantile(0.5), "median_after": other.quantile(0.5),
        "mean_before": mean(one), "mean_after": mean(other),
    }  # fmt: skip
    if len(values) == 1 or not (variance or distance):
        return Shift(name, "number", 0.0, None, 0.0, figures, n, m, cells)
    seen = chance.KOLMOGOROV_5 * math.sqrt(variance)
    return Shift(
        name, "number", distance, chance.kolmogorov_tail(distance, variance), seen, figures, n, m, cells
    )


_T5: Final = 2.2
"""About what |t| exceeds once in twenty times, with the 7 to 31 degrees of freedom of blocks (2.36 to 2.04)."""


def _style(one: style.Drawn, other: style.Drawn) -> list[Shift]:
    before, after = style.blocks(one, other)
    return [
        _measure(name, before[name], after[name], len(one.ids), len(other.ids)) for name in style.MEASURES
    ]


def _measure(
    name: str, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64], n: int, m: int
) -> Shift:
    """A paired t-test over blocks."""
    if len(before) < min(style.BLOCKS):
        return Shift(name, "style", 0.0, None, math.inf, {}, n, m, ())
    change = after - before
    base = float(before.mean())
    scale = max(abs(base), style.FLOORS.get(name, 0.0)) or 1.0
    error = float(change.std(ddof=1)) / math.sqrt(len(change))
    moved = float(change.mean())
    t = moved / error if error else (math.copysign(math.inf, moved) if moved else 0.0)
    raw = chance.student_tail(t, len(change) - 1) if t else 1.0
    figures = {"mean_before": base, "mean_after": float(after.mean()), "blocks": float(len(change))}
    return Shift(name, "style", abs(moved) / scale, raw, _T5 * error / scale, figures, n, m, ())


def drifted(shifts: Sequence[Shift]) -> list[Shift]:
    """Those that drifted."""
    return [one for one in shifts if one.verdict == "drifted"]
