"""Pictures of `fact` and `facts`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, title
from assay.cli.render.text import clip, plural, safe_text

if TYPE_CHECKING:
    from assay.registry.governing.annotating import Annotated, KeySummary


def annotated(done: Annotated, dry_run: bool) -> RenderableType:
    """What `fact` stated, took back and left as it was."""
    if not done.stated and not done.removed:
        return Text.assemble(
            ("nothing to do", "bold green"), f": {plural(done.unchanged, 'fact')} stood already"
        )
    verb = "state" if done.stated else "take back"
    line = Text(f"would {verb} " if dry_run else {"state": "stated ", "take back": "took back "}[verb], "dim")
    line.append(plural(done.stated or done.removed, "fact"), "bold not dim")
    line.append(f" about {plural(done.examples, 'example')} of {safe_text(done.dataset)}")
    notes = [f"{done.removed:,} taken back"] if done.stated and done.removed else []
    notes += [f"{done.unchanged:,} stood already"] if done.unchanged else []
    notes += [f"operation {done.operation:,}"] if done.operation is not None else []
    return Group(line, *([Text("  " + " · ".join(notes), "dim")] if notes else []))


def summary(name: str, examples: int, found: Sequence[KeySummary]) -> RenderableType:
    """What `facts` answers: how much of the version each key covers, and its values."""
    head = title(name, plural(examples, "example"))
    if not found:
        hint = Text("  no facts yet; assay fact NAME --id ID topic=refunds states one", "dim")
        return Group(head, hint)
    table = columns(
        "key", "examples", "share", "values", "what", right=("examples", "share", "values"), grow="what"
    )
    for one in found:
        table.add_row(
            Text(clip(one.key, 20), "bold"), f"{one.examples:,}", f"{100 * one.examples / max(1, examples):.1f} %",
            f"{one.distinct:,}", Text(_what(one)),
        )  # fmt: skip
    return Group(head, Padding(table, (0, 0, 0, 2)))


def _what(one: KeySummary) -> str:
    parts = []
    if one.least is not None and one.median is not None and one.most is not None:
        parts.append(f"{one.least:g} … {one.median:g} … {one.most:g}")
    parts += [f"{clip(value, 20)} {count:,}" for value, count in one.top.items()]
    return " · ".join(parts)
