"""One of many small line charts on the same axis of versions: a figure by version, its jumps marked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from assay.measure.charts.bars import clip
from assay.measure.charts.figure import compact, image, line, place, text
from assay.model.escape import inline

WIDTH, HEIGHT = 300, 112
LEFT, RIGHT, TOP, FLOOR = 46, 56, 14, 84
LEAST = 0.02
"""The share of the highest figure that figures differ by at least, for their range to fill the chart."""


def multiple(
    name: str,
    title: str,
    said: str,
    points: Sequence[tuple[str, float]],
    spelled: Sequence[str],
    jumps: Sequence[int] = (),
) -> str:
    """`points` are (version, figure; NaN: none), `spelled` what each figure reads as, `jumps` positions with a ring.

    The ground is 0 where the figures come near it, else the least of them: both ends of the axis are labelled. Figures
    that hardly differ (`LEAST`) run through the middle, with the first of them as label, so that no noise looks like a
    change. `said`: what it shows, for those who do not see it; the twin is the caller's table.
    """
    known = [value for _, value in points if not math.isnan(value)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    ends = {value: word for (_, value), word in zip(points, spelled, strict=True)}
    low = 0.0 if 0 <= low < high / 2 else low
    level = high - low < LEAST * abs(high) or high == low
    span = LEAST * abs(high) or 1.0 if level else high - low
    low = (low + high - span) / 2 if level else low
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points) - 1)

    def at(k: int, value: float) -> tuple[float, float]:
        x = LEFT + step * k if len(points) > 1 else (LEFT + WIDTH - RIGHT) / 2
        return x, FLOOR - (FLOOR - TOP) * (value - low) / span

    parts = [line(LEFT, y, WIDTH - RIGHT, y, kind) for y, kind in ((TOP, "gr"), (FLOOR, "ax"))]
    drawn = [at(k, value) for k, (_, value) in enumerate(points) if not math.isnan(value)]
    labels = [(TOP, high), (FLOOR, low)] if not level else [(drawn[0][1], known[0])] if known else []
    parts += [text(LEFT - 6, y + 4, ends.get(v, compact(v)), anchor="end", kind="tm") for y, v in labels]
    parts.append(f'<polyline class="ln" points="{" ".join(f"{place(x)},{place(y)}" for x, y in drawn)}"/>')
    for k, ((version, value), word) in enumerate(zip(points, spelled, strict=True)):
        if math.isnan(value):
            continue
        x, y = at(k, value)
        ring = f'<circle class="halo" cx="{place(x)}" cy="{place(y)}" r="9"/>' if k in jumps else ""
        kind = "dot now" if k in jumps else "dot"
        if k in jumps or len(points) <= 40:
            hint = f"<title>{inline(version)}: {inline(word)}</title>"
            parts.append(
                f'{ring}<circle class="{kind}" cx="{place(x)}" cy="{place(y)}" r="3.5">{hint}</circle>'
            )
    if points:
        parts.append(text(LEFT, FLOOR + 18, clip(points[0][0], 14), kind="tm"))
        if len(points) > 1:
            parts.append(text(WIDTH - RIGHT, FLOOR + 18, clip(points[-1][0], 14), anchor="end", kind="tm"))
        parts.append(text(WIDTH - RIGHT + 8, drawn[-1][1] + 4 if drawn else TOP, spelled[-1], kind="tb ts"))
    return image(name, title, said, (WIDTH, HEIGHT), "".join(parts), "tl")
