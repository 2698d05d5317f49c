"""The funnel as a ribbon: what moves on stays level, what a stage rejects turns down and leads to its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.measure.charts.bars import clip
from assay.measure.charts.figure import place, rect, text
from assay.measure.shares import percent
from assay.model.escape import inline

WIDTH, HEIGHT = 1240, 318
LEFT, TOP, TALL, FLOOR = 32, 62, 150, 268
END = 1024
MOST = 12
"""Stages drawn; of more, those that rejected most, in order."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A stage: `entered` records, of which `rejected` went. `href` leads to them ("": nowhere) and is called `said`."""

    name: str
    entered: int
    rejected: int
    href: str
    said: str


def ribbon(title: str, said: str, drops: Sequence[Drop], splits: Mapping[str, int], inside: str) -> str:
    """The picture alone. `inside` is the word behind a count that enters ("in"); the twin is the caller's table."""
    shown = _chosen(drops)
    read = drops[0].entered if drops else sum(splits.values())
    wide = (END - LEFT) / max(1, len(shown))
    scale = TALL / read if read else 0.0
    parts, outline = [], [f"M{LEFT} {TOP}"]
    below = TOP + (read * scale)
    for k, drop in enumerate(shown):
        x = LEFT + k * wide
        over = TOP + (drop.entered - drop.rejected) * scale
        under = TOP + drop.entered * scale
        parts.append(_drop(x, wide, over, under, drop))
        outline.append(f"V{place(over)}H{place(x + wide)}")
        below = over
    body = "".join(outline) if shown else f"M{LEFT} {TOP}H{END}V{place(below)}H{LEFT}"
    if shown:
        # Down the left side, in steps along the bottom, back along the top.
        first = TOP + shown[0].entered * scale
        body = f"M{LEFT} {TOP}V{place(first)}" + "".join(outline)[len(f"M{LEFT} {TOP}") :] + f"V{TOP}"
    head = [f'<path class="keptw" d="{body}Z"/>', rect(LEFT, TOP - 1.5, END - LEFT, 3, "kept")]
    for k, drop in enumerate(shown):
        x = LEFT + k * wide
        cells = max(5, int(wide / 7.4))
        head += [
            text(x, 20, clip(drop.name, cells), kind="tb"),
            text(x, 36, f"{drop.entered:,} {inside}", kind="tm ts"),
        ]
    drawn = "".join(head + parts + _ends(splits, scale))
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{inline(said, 400)}">'
        f"<title>{inline(title)}</title>{drawn}</svg>"
    )


def _chosen(drops: Sequence[Drop]) -> list[Drop]:
    """Those that rejected something; where there are too many, the greatest."""
    some = [drop for drop in drops if drop.rejected]
    most = sorted(some, key=lambda drop: -drop.rejected)[:MOST]
    return [drop for drop in some if drop in most]


def _drop(x: float, wide: float, over: float, under: float, drop: Drop) -> str:
    thick = max(1.2, min(under - over, wide * 0.55))
    left = x + wide * 0.5 - thick / 2
    right, turn = left + thick, FLOOR - 10
    at, r, f, high, low = (place(one) for one in (x, right, left, over, under))
    outer = f"M{at} {high}C{r} {high} {r} {place(over + 26)} {r} {turn}V{FLOOR}"
    inner = f"H{f}V{turn}C{f} {place(under + 26)} {f} {low} {at} {low}Z"
    middle = x + wide * 0.5
    # A thin stream is still easy to hit: its whole column below what moves on leads to its rows.
    hit = rect(x, over, wide, 308 - over, "hit") if drop.href else ""
    inside = (
        f'{hit}<path class="rejw" d="{outer}{inner}"/>'
        + rect(left, FLOOR, thick, 4, "rej")
        + text(middle, 289, f"−{drop.rejected:,}", anchor="middle", kind="tr")
        + text(middle, 304, percent(drop.rejected, drop.entered), anchor="middle", kind="tm ts")
    )
    if not drop.href:
        return f"<g>{inside}</g>"
    said = f"{drop.said}: −{drop.rejected:,}, {percent(drop.rejected, drop.entered)}"
    return f'<a href="{inline(drop.href, 400)}"><title>{inline(said)}</title>{inside}</a>'


def _ends(splits: Mapping[str, int], scale: float) -> list[str]:
    """What was kept, split by split, with its name beside it."""
    total = sum(splits.values())
    height = min(TALL, total * scale)
    if not total or not height:
        return []
    out, y, said_at = [], TOP - 1.5, float(TOP)
    for name, rows in list(splits.items())[:6]:
        tall = max(2.0, height * rows / total)
        out.append(rect(END + 4, y, 62, tall, "kept", f"{name}: {rows:,}"))
        at = max(said_at, y + min(tall / 2, 14))
        out += [
            text(END + 76, at + 4, clip(name, 18), kind="tb"),
            text(END + 76, at + 20, f"{rows:,}", kind="tm"),
        ]
        said_at = at + 40
        y += tall + 3
    return out
