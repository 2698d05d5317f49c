"""Splits by time: a model is tested on what came after everything that it learnt from.

Promise: there is a moment T such that no dated row of train is later than T, and every dated group of the test has
its newest row later than T. Where a cut near the wanted size exists that no group straddles, it is taken, and then
no row of train is later than the earliest row of the test. Otherwise a group with rows on both sides goes to the
later split as a whole: it may bring older rows into the test, never newer ones into train. Further splits lie in
time between train and test, by name. Undated groups go to train.

What is settled stays, and with it the cut: as soon as a parent version has dated rows in a later split, new groups go
by the settled rows of each split, and all that is newer than those goes to the latest split that has some.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.curate.split_group import Group
from assay.model.recipe import TRAIN, SplitSpec

_NEAR: Final = 0.5
"""A cut that no group straddles is taken when its size is off by at most this part of what was wanted."""


@dataclass(frozen=True, slots=True)
class _Span:
    label: int
    size: int
    oldest: float
    newest: float

    def with_(self, other: _Span) -> _Span:
        return _Span(
            self.label, self.size + other.size, min(self.oldest, other.oldest), max(self.newest, other.newest)
        )


def draw_by_time(groups: Sequence[Group], dates: npt.NDArray[np.float64], spec: SplitSpec) -> dict[int, str]:
    """Label → split, for the groups that are not settled."""
    fate = {group.label: TRAIN for group in groups if group.settled is None}
    spans, settled = _spans(groups, dates)
    later = later_splits(spec)
    if any(name in settled for name in later):
        fate.update(_by_settled(spans, settled, later))
        return fate
    floor = settled[TRAIN].newest if TRAIN in settled else -math.inf
    rest = sorted((s for s in spans if s.newest > floor), key=lambda s: (-s.newest, -s.oldest, s.label))
    rows = sum(map(len, groups))
    for name in reversed(later):
        cut = _cut(rest, spec.shares[name] * rows, floor)
        fate.update((span.label, name) for span in rest[:cut])
        rest = rest[cut:]
    return fate


def later_splits(spec: SplitSpec) -> list[str]:
    """The splits after train in the order of time: by name, `test` last."""
    return sorted(spec.shares, key=lambda name: (name == "test", name))


def _spans(groups: Sequence[Group], dates: npt.NDArray[np.float64]) -> tuple[list[_Span], dict[str, _Span]]:
    """The open groups that have a date; and, for each split, the span of what is settled in it."""
    spans: list[_Span] = []
    settled: dict[str, _Span] = {}
    for group in groups:
        dated = [date for date in dates[group.rows].tolist() if not math.isnan(date)]
        if not dated:
            continue
        span = _Span(group.label, len(group), min(dated), max(dated))
        if group.settled is None:
            spans.append(span)
        elif group.settled in settled:
            settled[group.settled] = settled[group.settled].with_(span)
        else:
            settled[group.settled] = span
    return spans, settled


def _by_settled(spans: Sequence[_Span], settled: Mapping[str, _Span], later: Sequence[str]) -> dict[int, str]:
    """Each group to the earliest split that has, or may have, so new a row."""
    order = [TRAIN, *later]
    last = max(order.index(name) for name in settled if name in later)
    bounds: list[float] = []
    for position, name in enumerate(order[:last]):
        behind = [settled[other].oldest for other in order[position + 1 :] if other in settled]
        own = settled[name].newest if name in settled else -math.inf
        may = own if name in later and name not in settled else max(own, min(behind))
        bounds.append(max(may, bounds[-1]) if bounds else may)
    return {
        span.label: order[next((k for k, bound in enumerate(bounds) if span.newest <= bound), last)]
        for span in spans
    }


def _cut(spans: Sequence[_Span], wanted: float, floor: float) -> int:
    """How many of the spans, newest first, make the split: nearest to `wanted` rows, clean where that is near.

    Spans of the same newest moment are never parted. `floor`: the newest row that is in train already;
    without one (−inf) some span is left for train.
    """
    best_clean, best_any = (wanted, 0), (wanted, 0)
    rows, oldest = 0, math.inf
    for position, span in enumerate(spans, 1):
        rows += span.size
        oldest = min(oldest, span.oldest)
        below = spans[position].newest if position < len(spans) else floor
        if below in (span.newest, -math.inf):
            continue
        off = abs(rows - wanted)
        best_any = min(best_any, (off, position))
        if below <= oldest:
            best_clean = min(best_clean, (off, position))
    clean = best_clean[1] > 0 and best_clean[0] <= _NEAR * wanted
    return best_clean[1] if clean else best_any[1]
