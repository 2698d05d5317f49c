"""Lines: shares that add up over lengths (an ECDF), and counts by month."""

from __future__ import annotations

import math
from collections.abc import Sequence

from assay.measure.charts.figure import compact, figure, image, line, place, rect, steps, table, text
from assay.measure.distribution import Share
from assay.measure.shares import percent

WIDTH, HEIGHT = 480, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 22, 40
KINDS = ("ln", "ln2")


def ecdf(name: str, title: str, note: str, curves: Sequence[tuple[str, Sequence[int]]]) -> str:
    """For each (label, 1st to 100th percentile): which share of rows is at most so long. Logarithmic."""
    shown = (1, 10, 25, 50, 75, 90, 99, 100)
    twin = table(
        ["share of rows", *(f"{label}, at most" for label, _ in curves)],
        [[f"{p} %", *(f"{curve[p - 1]:,}" for _, curve in curves)] for p in shown],
    )
    said = " ".join(f"Half of the {label} have at most {curve[49]:,} units." for label, curve in curves)
    return figure(name, title, note, rising(name, title, said, curves, "units (logarithmic)"), twin)


def rising(name: str, title: str, said: str, curves: Sequence[tuple[str, Sequence[int]]], axis: str) -> str:
    """The picture alone; the twin is the caller's table. `axis`: what is under it."""
    longest = max((curve[-1] for _, curve in curves), default=1)
    decades = max(1, math.ceil(math.log10(max(2, longest))))
    plot_w, plot_h = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x_of(value: float) -> float:
        return LEFT + plot_w * math.log10(max(1.0, value)) / decades

    def y_of(share: float) -> float:
        return TOP + plot_h * (1 - share / 100)

    parts = []
    for share in (0, 25, 50, 75, 100):
        parts += [line(LEFT, y_of(share), WIDTH - RIGHT, y_of(share), "ax" if share == 0 else "gr")]
        parts += [text(LEFT - 6, y_of(share) + 4, f"{share} %", anchor="end", kind="tm")]
    for power in range(decades + 1):
        x = x_of(10**power)
        parts += [line(x, y_of(0), x, y_of(0) + 4, "ax")]
        parts += [text(x, y_of(0) + 17, compact(10**power), anchor="middle", kind="tm")]
    parts.append(text(LEFT + plot_w / 2, HEIGHT - 4, axis, anchor="middle", kind="tm"))
    for k, (label, curve) in enumerate(curves):
        points = [f"{place(x_of(curve[0]))},{place(y_of(0))}"]
        for p, value in enumerate(curve, start=1):
            points.append(f"{place(x_of(value))},{place(y_of(p))}")
        parts.append(f'<polyline class="{KINDS[k % 2]}" points="{" ".join(points)}"/>')
        parts.append(_label(label, x_of(curve[(34, 64)[k % 2]]), y_of((35, 65)[k % 2]), left=k % 2 == 0))
    return image(name, title, said, (WIDTH, HEIGHT), "".join(parts), "tl")


def _label(label: str, x: float, y: float, *, left: bool) -> str:
    """Beside the curve, on the side with room."""
    return (
        text(max(LEFT + 4, x - 10), y, label, anchor="end" if x - 10 > LEFT + 50 else "start", kind="tb")
        if left
        else text(x + 10, y + 8, label, anchor="end" if x > WIDTH - 70 else "start", kind="tb")
    )


def months(name: str, title: str, note: str, counts: Sequence[Share]) -> str:
    """A bar a month, every month between the first and the last, those without rows as a hollow foot."""
    filled = fill(counts)
    ticks = steps(max((count for _, count in filled), default=0))
    plot_w, plot_h = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    step = plot_w / max(1, len(filled))
    parts = []
    for tick in ticks:
        y = TOP + plot_h - plot_h * tick / ticks[-1]
        parts += [
            line(LEFT, y, WIDTH - RIGHT, y, "gr"),
            text(LEFT - 6, y + 4, compact(tick), anchor="end", kind="tm"),
        ]
    gap = 0.75 if step > 4 else 0
    wide = min(step, 40.0)
    for k, (month, count) in enumerate(filled):
        tall = max(plot_h * count / ticks[-1], 1.5) if count else 3
        kind = "kept" if count else "rejw"
        x = LEFT + k * step + (step - wide) / 2
        parts.append(rect(x + gap, TOP + plot_h - tall, wide - 2 * gap, tall, kind, f"{month}: {count:,}"))
    parts.append(line(LEFT, TOP + plot_h, WIDTH - RIGHT, TOP + plot_h, "ax"))
    every = max(1, -(-len(filled) // 6))
    for k in range(0, len(filled), every):
        x = LEFT + (k + 0.5) * step
        parts.append(text(max(x, LEFT + 16), TOP + plot_h + 17, filled[k][0], anchor="middle", kind="tm"))
    whole = sum(count for _, count in filled)
    said = f"{whole:,} rows from {filled[0][0]} to {filled[-1][0]}." if filled else "No rows."
    twin = table(["month", "rows", "share"], [[m, f"{n:,}", percent(n, whole)] for m, n in filled])
    return figure(name, title, note, image(name, title, said, (WIDTH, HEIGHT), "".join(parts)), twin)


MOST_MONTHS = 600
"""Fifty years; of a longer span only the months with rows are drawn."""


def fill(counts: Sequence[Share]) -> list[tuple[str, int]]:
    """(month, rows) for every month from the first to the last."""
    if not counts:
        return []
    held = {one.value: one.count for one in counts}
    first, last = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (counts[0].value, counts[-1].value))
    if last - first >= MOST_MONTHS:
        return [(one.value, one.count) for one in counts]
    names = [f"{k // 12:04d}-{k % 12 + 1:02d}" for k in range(first, last + 1)]
    return [(name, held.get(name, 0)) for name in names]
