"""The picture of a blast radius."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, spaced, title
from assay.cli.render.text import clip, safe_text
from assay.registry.trace.radius import Radius

BAR = 12


def picture(found: Radius, command: Callable[..., str]) -> RenderableType:
    """What it reached, version by version with the runs that learned there, and what to do; `command` spells a
    command line of these words."""
    noun = "example" if found.examples == 1 else "examples"
    notes = [f"{found.examples:,} {noun}"]
    if found.derived:
        notes.append(f"{found.derived:,} of them made from the others")
    head = title(f"{found.kind.replace('_', ' ')} {clip(found.value, 44)}", *notes)
    if not found.versions:
        return Group(head, Text("  in no version", "dim"))
    most = max(one.examples for one in found.versions)
    table = columns("version", "examples", "", "splits", "runs", right=("examples",), grow="runs")
    for one in found.versions:
        runs = ", ".join(dict.fromkeys(r.name for r in found.runs if f"{r.dataset}@v{r.version}" == one.ref))
        bar = "█" * max(1, round(BAR * one.examples / most))
        splits = " · ".join(f"{name} {count:,}" for name, count in one.splits.items())
        table.add_row(
            Text(clip(one.ref, 24), "bold" if one.newest else ""), f"{one.examples:,}", Text(bar, "red"),
            Text(clip(splits, 30), "dim"), Text(clip(runs, 40) or "–"),
        )  # fmt: skip
    return spaced(head, Padding(table, (0, 0, 0, 2)), _mending(found, command))


def _mending(found: Radius, command: Callable[..., str]) -> RenderableType | None:
    if not found.fixes:
        return Text("no newest version holds it, and no run learned from it", "green")
    lines = [Text("To mend it", "dim")]
    lines += [
        Text(f"  {safe_text(command(*fix))}", "cyan", no_wrap=True, overflow="ignore") for fix in found.fixes
    ]
    return Group(*lines)
