"""The versions of a dataset over time: a lane a branch, what each was made from, and how many rows it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from assay.measure.charts.bars import clip
from assay.measure.charts.figure import compact, line, place, rect, text
from assay.model.escape import inline

WIDTH = 1180
LEFT, RIGHT, LANE = 104, 1140, 40
CLOSEST = 62
MOST = 16
"""Versions drawn: the newest."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A version. `parents`: numbers of those it was made from. `day`: YYYY-MM-DD. `out`: it is what is released."""

    number: int
    branch: str
    parents: tuple[int, ...]
    day: str
    rows: int
    href: str
    out: bool = False
    revoked: bool = False


def timeline(title: str, said: str, dots: Sequence[Dot], rows_word: str) -> str:
    """The picture alone, of the newest `MOST` of `dots` (oldest first); its twin is the caller's table."""
    dots = dots[-MOST:]
    lanes = _lanes(dots)
    xs = dict(zip((dot.number for dot in dots), _places(dots), strict=True))
    base = 26 + LANE * (len(lanes) - 1)
    ys = {name: base - LANE * k for k, name in enumerate(lanes)}
    floor, height = base + 112, base + 134
    parts = _months(dots, xs, floor)
    for name, y in ys.items():
        parts.append(text(0, y + 4, clip(name, 13), kind="tb"))
    parts.append(text(0, floor - 22, rows_word, kind="tb"))
    parts.append(line(70, floor, WIDTH - 20, floor, "ax"))
    at = {dot.number: dot for dot in dots}
    for dot in dots:
        for parent in dot.parents:
            if parent in at:
                parts.append(_edge(xs[parent], ys[at[parent].branch], xs[dot.number], ys[dot.branch]))
    most = max((dot.rows for dot in dots), default=1) or 1
    for dot in dots:
        parts.append(_dot(dot, xs[dot.number], ys[dot.branch], base, floor, most))
    return (
        f'<svg class="chart tl" viewBox="0 0 {WIDTH} {place(height)}" role="group" aria-label="{inline(said, 600)}">'
        f"<title>{inline(title)}</title>{''.join(parts)}</svg>"
    )


def _lanes(dots: Sequence[Dot]) -> list[str]:
    """Branches from the bottom up: main first, then as they appear."""
    names = list(dict.fromkeys(dot.branch for dot in dots))
    return sorted(names, key=lambda name: name != "main")


def _places(dots: Sequence[Dot]) -> list[float]:
    """By time, pushed apart where they would touch; evenly where that does not fit."""
    if len(dots) < 2:
        return [(LEFT + RIGHT) / 2 - 300] * len(dots)
    days = [date.fromisoformat(dot.day).toordinal() for dot in dots]
    span = days[-1] - days[0]
    room = RIGHT - LEFT
    if span <= 0 or any(b < a for a, b in pairwise(days)):
        return [LEFT + room * k / (len(dots) - 1) for k in range(len(dots))]
    xs = [LEFT + room * (day - days[0]) / span for day in days]
    gap = min(CLOSEST, room / (len(dots) - 1))
    for k in range(1, len(xs)):
        xs[k] = max(xs[k], xs[k - 1] + gap)
    xs[-1] = min(xs[-1], RIGHT)
    for k in range(len(xs) - 2, -1, -1):
        xs[k] = min(xs[k], xs[k + 1] - gap)
    return xs


def _months(dots: Sequence[Dot], xs: dict[int, float], floor: float) -> list[str]:
    """A hairline before the first version of each month."""
    out, seen, last = [], "", -100.0
    for dot in dots:
        if dot.day[:7] != seen:
            seen, x = dot.day[:7], xs[dot.number] - 24
            if x - last > 54:
                out += [line(x, 8, x, floor + 6, "gr"), text(x + 4, floor + 18, seen, kind="tm ts")]
                last = x
    return out


def _edge(x1: float, y1: float, x2: float, y2: float) -> str:
    if y1 == y2:
        return f'<path class="ln" d="M{place(x1)} {place(y1)}H{place(x2)}"/>'
    bend = min(60.0, (x2 - x1) / 2)
    a, b, c, d = (place(one) for one in (x1, y1, x2, y2))
    left, right = place(x1 + bend), place(x2 - bend)
    # It leaves its lane at once and runs along its own; back, it stays on its own as long as it can.
    path = (
        f"M{a} {b}C{left} {b} {a} {d} {left} {d}H{c}"
        if y2 < y1
        else f"M{a} {b}H{right}C{c} {b} {right} {d} {c} {d}"
    )
    return f'<path class="ln lnb" d="{path}"/>'


def _dot(dot: Dot, x: float, y: float, base: float, floor: float, most: int) -> str:
    tall = 34 * dot.rows / most
    kind = "dot now" if dot.out else "dot" if dot.branch == "main" else "dotb"
    halo = f'<circle class="halo" cx="{place(x)}" cy="{place(y)}" r="13"/>' if dot.out else ""
    cross = f'<path class="ax" d="M{place(x - 4)} {place(y - 4)}l8 8m0-8l-8 8"/>' if dot.revoked else ""
    below = y == base
    name = text(x, y + 24, f"v{dot.number}", anchor="middle", kind="tb mono") if below else text(
        x + 11, y - 8, f"v{dot.number}", kind="tb mono"
    )  # fmt: skip
    when = text(x, base + 40, dot.day[5:], anchor="middle", kind="tm ts") if below else ""
    said = f"v{dot.number}, {dot.day}: {dot.rows:,}"
    return (
        f'<a href="{inline(dot.href, 300)}"><title>{said}</title>{halo}'
        f'<circle class="{kind}" cx="{place(x)}" cy="{place(y)}" r="6.5"/>{cross}{name}{when}'
        + rect(x - 20, floor - tall, 40, tall, "kept" if dot.out else "keptw", f"v{dot.number}: {dot.rows:,}")
        + text(
            x,
            floor - tall - 6,
            compact(dot.rows) if dot.rows >= 1_000_000 else f"{dot.rows:,}",
            anchor="middle",
            kind="ts",
        )
        + "</a>"
    )


def _count(rows: int) -> str:
    return compact(rows) if rows >= 1_000_000 else f"{rows:,}"
