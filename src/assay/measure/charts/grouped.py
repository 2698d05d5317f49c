"""Bars in pairs: the share of each value before and after."""

from __future__ import annotations

from collections.abc import Sequence

from assay.measure.charts.bars import clip
from assay.measure.charts.figure import figure, image, rect, table, text
from assay.measure.shares import percent

WIDTH = 480
LABEL, NUMBERS, ROW, HEAD = 150, 118, 34, 22


def grouped(
    name: str, title: str, note: str, rows: Sequence[tuple[str, int, int]], sides: tuple[str, str], head: str
) -> str:
    """`rows` are (label, count before, count after), shown as shares of each side's own whole, which is theirs summed.

    `sides` name before and after, `head` the column of labels. Labels are text of anybody.
    """
    whole, shares = _shares(rows)
    told = "; ".join(
        f"{clip(label, 40)} {percent(n, whole[0])} to {percent(m, whole[1])}" for label, n, m in rows[:5]
    )
    said = f"{len(rows)} pairs of bars, {sides[0]} and {sides[1]}. {told}"
    lines = [
        [label, f"{n:,}", percent(n, whole[0]), f"{m:,}", percent(m, whole[1]), points(before, after)]
        for (label, n, m), (before, after) in zip(rows, shares, strict=True)
    ]
    heads = [head, sides[0], "share", sides[1], "share", "change"]
    return figure(name, title, note, pairs(name, title, said, rows, sides), table(heads, lines))


def _shares(rows: Sequence[tuple[str, int, int]]) -> tuple[tuple[int, int], list[tuple[float, float]]]:
    whole = (sum(n for _, n, _ in rows), sum(m for _, _, m in rows))
    return whole, [(n / max(1, whole[0]), m / max(1, whole[1])) for _, n, m in rows]


def pairs(
    name: str, title: str, said: str, rows: Sequence[tuple[str, int, int]], sides: tuple[str, str],
    narrow: bool = False,
) -> str:  # fmt: skip
    """The picture alone; the twin is the caller's table. `said`: what it shows, for those who do not see it. `narrow`:
    for a third of a page, or a telephone."""
    width, label_room, chars = (360, 96, 14) if narrow else (WIDTH, LABEL, 21)
    whole, shares = _shares(rows)
    top = max((max(pair) for pair in shares), default=0.0)
    room = width - label_room - NUMBERS
    parts = [
        rect(label_room, 4, 10, 8, "keptw"), text(label_room + 15, 12, clip(sides[0], 18), kind="tm"),
        rect(label_room + room / 2, 4, 10, 8, "kept"),
        text(label_room + room / 2 + 15, 12, clip(sides[1], 18), kind="tm"),
    ]  # fmt: skip
    for k, ((label, n, m), (before, after)) in enumerate(zip(rows, shares, strict=True)):
        y = HEAD + k * ROW
        parts.append(text(0, y + 18, clip(label, chars), kind="lab"))
        for part, count, at, kind in ((before, n, y + 3, "keptw"), (after, m, y + 15, "kept")):
            long = max(room * part / top, 1.5) if part else 0
            parts.append(rect(label_room, at, long, 10, kind, f"{label}: {count:,}"))
        change = f"{percent(n, whole[0])} → {percent(m, whole[1])}"
        parts.append(text(width, y + 18, change, anchor="end", kind="tm"))
    return image(name, title, said, (width, HEAD + max(1, len(rows)) * ROW), "".join(parts), "b")


def points(before: float, after: float) -> str:
    """A change of a share: "+4.8 points"."""
    change = 100 * (after - before)
    sign = "+" if change > 0 else "−" if change < 0 else ""
    return f"{sign}{abs(change):.1f} points"
