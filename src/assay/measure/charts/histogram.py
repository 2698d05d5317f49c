"""A histogram: how many rows fall into each bin."""

from __future__ import annotations

from collections.abc import Sequence

from assay.measure.charts.figure import compact, figure, image, line, rect, steps, table, text
from assay.measure.lengths import Bin
from assay.measure.shares import percent

WIDTH, HEIGHT = 480, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 22, 40


def histogram(
    name: str, title: str, note: str, bins: Sequence[Bin], unit: str, mark: tuple[float, str] | None = None
) -> str:
    """Bars of `bins`. `mark` is a value with a label, drawn as a dashed line; `unit` names the axis."""
    total = sum(one.count for one in bins)
    ticks = steps(max((one.count for one in bins), default=0))
    plot_w, plot_h = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    step = plot_w / max(1, len(bins))
    parts = []
    for tick in ticks:
        y = TOP + plot_h - plot_h * tick / ticks[-1]
        parts += [
            line(LEFT, y, WIDTH - RIGHT, y, "gr"),
            text(LEFT - 6, y + 4, compact(tick), anchor="end", kind="tm"),
        ]
    for k, one in enumerate(bins):
        tall = plot_h * one.count / ticks[-1]
        tall = max(tall, 1.5) if one.count else 0
        hint = f"{spell(one)} {unit}: {one.count:,}"
        parts.append(rect(LEFT + k * step + 0.75, TOP + plot_h - tall, step - 1.5, tall, "kept", hint))
    parts.append(line(LEFT, TOP + plot_h, WIDTH - RIGHT, TOP + plot_h, "ax"))
    parts += _labels(bins, step, TOP + plot_h + 17)
    parts.append(text(LEFT + plot_w / 2, HEIGHT - 4, unit, anchor="middle", kind="tm"))
    if mark is not None:
        parts += _mark(bins, step, mark, TOP + plot_h)
    fullest = max(bins, key=lambda one: one.count, default=None)
    said = f"{total:,} rows in {len(bins)} bins."
    if fullest is not None:
        said += f" The fullest, {spell(fullest)} {unit}, holds {percent(fullest.count, total)}."
    twin = table(
        [unit, "rows", "share"], [[spell(one), f"{one.count:,}", percent(one.count, total)] for one in bins]
    )
    return figure(name, title, note, image(name, title, said, (WIDTH, HEIGHT), "".join(parts)), twin)


def _labels(bins: Sequence[Bin], step: float, y: float) -> list[str]:
    """Under every so-manieth bin, where it begins; the last one that is open says so."""
    every = max(1, -(-len(bins) // 6))
    whole = all(one.low == one.high for one in bins)
    out = []
    for k in range(0, len(bins), every):
        if bins[k].high is not None or whole:
            at = LEFT + step * (k + 0.5 if whole else k)
            out.append(text(at, y, compact(bins[k].low), anchor="middle", kind="tm"))
    if bins and bins[-1].high is None and (len(bins) - 1) % every != 1:
        out.append(text(LEFT + step * len(bins), y, f"{compact(bins[-1].low)}+", anchor="end", kind="tm"))
    return out


def _mark(bins: Sequence[Bin], step: float, mark: tuple[float, str], bottom: float) -> list[str]:
    value, label = mark
    for k, one in enumerate(bins):
        after = bins[k + 1].low if k + 1 < len(bins) else None
        if one.low <= value and (after is None or value < after):
            inside = (value - one.low) / (after - one.low) if after is not None and after > one.low else 0.5
            x = LEFT + step * (k + inside)
            anchor = "end" if x > WIDTH * 0.7 else "start"
            shift = -5 if anchor == "end" else 5
            return [line(x, 6, x, bottom, "thr"), text(x + shift, 14, label, anchor=anchor, kind="tb")]
    return []


def spell(one: Bin) -> str:
    """ "20 to 29", "180 and more", "4"."""
    if one.high is None:
        return f"{one.low:,g} and more"
    return f"{one.low:,g}" if one.low == one.high else f"{one.low:,.4g} to {one.high:,.4g}"
