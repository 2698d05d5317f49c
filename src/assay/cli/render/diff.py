"""What changed between two versions: a summary, a table by split, and the rows word by word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns
from assay.cli.render.text import clip, safe_text, short
from assay.cli.render.words import words
from assay.model.diff import Diff

MARKS: Final = {"added": "+", "removed": "−", "edited": "~", "moved": "→"}
STYLES: Final = {"added": "green", "removed": "red", "edited": "yellow", "moved": "blue"}


def summary(a: str, b: str, counts: Mapping[str, int], fingerprints: Sequence[str]) -> RenderableType:
    """ "helpdesk@v1 → helpdesk@v2   +12 added  −3 removed  ~4 edited  →0 moved" and the fingerprints."""
    head = Text.assemble((safe_text(a), "bold"), " → ", (safe_text(b), "bold"), overflow="fold")
    line = Text("  ")
    for op, mark in MARKS.items():
        count = counts.get(op, 0)
        line.append(f"{mark}{count:,} {op}", STYLES[op] if count else "dim").append("   ")
    if counts.get("disabled"):
        line.append(f"{counts['disabled']:,} of the removed are disabled", "magenta")
    line.rstrip()
    prints = Text("  fingerprints ", "dim").append(f"{short(fingerprints[0])} → {short(fingerprints[1])}")
    if fingerprints[0] == fingerprints[1]:
        prints.append("  the same content", "green")
    return Group(head, line, prints)


def split_counts(diff: Diff) -> dict[str, Counter[str]]:
    """Changes by split; what was edited or moved counts where it stands now."""
    out: dict[str, Counter[str]] = {}
    for op in MARKS:
        for change in getattr(diff, op):
            out.setdefault(change.split or change.old_split or "", Counter())[op] += 1
    return out


def by_split(
    counts: Mapping[str, Mapping[str, int]], before: Mapping[str, int], after: Mapping[str, int]
) -> RenderableType:
    """A table: split, examples before, what changed, examples after. Moves count where the example is now."""
    heads = ("before", *MARKS, "after")
    table = columns("split", *heads, right=heads)
    for split in sorted({*counts, *before, *after}):
        cells = [Text(clip(split, 16)), Text(f"{before.get(split, 0):,}")]
        for op in MARKS:
            count = counts.get(split, {}).get(op, 0)
            cells.append(Text(f"{count:,}", STYLES[op] if count else "dim"))
        table.add_row(*cells, Text(f"{after.get(split, 0):,}"))
    return Padding(table, (0, 0, 0, 2))


def row(change: Mapping[str, Any], width: int = 72) -> RenderableType:
    """One changed example. Edited texts are compared word by word; the others are clipped to a line each."""
    op = str(change["op"])
    style = STYLES.get(op, "")
    head = Text(f"{MARKS.get(op, '?')} ", style)
    if op == "edited" and change.get("old_id"):
        head.append(f"{short(change['old_id'])} → {short(change['id'])}", style)
    else:
        head.append(short(change["id"]), style)
    old_split, split = change.get("old_split"), change.get("split")
    places = dict.fromkeys(str(place) for place in (old_split, split) if place)
    head.append(f"  {safe_text(' → '.join(places))}", "dim")
    lines: list[RenderableType] = [head]
    for name in ("input", "output"):
        new, old = str(change.get(name) or ""), change.get(f"old_{name}")
        label = Text(f"    {name:<7}", "dim")
        if op == "edited" and old is not None and old != new:
            lines.append(Padding(Group(Text(name, "dim"), words(str(old), new)), (0, 0, 0, 4)))
        elif new:
            lines.append(label.append(clip(new, width - 7), "not dim"))
    return Group(*lines)
