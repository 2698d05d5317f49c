"""The sweep: a bar a value, and the examples that stand at the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from assay.cli.render.frame import spaced
from assay.cli.render.text import clip, short

if TYPE_CHECKING:
    from assay.registry.curating.sweeping import Edge, Sweep

_BAR = 30
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def picture(found: Sweep) -> RenderableType:
    """One line a value; then, by edge, examples that one value keeps and the next does not."""
    lines: list[RenderableType] = [
        Text.assemble(
            (found.version, "bold"),
            f"  {found.stage}.{found.parameter}",
            (f"  of {found.rows:,} examples", "dim"),
        )
    ]
    for point in found.points:
        share = point.kept / found.rows if found.rows else 0.0
        here = found.current is not None and abs(point.value - found.current) < 1e-9
        value = Text(f"  {point.value:<8g}", "bold cyan" if here else "cyan")
        value.append(f"{point.kept:>10,}  ", "default").append(_bar(share), "green")
        lines.append(value.append(f" {share:6.1%}", "default").append("  now" if here else "", "bold"))
    edges = [_edge(edge) for edge in found.edges]
    return spaced(Group(*lines), *([Text("At the edges", "bold"), *edges] if edges else []))


def _bar(share: float) -> str:
    eighths = round(share * _BAR * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(_BAR)


def _edge(edge: Edge) -> RenderableType:
    head = Text.assemble(
        (short(edge.id), "cyan"), f"  kept at {edge.kept_at:g}, rejected at {edge.rejected_at:g}",
        (f"  {edge.code}" + (f" {edge.value:.3g}" if edge.value is not None else ""), "dim"),
        (f"  twin {short(edge.twin)}" if edge.twin else "", "dim"),
    )  # fmt: skip
    return Group(head, Text("  " + clip(" ".join(edge.text.split()), 74)))
