"""A map as SVG: cells shaded by how many points lie in them, names over the largest clusters, a table as twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.measure.charts.figure import figure, image, place, table, text
from assay.measure.map.layout import HEIGHT, SIDE, WIDTH
from assay.measure.map.raster import colour_of, onto
from assay.measure.shares import percent

COLUMNS, ROWS = 215, 160
_CELL = WIDTH / COLUMNS
_STEPS = 3


@dataclass(frozen=True, slots=True)
class Label:
    """A name on the map: where, what, how many rows."""

    x: int
    y: int
    name: str
    rows: int


def scatter(
    name: str,
    title: str,
    note: str,
    points: tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16], npt.NDArray[np.uint8]],
    labels: Sequence[Label],
    rows: Sequence[Sequence[str]],
    heads: Sequence[str],
) -> str:
    """`points`: x, y, cluster. The picture has at most 34,400 cells, however many points there are."""
    said = "; ".join(f"{one.name} {percent(one.rows, len(points[0]))}" for one in labels[:5])
    whole = f"{len(points[0]):,} points. {said}"
    picture = image(name, title, whole, (WIDTH, HEIGHT), drawing(points, labels))
    return figure(name, title, note, f'<div class="map">{picture}</div>', table(heads, rows))


def drawing(
    points: tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16], npt.NDArray[np.uint8]],
    labels: Sequence[Label],
) -> str:
    """The inside of the picture."""
    return cells(*points) + "".join(_label(one) for one in labels)


def cells(x: npt.NDArray[np.uint16], y: npt.NDArray[np.uint16], cluster: npt.NDArray[np.uint8]) -> str:
    """One path a colour and shade: a dot at every cell, in the colour that most of its points have."""
    column, row = onto(x, y, COLUMNS, ROWS)
    cell = row * COLUMNS + column
    counts = np.zeros((8, COLUMNS * ROWS), np.int64)
    np.add.at(counts, (colour_of(cluster), cell), 1)
    total, leading = counts.sum(axis=0), counts.argmax(axis=0)
    some = total[total > 0]
    limits = np.quantile(some, [0.4, 0.8]) if len(some) else np.zeros(2)
    shade = np.searchsorted(limits, total, "left")
    parts = []
    for colour in range(8):
        for step in range(_STEPS):
            at = np.flatnonzero((total > 0) & (leading == colour) & (shade == step))
            if len(at):
                path = "".join(
                    f"M{place((k % COLUMNS + 0.5) * _CELL)} {place((k // COLUMNS + 0.5) * _CELL)}h0"
                    for k in at.tolist()
                )
                parts.append(f'<path class="pts p{colour + 1} d{step + 1}" d="{path}"/>')
    return "".join(parts)


def spot(x: int, y: int) -> tuple[float, float]:
    """Where a place of the map lies in the picture."""
    return x / SIDE * WIDTH, HEIGHT - y / SIDE * HEIGHT


def _label(one: Label) -> str:
    across, down = spot(one.x, one.y)
    return text(across, down - 4, one.name, anchor="middle") + text(
        across, down + 12, f"{one.rows:,}", anchor="middle", kind="sub"
    )
