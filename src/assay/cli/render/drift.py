"""The picture of `drift`: one line a feature, then the shares of those that drifted and who brought them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from assay.cli.render.frame import columns, spaced, title, try_next
from assay.cli.render.text import clip, plural, short
from assay.measure.charts.grouped import points
from assay.measure.drift.features import LIMITS
from assay.measure.report.drift_page import chance
from assay.measure.report.sections import tail
from assay.measure.shares import percent

if TYPE_CHECKING:
    from assay.measure.drift.compare import Cell, Shift
    from assay.registry.monitor.drifting import Brought, Cause, Drift

_MARKS = {
    "drifted": ("✗ drifted", "bold red"), "steady": ("✓ steady", "green"),
    "not enough rows to tell": ("· too few", "dim"),
}  # fmt: skip
_BAR = 10
_FULL = 10.0
"""Times the limit that fill a bar."""
_PARTS = " ▏▎▍▌▋▊▉"
_SHOWN = 6
_EXAMPLES = 6


def page(found: Drift, examples: bool, commands: Sequence[tuple[str, str]]) -> RenderableType:
    """Everything that `drift A B` says."""
    head = title(f"{found.a} → {found.b}", f"{found.before.rows:,} → {plural(found.after.rows, 'example')}")
    facts = Text(f"  {found.came:,} came · {found.went:,} went · {found.stayed:,} stayed", "dim")
    parts: list[RenderableType | None] = [Group(head, facts), _table(found), _verdict(found)]
    parts += [_feature(shift, found.causes.get(shift.name), examples) for shift in found.drifted]
    return spaced(*parts, try_next(commands) if commands else None)


def _table(found: Drift) -> RenderableType:
    lines = [Text(f"  {'':<10} {'feature':<24}{'effect':>8}   {'times what matters':<21}p", "dim")]
    order = ["drifted", "not enough rows to tell", "steady"]
    for shift in sorted(found.shifts, key=lambda one: order.index(one.verdict)):
        word, style = _MARKS[shift.verdict]
        line = Text("  ", no_wrap=True, overflow="ellipsis").append(f"{word:<10} ", style)
        name = clip(shift.title, 23)
        line.append(name + " " * (24 - Text(name).cell_len))
        if shift.verdict == "not enough rows to tell":
            lines.append(line.append("not enough rows to tell", "dim"))
            continue
        times = shift.effect / LIMITS[shift.kind].least
        line.append(f"{shift.effect:>8.4f}   ").append(_bar(times / _FULL), "red" if times >= 1 else "green")
        line.append(f" {times:>6,.1f} ×   ", "" if times >= 1 else "dim").append(chance(shift.p), "dim")
        lines.append(line)
    return Group(*lines)


def _bar(part: float) -> str:
    eighths = min(8 * _BAR, max(int(part > 0), round(8 * _BAR * part)))
    solid = "█" * (eighths // 8) + (_PARTS[eighths % 8] if eighths % 8 else "")
    return solid + " " * (_BAR - len(solid))


def _verdict(found: Drift) -> RenderableType:
    few = sum(one.verdict == "not enough rows to tell" for one in found.shifts)
    tested = sum(one.p is not None for one in found.shifts)
    said = f"{len(found.drifted)} of {len(found.shifts)} features drifted"
    if few:
        said += f"; of {few} there are not enough rows to tell"
    note = f"{tested} tested, p corrected for all of them (Holm); every measure with --json"
    return Group(Text(f"  {said}.", "bold red" if found.drifted else "bold"), Text("  " + note, "dim"))


def _feature(shift: Shift, cause: Cause | None, examples: bool) -> RenderableType:
    lines: list[RenderableType] = [Text(clip(shift.title, 60), "bold")]
    if shift.kind == "style":
        figures = shift.figures
        lines.append(
            Text(f"  {figures['mean_before']:.4g} → {figures['mean_after']:.4g}, on average over blocks")
        )
    else:
        lines += _cells(shift)
    if cause is not None:
        said = (
            "came with values that grew in share" if cause.came else "left with values that shrank in share"
        )
        lines.append(Text(f"  {plural(cause.of, 'row')} {said}", "dim"))
        lines += [_brought(one) for one in cause.brought]
        if examples:
            lines.append(_examples(cause))
            if (rest := len(cause.examples) - _EXAMPLES) > 0:
                lines.append(Text(f"  and {rest} more with --json or --html", "dim"))
    return Group(*lines)


def _cells(shift: Shift) -> list[Text]:
    n, m = (max(1, sum(getattr(c, side) for c in shift.cells)) for side in ("before", "after"))

    def change(cell: Cell) -> float:
        return float(abs(cell.after / m - cell.before / n))

    shown = sorted(shift.cells, key=lambda c: -change(c))[:_SHOWN]
    if shift.kind == "number":
        shown = [cell for cell in shift.cells if cell in shown]
    top = max((max(c.before / n, c.after / m) for c in shown), default=1.0) or 1.0
    lines = [Text(f"  {'':<22}{'before':>8} {'':<{_BAR}} {'after':>8}", "dim")]
    for cell in shown:
        before, after = cell.before / n, cell.after / m
        name = clip(tail(cell.label) if shift.name == "source" else cell.label, 21)
        line = Text("  ", no_wrap=True, overflow="ellipsis").append(name + " " * (22 - Text(name).cell_len))
        line.append(f"{percent(cell.before, n):>8} ").append(_bar(before / top), "dim").append(" ")
        line.append(f"{percent(cell.after, m):>8} ").append(_bar(after / top), "red")
        lines.append(line.append(f" {points(before, after):>8}".replace(" points", " pt"), "dim"))
    if rest := len(shift.cells) - len(shown):
        lines.append(Text(f"  and {rest} more with --json", "dim"))
    return lines


def _brought(one: Brought) -> Text:
    line = Text("  ", no_wrap=True, overflow="ellipsis").append(f"{one.rows:>8,}  ", "bold")
    line.append(f"{clip(one.version, 20)} ", "cyan").append(
        f"#{one.operation} {clip(one.action, 10)} by {clip(one.actor, 12)}"
    )
    line.append(f" from {clip(tail(one.source), 24)}", "dim")
    if one.generator != "(not stated)":
        line.append(f", {clip(one.generator, 20)}", "dim")
    return line


def _examples(cause: Cause) -> RenderableType:
    found = columns("  example", "value", "version", "source", "generator", grow="source")
    for id, value, one in cause.examples[:_EXAMPLES]:
        by = "" if one.generator == "(not stated)" else clip(one.generator, 16)
        found.add_row(
            Text(f"  {short(id)}", "cyan"), Text(clip(value, 18)), clip(one.version.partition("@")[2], 6),
            Text(clip(tail(one.source), 24), "dim"), Text(by, "dim"),
        )  # fmt: skip
    return found
