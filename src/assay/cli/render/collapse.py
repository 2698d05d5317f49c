"""The page of `collapse`: a line a version, then the signs of collapse with their course, then what to do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, labelled, spaced, title, try_next
from assay.cli.render.stats import bar
from assay.cli.render.text import clip, plural, safe_text
from assay.measure.shares import percent

if TYPE_CHECKING:
    from assay.measure.collapse_checks import Check
    from assay.registry.monitor.collapsing import Collapse, VersionState

_MARKS = {"healthy": ("✓", "green"), "warning": ("✗", "bold red"), "not_enough": ("?", "dim")}
_ORIGINS: Final = {
    "human": ("█", "green"), "web": ("▓", "cyan"), "log": ("▒", "blue"), "synthetic": ("░", "magenta"),
    "unknown": ("·", "dim"),
}  # fmt: skip
_HEIGHTS = "▁▂▃▄▅▆▇█"
_CELLS = 10
_COURSE = 12
_FLAT = 0.2
"""A course that moves by less than this share of its highest value does not fill the height."""
_TITLE = 27

Course = Callable[["VersionState"], "float | None"]
_COURSES: Final[Mapping[str, Course]] = {
    "depth": lambda one: one.composition.mean_depth,
    "diversity": lambda one: one.figures.distinct_2 if one.figures else None,
    "tail": lambda one: one.rare_kept,
    "openings": lambda one: one.figures.openings if one.figures else None,
    "alike": lambda one: one.figures.alike if one.figures else None,
    "synthetic": lambda one: one.synthetic.distinct_2 if one.synthetic else None,
}


def page(found: Collapse, commands: Sequence[tuple[str, str]]) -> RenderableType:
    """Everything that `collapse REF` says."""
    versions = len(found.versions)
    note = f"each measured on {found.rows:,} rows, {found.units:,} units" if found.rows else ""
    head = title(found.line, plural(versions, "version"), *([note] if note else []))
    groups = [_line(one, ()) for one in found.groups]
    warnings = [one for one in (*found.checks, *found.groups) if one.verdict == "warning"]
    return spaced(
        Group(head, Padding(_table(found), (0, 0, 0, 2)), _legend(found)),
        _depths(found.versions[-1]),
        Group(
            Text("Signs of collapse" + _against(found), "dim"),
            *(_line(one, found.versions) for one in found.checks),
        ),
        Group(Text(f"Diversity by {clip(found.by or '', 30)}", "dim"), *groups) if groups else None,
        *map(_warning, warnings),
        _sum(found),
        try_next(commands),
    )


def _against(found: Collapse) -> str:
    first = (found.first or "").rpartition("@")[2]
    last = found.line.rpartition("@")[2]
    return f": {safe_text(last)} against {safe_text(first)}" if first and first != last else ""


def _table(found: Collapse) -> RenderableType:
    names = ("examples", "depth", "max", "distinct-2", "alike", "begin", "rare")
    table = columns("", "examples", "written by", *names[1:], right=names)
    for k, one in enumerate(found.versions):
        made, shown = one.composition, one.figures
        table.add_row(
            Text(f"v{one.number}", "bold"), f"{made.examples:,}", _cells(one),
            f"{made.mean_depth:.2f}", f"{max(made.depths, default=0)}",
            *((f"{shown.distinct_2:.3f}", percent(shown.alike), f"{shown.openings:,.0f}") if shown else ("–",) * 3),
            "–" if one.rare_kept is None else f"{one.rare_kept:.0%}",
        )  # fmt: skip
        if k == 0 and found.left_out:
            table.add_row(Text("…", "dim"), Text(f"{found.left_out:,} more", "dim"))
    return table


def _cells(one: VersionState) -> Text:
    """Shares by origin, in cells; what is not nothing gets one where there is room."""
    rows = [(name, one.composition.origins.get(name, 0)) for name in _ORIGINS]
    shares = shared([count for _, count in rows], _CELLS)
    line = Text()
    for (name, _), cells in zip(rows, shares, strict=True):
        sign, style = _ORIGINS[name]
        line.append(sign * cells, style)
    return line


def shared(counts: Sequence[int], cells: int) -> list[int]:
    """`cells` dealt out by `counts`, the largest remainders first; whatever is not 0 has one cell at least."""
    whole = sum(counts)
    if not whole:
        return [0] * len(counts)
    exact = [cells * count / whole for count in counts]
    out = [max(1, math.floor(share)) if count else 0 for share, count in zip(exact, counts, strict=True)]
    while sum(out) != cells:
        step = 1 if sum(out) < cells else -1
        able = [k for k, count in enumerate(counts) if count and (step > 0 or out[k] > 1)]
        k = max(able, key=lambda k: step * (exact[k] - out[k]))
        out[k] += step
    return out


def _legend(found: Collapse) -> RenderableType:
    there = {name for one in found.versions for name in one.composition.origins}
    line = Text("  ")
    for name, (sign, style) in _ORIGINS.items():
        if name in there:
            line.append(sign, style).append(f" {name}  ", "dim")
    return line.append("alike, begin, rare: docs/collapse.md", "dim")


def _depths(newest: VersionState) -> RenderableType | None:
    """How many rows of the newest version lie at each depth; nothing where all lie at 0."""
    depths = newest.composition.depths
    if not any(depths):
        return None
    shown = [(f"depth {depth}", rows) for depth, rows in list(depths.items())[:6]]
    if rest := newest.composition.examples - sum(rows for _, rows in shown):
        shown.append(("deeper", rest))
    most = max(rows for _, rows in shown)
    lines = [Text(f"Models between people and the rows of v{newest.number}", "dim")]
    for label, rows in shown:
        line = Text(f"  {label:<12}{rows:>12,}  ").append(bar(rows, most), "green")
        lines.append(line.append(f"  {percent(rows, newest.composition.examples):>7}", "dim"))
    return Group(*lines)


def _line(one: Check, versions: Sequence[VersionState]) -> Text:
    mark, style = _MARKS[one.verdict]
    line = Text("  ", no_wrap=True, overflow="ellipsis").append(f"{mark} ", style)
    name = clip(one.title, _TITLE)
    line.append(name, "bold" if one.verdict == "warning" else "")
    line.append(" " * (_TITLE + 2 - Text(name).cell_len))
    course = _COURSES.get(one.name)
    drawn = spark([course(version) for version in versions]) if course else ""
    if versions:
        line.append(f"{drawn:<{_COURSE}}  ", "cyan")
    return line.append(clip(one.shown, 33 if versions else 46), "dim" if one.verdict != "warning" else "bold")


def spark(values: Sequence[float | None]) -> str:
    """A course in at most `_COURSE` blocks from the least value to the most; a blank for what is not known."""
    if len(values) > _COURSE:
        at = [round(k * (len(values) - 1) / (_COURSE - 1)) for k in range(_COURSE)]
        values = [values[k] for k in at]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    span = max(high - low, _FLAT * high)
    base = (low + high - span) / 2
    steps = len(_HEIGHTS) - 1
    return "".join(
        " " if v is None else _HEIGHTS[round(steps * (v - base) / span)] if high > low else _HEIGHTS[3]
        for v in values
    )


def _warning(one: Check) -> RenderableType:
    rows = [("found", _found(one)), ("why", one.why), ("do", one.advice)]
    return Group(Text.assemble(("✗ ", "bold red"), (clip(one.title, 70), "bold")), labelled(rows))


def _found(one: Check) -> str:
    """What changed, what is healthy, and how far chance would have moved it."""
    found = one.change
    assert found is not None  # what warns has changed
    said = clip(one.shown, 60)
    if one.name == "originals":
        return f"{said}; healthy: {one.healthy}"
    chance = max(0.0, found.chance)
    if one.name == "depth":
        moved, most = f"{found.moved:.2f} more", f"{chance:.2f}"
    elif one.name == "alike":
        moved, most = f"{100 * found.moved:.1f} points more", f"{100 * chance:.1f}"
    else:
        moved, most = f"{percent(found.moved)} less", percent(chance)
    return f"{said}: {moved} (healthy: {one.healthy}; by chance up to {most})"


def _sum(found: Collapse) -> Text:
    every = (*found.checks, *found.groups)
    counts = {name: sum(one.verdict == name for one in every) for name in _MARKS}
    mark, style = _MARKS[found.verdict]
    warned = plural(counts["warning"], "warning")
    words = f"{warned}, {counts['healthy']} healthy, {counts['not_enough']} without enough to tell"
    return Text.assemble((f"{mark} ", style), words)
