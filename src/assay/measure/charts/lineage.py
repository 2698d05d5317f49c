"""A line of versions: a column for each branch, the newest on top, what led to what as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assay.measure.charts.figure import image, line, place, text
from assay.model.escape import inline

STEP: Final = 36
LANE: Final = 26
LEFT: Final = 20
WIDTH: Final = 760
LANES: Final = 8
"""Branches with a column of their own; more share the last one."""


@dataclass(frozen=True, slots=True)
class Node:
    """A version. `ref` and `href` name it and lead to it; `number` is unique; `before` and `merged`: numbers of those
    that led to it; the table has the links. `state`: released, approved, revoked or "", shown as a shape. `notes`: what
    is said beside it, the state in a word first; `cells`: of its row in the table."""

    number: int
    ref: str
    href: str
    branch: str
    before: int | None
    merged: tuple[int, ...]
    state: str
    notes: tuple[str, ...]
    cells: tuple[str, ...]


def lineage(name: str, title: str, heads: Sequence[str], nodes: Sequence[Node]) -> str:
    """A `<figure>` with the picture and its table, which takes the picture's place on a small screen. `nodes`: newest
    first; lines to those that are not among them end at the lower edge. `heads`: of the table's columns, the first two
    of which are version and branch."""
    branches = list(dict.fromkeys(sorted((one.branch for one in nodes), key=lambda b: (b != "main",))))
    lane = {branch: min(k, LANES - 1) for k, branch in enumerate(branches)}
    row = {one.number: k for k, one in enumerate(nodes)}
    height = STEP * len(nodes) + 16
    lanes = min(len(branches), LANES)
    label = LEFT + LANE * lanes

    def at(number: int) -> tuple[float, float]:
        k = row[number]
        return LEFT + LANE * lane[nodes[k].branch], 18 + STEP * k

    parts = []
    for one in nodes:
        for other, kind in ((one.before, "lnk"), *((number, "lnk2") for number in one.merged)):
            if other is not None:
                parts.append(_edge(at(one.number), at(other) if other in row else None, height, kind))
    for one in nodes:
        x, y = at(one.number)
        said = " · ".join(one.notes)
        parts.append(_mark(x, y, one.state))
        parts.append(text(label, y + 4, one.ref, kind="tb mono"))
        parts.append(
            text(label + 8 + 7.4 * min(len(one.ref), 60), y + 4, f"{one.branch} · {said}", kind="tm")
        )
    said = f"{len(nodes)} versions on {len(branches)} branch{'' if len(branches) == 1 else 'es'}."
    picture = image(name, title, said, (WIDTH, height), "".join(parts), "lineage")
    return f'<figure class="fig lineage" id="{name}">{picture}{_table(title, heads, nodes)}</figure>'


def _edge(start: tuple[float, float], end: tuple[float, float] | None, height: float, kind: str) -> str:
    (x1, y1), (x2, y2) = start, end or (start[0], height)
    if x1 == x2:
        return line(x1, y1, x2, y2, kind if end else f"{kind} far")
    bend = y1 + STEP * 0.8
    return (
        f'<path class="{kind}" d="M{place(x1)} {place(y1)}C{place(x1)} {place(bend)} {place(x2)} {place(y1 + 6)} '
        f'{place(x2)} {place(min(bend + 4, y2))}L{place(x2)} {place(y2)}"/>'
    )


def _mark(x: float, y: float, state: str) -> str:
    """A shape for each state: a ring round what is released, a cross for what is revoked, filled when approved."""
    if state == "revoked":
        return (
            f'<circle class="vx" cx="{place(x)}" cy="{place(y)}" r="7"/>'
            f'<path class="vxx" d="M{place(x - 3)} {place(y - 3)}l6 6m0-6l-6 6"/>'
        )
    ring = f'<circle class="halo" cx="{place(x)}" cy="{place(y)}" r="10"/>' if state == "released" else ""
    full = " now" if state in ("released", "approved") else ""
    return f'{ring}<circle class="dot{full}" cx="{place(x)}" cy="{place(y)}" r="5.5"/>'


def _table(title: str, heads: Sequence[str], nodes: Sequence[Node]) -> str:
    head = "".join(f'<th scope="col">{inline(one)}</th>' for one in heads)
    rows = []
    for one in nodes:
        link = f'<a class="mono" href="{inline(one.href, 400)}">{inline(one.ref)}</a>'
        cells = "".join(f"<td>{inline(cell, 300)}</td>" for cell in one.cells)
        rows.append(f'<tr><th scope="row">{link}</th><td>{inline(one.branch)}</td>{cells}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{inline(title)}"><table class="tight"><thead>'
        f"<tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
