"""The page of `map`: a line a cluster, what became of it, the styles of generators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, spaced, title, try_next
from assay.cli.render.text import clip, plural, safe_text
from assay.measure.shares import percent
from assay.registry.mapping.view import made_how

if TYPE_CHECKING:
    from assay.measure.map.alignment import Change
    from assay.measure.map.styles import Style
    from assay.registry.mapping.view import MapView

_SIGNS = {"grew": "↑", "shrank": "↓", "same": "=", "appeared": "+", "vanished": "−"}
_SHOWN = 8
_WIDE = 12


def page(view: MapView, written: Sequence[str], picture: str) -> RenderableType:
    """Everything that `map REF` says."""
    made = view.made
    head = title(made.version, plural(len(made), "example"), plural(len(made.clusters), "cluster"))
    return spaced(
        Group(head, Text(f"  {safe_text(made_how(made))}", "dim"), Padding(_clusters(view), (1, 0, 0, 2))),
        _vanished(view),
        _styles(view.styles) if view.styles else None,
        Text.assemble(("wrote ", "dim"), safe_text(", ".join(written))) if written else None,
        None if written else try_next([(picture, "the picture")]),
    )


def _clusters(view: MapView) -> RenderableType:
    made, compared = view.made, view.other is not None
    table = columns(
        "", "cluster", "examples", "share", "change" if compared else "", right=("", "examples", "share")
    )
    most = max((one.rows for one in made.clusters), default=0)
    for one in sorted(made.clusters, key=lambda one: (-one.rows, one.number)):
        last = Text(_change(view.change_of(one.number))) if compared else Text(_bar(one.rows, most), "green")
        name = Text(clip(one.name, 30 if compared else 38))
        table.add_row(Text(f"{one.number}", "dim"), name, f"{one.rows:,}", percent(one.share), last)
    if made.blank:
        table.add_row("", Text("no text to go by", "dim"), f"{made.blank:,}", percent(made.blank, len(made)))
    return table


def _bar(rows: int, most: int) -> str:
    return "█" * max(1, round(_WIDE * rows / most)) if rows else ""


def _change(one: Change | None) -> str:
    if one is None:
        return ""
    moved = "" if one.kind in ("appeared", "same") else f" from {percent(one.shares[0])}"
    return f"{_SIGNS[one.kind]} {one.kind}{moved}"


def _vanished(view: MapView) -> RenderableType | None:
    gone = [one for one in view.changes if one.kind == "vanished"]
    if view.other is None or not gone:
        return None
    names = {one.number: one.name for one in view.other.clusters}
    lines = [
        Text(f"  − {clip(names.get(one.before or 0, ''), 40)}  {one.rows[0]:,} ({percent(one.shares[0])})")
        for one in gone[:_SHOWN]
    ]
    if len(gone) > _SHOWN:
        lines.append(Text(f"    and {len(gone) - _SHOWN} more", "dim"))
    return Group(Text(f"Vanished since {safe_text(view.other.version)}", "dim"), *lines)


def _styles(found: Sequence[Style]) -> RenderableType:
    table = columns(
        "generator",
        "rows",
        "alike",
        "own",
        "chance",
        "most next to",
        right=("rows", "alike", "own", "chance"),
    )
    for one in found[:_SHOWN]:
        others = [(share, name) for name, share in one.near.items() if name != one.generator]
        nearest = max(others, default=(0.0, ""))
        beside = f"{clip(nearest[1], 18)} {percent(nearest[0])}" if nearest[1] else "–"
        table.add_row(
            clip(one.generator, 24), f"{one.rows:,}", f"{one.alike:.3f}", percent(one.own), percent(one.chance),
            Text(beside),
        )  # fmt: skip
    return Group(
        Text("Styles of generators: neighbours that are its own", "dim"), Padding(table, (0, 0, 0, 2))
    )
