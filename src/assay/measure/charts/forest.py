"""Differences with their intervals, one a row of a table: the table is their twin, so they say nothing by
themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from assay.measure.charts.figure import place

WIDTH, HEIGHT, MARGIN = 320, 24, 22
_CLASSES: Final = {"better": "forest good", "worse": "forest bad"}
_BEYOND = 16
"""Rules reach beyond their row, so that they meet those of the next."""


def ends_of(values: Iterable[float]) -> tuple[float, float]:
    """The least and the greatest value, nought among them; never the same."""
    held = [0.0, *values]
    low, high = min(held), max(held)
    return (low, high) if high > low else (-1.0, 1.0)


def interval(
    low: float | None, value: float, high: float | None, ends: tuple[float, float], reading: str
) -> str:
    """A bar from `low` to `high` with the difference on it: a disc where it is better, a square where it is worse,
    hollow where the interval does not tell. Without an interval the hollow disc alone."""
    grid = "".join(f"M{_at(x, ends)} {-_BEYOND}V{HEIGHT + _BEYOND}" for x in _steps(ends) if x)
    zero = f"M{_at(0, ends)} {-_BEYOND}V{HEIGHT + _BEYOND}"
    middle, at = HEIGHT / 2, _at(value, ends)
    parts = [f'<path class="g" d="{grid}"/>', f'<path class="z" d="{zero}"/>']
    if low is not None and high is not None:
        a, b = _at(low, ends), _at(high, ends)
        parts.append(f'<path class="ci" d="M{a} {place(middle)}H{b}M{a} 8V16M{b} 8V16"/>')
    if reading == "worse":
        parts.append(f'<rect class="pt" x="{place(float(at) - 4.5)}" y="7.5" width="9" height="9"/>')
    else:
        parts.append(
            f'<circle class="{"pt" if reading == "better" else "hollow"}" cx="{at}" cy="12" r="4.5"/>'
        )
    return _image(_CLASSES.get(reading, "forest"), "".join(parts))


def ruler(ends: tuple[float, float], by: float) -> str:
    """What the rules stand for, each value times `by`."""
    steps = _steps(ends)
    figures = [x * by for x in steps]
    width = (figures[1] - figures[0]) if len(figures) > 1 else 1.0
    decimals = max(0, -math.floor(math.log10(width) + 1e-9))
    parts = []
    for x, figure in zip(steps, figures, strict=True):
        said = "0" if not x else ("+" if x > 0 else "−") + f"{abs(figure):,.{decimals}f}"
        parts.append(f'<text x="{_at(x, ends)}" y="20" text-anchor="middle">{said}</text>')
    return _image("forest", "".join(parts))


def _image(kind: str, body: str) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="xMinYMid meet" aria-hidden="true">'
        f"{body}</svg>"
    )


def _at(value: float, ends: tuple[float, float]) -> str:
    share = (value - ends[0]) / (ends[1] - ends[0])
    return place(MARGIN + (WIDTH - 2 * MARGIN) * share)


def _steps(ends: tuple[float, float]) -> list[float]:
    """Round values between the ends, nought among them: multiples of 1, 2 or 5 times a power of ten, at most six."""
    room = ends[1] - ends[0]
    base = 10.0 ** math.floor(math.log10(room))
    width = next(w * base for w in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if room / (w * base) <= 5)
    first, last = math.ceil(ends[0] / width - 1e-9), math.floor(ends[1] / width + 1e-9)
    return [k * width for k in range(first, last + 1)]
