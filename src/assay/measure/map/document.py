"""A map on paper: one SVG, or one HTML page with the picture, its table, changes and styles. Runs nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from assay.measure.charts.figure import image, table
from assay.measure.charts.scatter import Label, drawing, scatter
from assay.measure.map.alignment import Change
from assay.measure.map.styles import Style
from assay.measure.shares import percent
from assay.model.escape import inline

STYLE = """
.map { border: 1px solid #dfe3e4; border-radius: 6px; overflow-x: auto; }
.map svg { display: block; width: 100%; min-width: 40rem; height: auto; }
.pts { fill: none; stroke: currentColor; stroke-width: 3.4; stroke-linecap: round; }
.d1 { opacity: .45; } .d2 { opacity: .7; } .d3 { opacity: .95; }
.p1 { color: #0064c5; } .p2 { color: #d97157; } .p3 { color: #00462e; } .p4 { color: #804376; }
.p5 { color: #b58400; } .p6 { color: #1f9cc4; } .p7 { color: #551e7d; } .p8 { color: #8b9295; }
svg text { font: 600 13px ui-sans-serif, system-ui, sans-serif; fill: #15191d; paint-order: stroke; stroke: #fff;
  stroke-width: 4px; stroke-linejoin: round; } svg text.sub { font-weight: 400; font-size: 12px; fill: #434b52; }
@media screen and (prefers-color-scheme: dark) {
  .map { border-color: #2a3237; } svg text { fill: #e9edef; stroke: #151a1d; } svg text.sub { fill: #bac3c9; }
  .p1 { color: #1574d9; } .p2 { color: #c96833; } .p3 { color: #6bbf99; } .p4 { color: #be6bb2; }
  .p5 { color: #ead565; } .p6 { color: #7cebfa; } .p7 { color: #a9adfe; } .p8 { color: #717679; }
}
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn. `points`: x, y, cluster; `rows`: the table, a cluster a line; `how`: how the map was made."""

    version: str
    how: str
    points: tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16], npt.NDArray[np.uint8]]
    labels: Sequence[Label]
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    against: str | None = None
    changes: Sequence[Change] = ()
    styles: Sequence[Style] = ()


def svg(drawn: Drawn) -> str:
    """One SVG file with its own stylesheet."""
    title = f"Map of {drawn.version}"
    picture = image(
        "map", title, drawn.how, (860, 640), f"<style>{STYLE}</style>" + drawing(drawn.points, drawn.labels)
    )
    return picture.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def page(drawn: Drawn) -> str:
    """One HTML document, complete in itself."""
    style = files("assay.measure.report").joinpath("style.css").read_text("utf-8") + STYLE
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = [
        f'<header><h1>Map of {inline(drawn.version)}</h1><p class="lede">Rows that are alike lie close together. '
        "Distances within a cluster mean something; distances between far clusters do not.</p></header>",
        scatter("map", "Clusters", drawn.how, drawn.points, drawn.labels, drawn.rows, drawn.heads),
    ]
    if drawn.against is not None:
        body.append(f"<h2>Against {inline(drawn.against)}</h2>" + changed(drawn))
    if drawn.styles:
        body.append("<h2>Styles of generators</h2>" + styled(drawn.styles))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{inline(drawn.version)} · map</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def changed(drawn: Drawn) -> str:
    """The changes as a table."""
    names = {str(row[0]): str(row[1]) for row in drawn.rows}
    lines = [
        [
            one.kind, names.get(str(one.after), "") if one.after is not None else f"(was {one.before})",
            f"{one.rows[0]:,}", f"{one.rows[1]:,}", percent(one.shares[0]), percent(one.shares[1]),
        ]
        for one in drawn.changes
    ]  # fmt: skip
    return table(["change", "cluster", "rows before", "rows now", "share before", "share now"], lines, 2)


def styled(found: Sequence[Style]) -> str:
    """Generators as a table, the share of neighbours that each has among each."""
    heads = [
        "generator",
        "rows",
        "alike",
        "own neighbours",
        "by chance",
        *(f"next to {s.generator}" for s in found),
    ]
    lines = [
        [
            one.generator, f"{one.rows:,}", f"{one.alike:.3f}", percent(one.own), percent(one.chance),
            *(percent(one.near[other.generator]) for other in found),
        ]
        for one in found
    ]  # fmt: skip
    return table(heads, lines)
