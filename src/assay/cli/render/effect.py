"""The picture of `compare`: what the runs scored, a line a value with its interval, and the rows that changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from assay.cli.render.frame import columns, spaced, title, try_next
from assay.cli.render.text import clip, plural
from assay.measure.report.drift_page import chance
from assay.registry.training.effect_results import ITEMS, NONE, SEEDS
from assay.registry.training.effect_words import MINUS, NOTE, digits, interval, plain, scale, signed

if TYPE_CHECKING:
    from assay.measure.effect.estimate import Difference
    from assay.registry.training.effect_data import Moved
    from assay.registry.training.effect_results import Effect, Field, Measure
    from assay.registry.training.results import RunResults

MARKS: Final = {
    "better": ("▲", "bold green"), "worse": ("▼", "bold red"), NONE: ("·", "dim"), SEEDS: ("?", "yellow"),
    ITEMS: ("?", "dim"),
}  # fmt: skip
_NAME, _PLOT = 15, 21
_SHOWN = 12
_RUNS = 8


class Axis:
    """Cells of a line from the least to the greatest of what is shown, nought among them."""

    def __init__(self, found: Sequence[Difference], by: float) -> None:
        ends = [0.0] + [x * by for one in found for x in (one.value, one.low, one.high) if x is not None]
        low, high = min(ends), max(ends)
        room = (high - low) * 0.04 or 1.0
        self.low, self.high, self.by = low - room, high + room, by

    def cell(self, value: float) -> int:
        share = (value - self.low) / (self.high - self.low)
        return min(_PLOT - 1, max(0, int(share * _PLOT)))

    def line(self, found: Difference, style: str, whole: bool) -> Text:
        """The interval as a bar, the difference as a point on it, nought as a rule."""
        cells, zero = [" "] * _PLOT, self.cell(0.0)
        cells[zero] = "┊"
        if found.low is not None and found.high is not None:
            first, last = self.cell(found.low * self.by), self.cell(found.high * self.by)
            for k in range(first, last + 1):
                cells[k] = "┿" if k == zero else "━"
            if last > first:
                cells[first], cells[last] = "┝" if first == zero else "╺", "┥" if last == zero else "╸"
        cells[self.cell(found.value * self.by)] = ("◆●" if found.low is not None else "◇○")[not whole]
        out = Text()
        for cell in cells:
            out.append(cell, "dim" if cell == "┊" else style)
        return out


def page(found: Effect, commands: Sequence[tuple[str, str]]) -> RenderableType:
    """Everything that `compare A B` says."""
    moved = found.moved
    head = title(f"{found.a} → {found.b}", *(_what(found.main) if found.main is not None else ()))
    stayed = moved.after - moved.came
    rows = Text(f"  rows: {moved.came:,} came · {moved.went:,} went · {stayed:,} stayed", "dim")
    parts: list[RenderableType | None] = [Group(head, rows)]
    if found.main is None:
        parts.append(_nothing(found))
    else:
        parts += [_verdict(found, found.main), _runs(found, found.main)]
        every = [
            found.main.difference,
            *(s.difference for field in found.fields for s in field.strata[:_SHOWN]),
        ]
        parts.append(_forest(found.main, found.fields, Axis(every, scale(found.main))))
        parts += [_together(found), _others(found.others)]
    return spaced(*parts, try_next(commands) if commands else None)


def _what(main: Measure) -> tuple[str, ...]:
    where = f"{main.metric} on {main.evaluation}" if main.evaluation else main.metric
    return (clip(where, 40),)


def _nothing(found: Effect) -> RenderableType:
    lines = [Text(f"  {SEEDS[0].upper()}{SEEDS[1:]}: no run has results on both sides.", "bold yellow")]
    for ref, count in zip((found.a, found.b), found.unmeasured, strict=True):
        lines.append(Text(f"  {clip(ref, 40)}: {plural(count, 'linked run')} without results", "dim"))
    return Group(*lines)


def _verdict(found: Effect, main: Measure) -> RenderableType:
    one, by = main.difference, scale(main)
    after = digits(main, max(abs(x) for x in (one.value, one.low or 0.0, one.high or 0.0)) * by)
    unit = " points" if main.points else ""
    said = f"{main.verdict[0].upper()}{main.verdict[1:]}"
    mark, style = MARKS[main.verdict]
    line = Text(f"  {mark} {said}", style).append(f"  {signed(one.value * by, after)}{unit}", "bold")
    if one.low is not None:
        line.append(f"  95 % {interval(one, by, after)}", "")
    share = " %" if main.points else ""
    means = " → ".join(plain(mean * by, after) + share for mean in one.means)
    how = {"items": f"paired on {one.items:,} items", "items and seeds": f"paired on {one.items:,} items and by seed",
           "seeds": "figures of runs, paired by seed"}.get(main.paired, "figures of runs, not paired")  # fmt: skip
    facts = f"    {means} · {how}" + (f" · p {chance(one.p)}" if one.p is not None else "")
    lines = [line, Text(facts, "dim")]
    if main.left_out:
        lines.append(
            Text(
                f"    {plural(main.left_out, 'item')} left out: not the same, or not scored, in all runs",
                "dim",
            )
        )
    if main.lower:
        lines.append(Text("    less is better", "dim"))
    lines += [Text("    " + said_of, "yellow") for said_of in _short_of(found, main)]
    if found.bootstrap is not None:
        drawn = found.bootstrap
        for name, ends in (("bootstrap-t", drawn.t), ("BCa", drawn.bca), ("percentile", drawn.percentile)):
            said = f"{signed(ends[0] * by, after)} … {signed(ends[1] * by, after)}"
            lines.append(Text(f"    {name:<12} {said}  ({drawn.draws:,} draws of runs and items)", "dim"))
    return Group(*lines)


def _short_of(found: Effect, main: Measure) -> list[str]:
    """What it would take to tell."""
    runs, few = main.difference.runs, min(main.difference.runs) < 2
    lines = []
    if few:
        have = " and ".join(
            f"{plural(n, 'run')} on {ref.partition('@')[2]}"
            for n, ref in zip(runs, (found.a, found.b), strict=True)
        )
        lines.append(f"{have}: seeds can be told from two a side on")
    if found.needed is None:
        return lines
    if found.needed.runs is not None:
        more = " and ".join(f"{max(0, found.needed.runs - n)} more" for n in runs)
        lines.append(f"about {found.needed.runs:,} runs a side ({more}) would mostly show this much")
    elif found.needed.items is not None:
        lines.append(
            f"more runs alone would not show it on these items; about {found.needed.items:,} items might"
        )
    return lines


def _runs(found: Effect, main: Measure) -> RenderableType:
    """What each run scored, as points between the least and the greatest."""
    by, every = scale(main), [run.score for side in main.runs for run in side]
    low, high = min(every), max(every)
    after = digits(main, max(abs(low), abs(high)) * by)
    lines = []
    width = 30
    for ref, side in zip((found.a, found.b), main.runs, strict=True):
        cells = [" "] * width
        for run in side:
            at = round((run.score - low) / (high - low) * (width - 1)) if high > low else width // 2
            cells[at] = {" ": "○", "○": "◎"}.get(cells[at], "●")
        seeds = [str(run.seed) for run in side if run.seed is not None]
        told = f"seed{'s'[: len(seeds) != 1]} {', '.join(seeds[:_RUNS])}" if seeds else ""
        line = Text("  ", no_wrap=True, overflow="ellipsis").append(f"{clip(ref, 18):<18} ", "cyan")
        line.append(f"{plural(len(side), 'run'):>7} ", "dim").append("│" + "".join(cells) + "│")
        lines.append(line.append(f" {told}", "dim"))
    foot = f"{plain(low * by, after)}" + " " * max(
        1, width - len(plain(low * by, after)) - len(plain(high * by, after))
    )
    lines.append(Text(" " * 29 + foot + plain(high * by, after), "dim"))
    return Group(*lines)


def _forest(main: Measure, fields: Sequence[Field], axis: Axis) -> RenderableType:
    sides = ("better", "worse") if main.lower else ("worse", "better")
    zero = axis.cell(0.0)
    left, right = (f"{sides[0]} ◂" if zero > len(sides[0]) + 1 else ""), f"▸ {sides[1]}"
    ruler = f"{left:>{zero}}│{right if _PLOT - zero > len(right) else ''}"
    head = Text(" " * (_NAME + 4) + f"{ruler:<{_PLOT}}{'95 %':>23}", "dim")
    lines = [head.append("  rows changed" if fields else "", "dim")]
    lines.append(_row("all items", main.difference, main.verdict, None, main, axis, whole=True))
    for field in fields:
        called = f" (rows: {field.feature})" if field.feature not in (None, field.name) else ""
        unknown = " · no field of the rows is called so" if field.feature is None else ""
        lines += [Text(""), Text(f"  by {clip(field.name + called, 34)}{unknown}", "bold")]
        for one in field.strata[:_SHOWN]:
            lines.append(_row(one.value, one.difference, one.verdict, one.moved, main, axis))
        if (rest := len(field.strata) - _SHOWN) > 0:
            lines.append(Text(f"    and {rest} more with --json", "dim"))
        for value, moved in field.elsewhere[:3]:
            said = f"    {clip(value, 24)}: {_changed(moved)} rows changed, no item measures it"
            lines.append(Text(said, "dim"))
    return Group(*lines)


def _together(found: Effect) -> RenderableType | None:
    """The values of fields where models and rows both moved, in words."""
    if not found.fields or found.main is None:
        return None
    by, how = scale(found.main), {"holm": "Holm", "bh": "Benjamini–Hochberg"}[found.correction]
    lines = [Text(f"  ▲ and ▼ hold after correction for all values of a field ({how}).", "dim")]
    for field in found.fields:
        for one in field.strata:
            if one.verdict not in ("better", "worse") or one.moved is None or not one.moved.changed:
                continue
            most = max(abs(x) for x in (one.difference.low or 0.0, one.difference.high or 0.0)) * by
            after = digits(found.main, most)
            line = Text("  ", no_wrap=True, overflow="ellipsis").append(
                f"{MARKS[one.verdict][0]} ", MARKS[one.verdict][1]
            )
            line.append(f"{signed(one.difference.value * by, after)} on {clip(one.value, 20)}", "bold")
            line.append(f" (95 % {interval(one.difference, by, after)})")
            lines.append(line.append(f" · {_changed(one.moved, 40)} rows changed there"))
    if len(lines) == 1:
        return Group(*lines, Text("  Nowhere did both models and rows move.", "dim"))
    return Group(*lines, Text("  " + NOTE, "dim"))


def _row(
    name: str,
    one: Difference,
    verdict: str,
    moved: Moved | None,
    main: Measure,
    axis: Axis,
    whole: bool = False,
) -> Text:
    by = scale(main)
    after = digits(main, max(abs(x) for x in (axis.low, axis.high)))
    mark, style = MARKS[verdict]
    label = clip(name, _NAME - 1)
    line = Text("  ", no_wrap=True, overflow="ellipsis").append(f"{mark} ", style)
    line.append(label + " " * (_NAME - Text(label).cell_len), "bold" if whole else "")
    line.append_text(axis.line(one, style, whole))
    line.append(f" {signed(one.value * by, after):>6}", style if verdict in ("better", "worse") else "")
    said = (
        interval(one, by, after)
        if one.low is not None
        else f"{one.items:,} items"
        if verdict == ITEMS
        else "too few seeds"
    )
    line.append(f" {said:>15}", "dim")
    if moved is not None:
        line.append(f"  {_changed(moved)}", "" if moved.changed else "dim")
    return line


def _changed(moved: Moved, room: int = 15) -> str:
    if not moved.changed:
        return "0"
    parts = f"+{moved.came:,} {MINUS}{moved.went:,}"
    whole = f"{moved.changed:,} ({parts})"
    return whole if len(whole) <= room else parts


def _others(others: Sequence[Measure]) -> RenderableType | None:
    if not others:
        return None
    lines = [Text("  other measures, each by itself", "bold")]
    for one in others[:_SHOWN]:
        by, found = scale(one), one.difference
        after = digits(one, max(abs(x) for x in (found.value, found.low or 0.0, found.high or 0.0)) * by)
        mark, style = MARKS[one.verdict]
        name = clip(f"{one.metric} on {one.evaluation}" if one.evaluation else one.metric, 34)
        line = Text("  ", no_wrap=True, overflow="ellipsis").append(f"{mark} ", style).append(f"{name:<36}")
        line.append(f"{signed(found.value * by, after):>8}  ").append(
            f"{interval(found, by, after):<18}", "dim"
        )
        lines.append(line.append(one.verdict, style))
    if rest := len(others) - _SHOWN:
        lines += [Text(f"    and {rest} more with --json", "dim")] if rest > 0 else []
    return Group(*lines)


def attached(found: Sequence[RunResults], dry_run: bool) -> RenderableType:
    """What `runs results` attached, an evaluation a line."""
    first = found[0].at
    head = title(
        f"{first.run} → {first.ref}",
        "nothing attached: --dry-run" if dry_run else f"#{found[-1].at.operation.seq}",
    )
    table = columns("  evaluation", "tool", "items", "figures", "eval set", right=("items",), grow="figures")
    for one in found:
        figures = ", ".join(f"{clip(name, 20)} {value:.4g}" for name, value in list(one.figures.items())[:4])
        of = f"{clip(one.eval_set, 14)} {one.matched:,}" if one.eval_set else ""
        table.add_row("  " + clip(one.at.evaluation, 24), one.tool, f"{one.count:,}", figures, of)
    unread = sum(one.unread for one in found)
    note = Text(f"  {plural(unread, 'record')} had no score", "yellow") if unread else None
    return spaced(Group(head, table), note)
