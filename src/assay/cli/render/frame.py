"""The pieces that all pictures are made of: titles, labelled lines, tables, commands to copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assay.cli.render.text import safe_text


def title(name: str, *notes: str) -> Text:
    """A heading: the name, then quiet notes."""
    line = Text(safe_text(name), "bold", overflow="fold")
    for note in notes:
        line.append(f"  {safe_text(note)}", "not bold dim")
    return line


def labelled(rows: Iterable[tuple[str, RenderableType]]) -> RenderableType:
    """`label  value` lines with the values in one column; rows with an empty value are left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for label, value in rows:
        if value:
            table.add_row(label, Text(safe_text(value)) if isinstance(value, str) else value)
    return Padding(table, (0, 0, 0, 2))


def columns(*heads: str, right: Sequence[str] = (), grow: str | None = None) -> Table:
    """An empty table with quiet heads and no rules; `grow` takes what room is left and is cut there."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False, expand=grow is not None)
    for head in heads:
        table.add_column(
            head,
            justify="right" if head in right else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if head == grow else None,
        )
    return table


def try_next(commands: Sequence[tuple[str, str]]) -> RenderableType:
    """Command lines to copy, never folded, each with the reason to run it."""
    lines: list[RenderableType] = [Text("Try next", "dim")]
    fits = [command for command, reason in commands if len(command) + len(reason) <= 74]
    room = max(map(len, fits), default=0)
    for command, reason in commands:
        line = Text("  ", no_wrap=True, overflow="ignore")
        line.append(safe_text(command), "cyan")
        if command in fits and room + len(reason) <= 74:
            line.append(" " * (room - len(command) + 2) + reason, "dim")
        lines.append(line)
    return Group(*lines)


def spaced(*parts: RenderableType | None) -> RenderableType:
    """Parts one under the other with a blank line between; None is left out."""
    out: list[RenderableType] = []
    for part in parts:
        if part is not None:
            out += [Text(""), part] if out else [part]
    return Group(*out)
