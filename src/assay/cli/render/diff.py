"""What changed between two versions: a summary, a table by split, and the rows word by word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns
from assay.cli.render.text import ELLIPSIS, clip, safe_text, short
from assay.model.diff import Diff

MARKS: Final = {"added": "+", "removed": "−", "edited": "~", "moved": "→"}
STYLES: Final = {"added": "green", "removed": "red", "edited": "yellow", "moved": "blue"}
TEXT_CELLS: Final = 1_200
"""Characters of a text that the word-by-word comparison looks at."""
CONTEXT: Final = 6
"""Words shown on either side of a change."""

# A word, or one CJK character (written without blanks), or a run of blanks, or one sign.
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+|\s+|.", re.DOTALL)


def summary(a: str, b: str, counts: Mapping[str, int], fingerprints: Sequence[str]) -> RenderableType:
    """ "helpdesk@v1 → helpdesk@v2   +12 added  −3 removed  ~4 edited  →0 moved" and the fingerprints."""
    head = Text.assemble((safe_text(a), "bold"), " → ", (safe_text(b), "bold"), overflow="fold")
    line = Text("  ")
    for op, mark in MARKS.items():
        count = counts.get(op, 0)
        line.append(f"{mark}{count:,} {op}", STYLES[op] if count else "dim").append("   ")
    if counts.get("disabled"):
        line.append(f"{counts['disabled']:,} disabled", "magenta")
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


def words(old: str, new: str) -> Text:
    """One text with what went struck in red and what came in green; long equal runs become `…`.

    Looks at the first `TEXT_CELLS` characters of each and says when there is more. Without colour the marks
    are `[-gone-]` and `{+new+}`, so a pipe and a colour-blind reader see the same.
    """
    before, after = _TOKEN.findall(old[:TEXT_CELLS]), _TOKEN.findall(new[:TEXT_CELLS])
    out = Text(overflow="fold")
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for k, (tag, i1, i2, j1, j2) in enumerate(blocks):
        if tag == "equal":
            out.append(_context(before[i1:i2], first=k == 0, last=k == len(blocks) - 1), "dim")
            continue
        if i2 > i1:
            out.append("[-" + _spell(before[i1:i2]) + "-]", "red")
        if j2 > j1:
            out.append("{+" + _spell(after[j1:j2]) + "+}", "green")
    if max(len(old), len(new)) > TEXT_CELLS:
        out.append(f" {ELLIPSIS} texts of {len(old):,} and {len(new):,} characters", "dim")
    return out


def _context(tokens: Sequence[str], *, first: bool, last: bool) -> str:
    reach = 2 * CONTEXT  # every second token is a blank
    if len(tokens) <= (reach if first or last else 2 * reach) + 2:
        return _spell(tokens)
    head = "" if first else _spell(tokens[:reach])
    tail = "" if last else _spell(tokens[-reach:])
    return f"{head}{ELLIPSIS}{tail}" if first or last else f"{head} {ELLIPSIS} {tail}"


def _spell(tokens: Sequence[str]) -> str:
    return safe_text("".join(tokens))
