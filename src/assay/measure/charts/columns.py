"""A small histogram: columns on a line, as many rows as fall into each bin; the twin is the caller's table."""

from __future__ import annotations

from collections.abc import Sequence

from assay.measure.charts.figure import compact, line, rect, text
from assay.model.escape import inline

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, TOP, FLOOR = 8, 8, 18, 126


def columns(
    title: str,
    said: str,
    bins: Sequence[tuple[str, int]],
    marks: Sequence[tuple[int, str]],
    kind: str = "kept",
) -> str:
    """`bins`: what each is called when pointed at, and its count. `marks`: (position of a bin, its label) below."""
    most = max((count for _, count in bins), default=0) or 1
    step = (WIDTH - LEFT - RIGHT) / max(1, len(bins))
    gap = 1.0 if step > 4 else 0.25
    parts = [line(LEFT, y, WIDTH - RIGHT, y, "gr") for y in (TOP, (TOP + FLOOR) / 2)]
    for k, (name, count) in enumerate(bins):
        tall = max((FLOOR - TOP) * count / most, 1.5) if count else 0
        parts.append(
            rect(LEFT + k * step + gap, FLOOR - tall, step - 2 * gap, tall, kind, f"{name}: {count:,}")
        )
    parts.append(line(LEFT, FLOOR, WIDTH - RIGHT, FLOOR, "ax"))
    for at, label in marks:
        x = LEFT + step * at
        anchor = "start" if x < 24 else "end" if x > WIDTH - 30 else "middle"
        parts.append(text(x, 143, label, anchor=anchor, kind="tm"))
    parts.append(text(WIDTH - RIGHT, TOP - 5, compact(most), anchor="end", kind="tm ts"))
    return (
        f'<svg class="chart h" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{inline(said, 400)}">'
        f"<title>{inline(title)}</title>{''.join(parts)}</svg>"
    )


def marked(edges: Sequence[float], whole: bool = False, most: int = 5) -> list[tuple[int, str]]:
    """Labels for bins that begin at `edges`; `whole`: each bin is one value and the label stands under it."""
    every = max(1, -(-len(edges) // most))
    return [(k, compact(edges[k])) for k in range(0, len(edges), every)]
