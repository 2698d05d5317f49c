"""A table of cells, the darker the greater: values in rows, versions in columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

from assay.measure.charts.bars import clip
from assay.measure.charts.figure import figure, image, rect, table, text
from assay.measure.shares import percent

LABEL, CELL, ROW, HEAD = 150, 58, 26, 22
STEPS = 5
"""Shades; the stylesheet has a class `h1` to `h5` for each."""


def heat(
    name: str,
    title: str,
    note: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[float]]],
    head: str,
) -> str:
    """`rows` are (label, one share a column; NaN: there is none). The shade is that of the share within the table.

    Every cell also says its share in words, so nothing hangs on colour. `head` names the column of labels.
    """
    told = "; ".join(f"{clip(label, 40)} {spell(values[-1])}" for label, values in rows[:5] if values)
    said = f"{len(rows)} rows by {len(columns)} columns. In the last column: {told}"
    lines = [[label, *map(spell, values)] for label, values in rows]
    drawn = cells(name, title, said, columns, rows)
    region = f'<div class="wide" tabindex="0" role="region" aria-labelledby="{name}-t">{drawn}</div>'
    picture = region if len(columns) > 8 else drawn
    return figure(name, title, note, picture, table([head, *columns], lines))


def cells(
    name: str, title: str, said: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]]
) -> str:
    """The picture alone; the twin is the caller's table. `said`: what it shows, for those who do not see it."""
    top = max((v for _, values in rows for v in values if not math.isnan(v)), default=0.0)
    parts = [
        text(LABEL + (k + 0.5) * CELL, 14, clip(column, 8), anchor="middle", kind="tm")
        for k, column in enumerate(columns)
    ]
    for j, (label, values) in enumerate(rows):
        y = HEAD + j * ROW
        parts.append(text(0, y + 17, clip(label, 21), kind="lab"))
        for k, value in enumerate(values):
            x = LABEL + k * CELL
            shade = 0 if math.isnan(value) or not top else math.ceil(STEPS * value / top)
            word = spell(value)
            parts.append(
                rect(
                    x, y, CELL - 2, ROW - 2, f"h{shade}" if shade else "bg", f"{label}, {columns[k]}: {word}"
                )
            )
            parts.append(text(x + CELL / 2 - 1, y + 16, word, anchor="middle", kind="lab"))
    size = (LABEL + CELL * max(1, len(columns)), HEAD + ROW * max(1, len(rows)))
    return image(name, title, said, size, "".join(parts))


def spell(value: float) -> str:
    """ "12.3 %", or a dash of nothing."""
    return "–" if math.isnan(value) else percent(value)
