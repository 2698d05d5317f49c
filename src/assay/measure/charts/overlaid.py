"""Two histograms on one ground: filled columns of the shares now, and the outline of the shares before."""

from __future__ import annotations

from collections.abc import Sequence

from assay.measure.charts.bars import clip
from assay.measure.charts.figure import compact, image, line, place, rect, text
from assay.measure.shares import percent

WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 34, 26


def overlaid(
    name: str,
    title: str,
    said: str,
    bins: Sequence[tuple[str, float, int, int]],
    sides: tuple[str, str],
) -> str:
    """`bins` are (label, where it begins, count before, count after), shown as shares of each side's own whole.

    `said`: what it shows, for those who do not see it; the twin is the caller's table. One side is filled, the other a
    line, so nothing hangs on colour.
    """
    whole = [max(1, sum(counts)) for counts in ([n for _, _, n, _ in bins], [m for *_, m in bins])]
    shares = [(n / whole[0], m / whole[1]) for _, _, n, m in bins]
    top = max((max(pair) for pair in shares), default=0.0) or 1.0
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    step, floor = wide / max(1, len(bins)), TOP + tall
    parts = [
        line(LEFT + 4, 9, LEFT + 18, 9, "prev"), text(LEFT + 23, 13, clip(sides[0], 24), kind="tm"),
        rect(LEFT + wide / 2, 4, 12, 10, "kept"), text(LEFT + wide / 2 + 17, 13, clip(sides[1], 24), kind="tm"),
    ]  # fmt: skip
    for part in (0.0, 0.5, 1.0):
        y = floor - tall * part
        parts += [line(LEFT, y, WIDTH - RIGHT, y, "gr" if part else "ax")]
        parts += [text(LEFT - 6, y + 4, percent(top * part), anchor="end", kind="tm")]
    outline = [f"{place(LEFT)},{place(floor)}"]
    for k, ((label, _, n, m), (before, after)) in enumerate(zip(bins, shares, strict=True)):
        x, high = LEFT + k * step, tall * after / top
        hint = f"{label}: {percent(n, whole[0])} → {percent(m, whole[1])}"
        parts.append(rect(x + 1, floor - high, step - 2, max(high, 1.0) if m else 0.0, "kept", hint))
        level = place(floor - tall * before / top)
        outline += [f"{place(x)},{level}", f"{place(x + step)},{level}"]
    outline.append(f"{place(LEFT + wide)},{place(floor)}")
    parts.append(f'<polyline class="prev" points="{" ".join(outline)}"/>')
    every = max(1, -(-len(bins) // 6))
    for k in range(0, len(bins), every):
        parts.append(text(LEFT + step * k + 1, floor + 17, compact(bins[k][1]), kind="tm"))
    return image(name, title, said, (WIDTH, HEIGHT), "".join(parts), "tl")
