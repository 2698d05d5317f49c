"""The picture of `trend`: a line of blocks a series, then the jumps and the operations behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from assay.cli.render.frame import spaced, title, try_next
from assay.cli.render.text import clip, plural
from assay.measure.charts.heat import spell
from assay.measure.drift.features import title as called
from assay.measure.report.sections import tail

if TYPE_CHECKING:
    from assay.measure.drift.trend import Series
    from assay.registry.monitor.trending import Anomaly, Trend

_HEIGHTS = "▁▂▃▄▅▆▇█"
_WIDE = 24
_JUMPS = 12


def page(found: Trend, commands: Sequence[tuple[str, str]]) -> RenderableType:
    """Everything that `trend NAME` says."""
    first, last = found.points[0], found.points[-1]
    notes = [plural(len(found.points), "version"), f"{first.rows:,} → {plural(last.rows, 'example')}"]
    if found.left_out:
        notes.append(f"{found.left_out:,} older left out")
    head = title(found.name if found.feature is None else f"{found.name}  {found.feature}", *notes)
    return spaced(head, _series(found), _anomalies(found), try_next(commands) if commands else None)


def _series(found: Trend) -> RenderableType:
    names = [p.version.partition("@")[2] for p in found.points]
    first, last = names[max(0, len(names) - _WIDE)], names[-1]
    lines = [Text(f"  {'':<24}{first:>9}  {'':<{min(_WIDE, len(names))}} {last:>9}", "dim")]
    for one in found.series:
        label = clip(called(one.feature) if found.feature is None else _label(one), 23)
        line = Text("  ", no_wrap=True, overflow="ellipsis").append(label + " " * (24 - Text(label).cell_len))
        shown = one.points[-_WIDE:]
        line.append(f"{_figure(one, shown[0]):>9}  ", "dim").append(_blocks(shown), "green")
        line.append(f" {_figure(one, shown[-1]):>9}  ")
        if found.feature is None:
            line.append(clip(one.says, 30), "dim")
        lines.append(line)
    return Group(*lines)


def _label(one: Series) -> str:
    return tail(one.value) if one.feature == "source" else one.value


def _figure(one: Series, value: float) -> str:
    if math.isnan(value):
        return "–"
    return spell(value) if one.says.startswith("share") else f"{value:,.4g}"


def _blocks(points: Sequence[float]) -> str:
    """The series as heights between its least and its most; a dot where there is none."""
    known = [p for p in points if not math.isnan(p)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    room = high - low
    return "".join(
        "·" if math.isnan(p) else _HEIGHTS[round(7 * (p - low) / room)] if room > 1e-12 else _HEIGHTS[3]
        for p in points
    )


def _anomalies(found: Trend) -> RenderableType:
    if not found.anomalies:
        return Text("  No share jumps from one version to the next.", "dim")
    lines: list[RenderableType] = [Text("Jumps", "bold")]
    for one in found.anomalies[:_JUMPS]:
        lines += _anomaly(one)
    if (rest := len(found.anomalies) - _JUMPS) > 0:
        lines.append(Text(f"  and {rest} more with --json", "dim"))
    return Group(*lines)


def _anomaly(one: Anomaly) -> list[Text]:
    jump, operation = one.jump, one.point.operation
    value = tail(jump.value) if jump.feature == "source" else jump.value
    line = Text("  ", no_wrap=True, overflow="ellipsis").append(
        f"{one.point.version.partition('@')[2]:<6}", "cyan"
    )
    line.append(clip(f"{jump.title}: {value}", 40), "bold")
    line.append(f"  {spell(jump.before)} → {spell(jump.after)}").append(f"  z {jump.z:+.1f}", "dim")
    what = "came" if jump.after > jump.before else "left"
    by = Text("        ", "dim", no_wrap=True, overflow="ellipsis")
    by.append(
        f"#{operation.seq} {clip(operation.action, 12)} by {clip(operation.actor, 12)} on {operation.time[:10]}"
    )
    if one.rows:
        by.append(f"; {plural(one.rows, 'row')} {what}")
        sources = ", ".join(f"{clip(tail(name), 24)} {count:,}" for name, count in one.sources)
        by.append(f": {sources}")
    return [line, by]
