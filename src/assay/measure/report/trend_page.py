"""The page of `trend`: a heat table a feature, values in rows and versions in columns, and the jumps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.measure.charts.figure import table
from assay.measure.charts.heat import heat
from assay.measure.drift.features import title
from assay.measure.drift.trend import Series
from assay.measure.report.shell import MARK, shell
from assay.model.escape import inline

NARROW = 8
"""Versions with which two heat tables stand side by side."""
NEWEST = 24
"""Versions that a heat table has columns for."""


@dataclass(frozen=True, slots=True)
class TrendPage:
    """All that the page says. `versions` name the columns, `figures` are series of one number a feature, `shares` those
    of every value by feature; `jumps` are told in words; `command` makes it again."""

    name: str
    versions: Sequence[str]
    figures: Sequence[Series]
    shares: Mapping[str, Sequence[Series]]
    jumps: Sequence[str]
    command: str


def render(page: TrendPage) -> str:
    """One HTML document, complete in itself. The same line gives the same bytes."""
    first, last = (page.versions[0], page.versions[-1]) if page.versions else ("", "")
    parts = [
        f'<header><div class="brand">{MARK}assay trend</div><div class="title"><h1>{inline(page.name)}</h1></div>'
        f'<p class="lede">{len(page.versions):,} versions, {inline(first)} to {inline(last)}.</p></header>',
        _jumps(page.jumps),
        _figures(page),
        _all_shares(page),
        f'<footer class="foot"><p class="cli"><code>{inline(page.command)}</code></p><p>This file holds everything it '
        "shows: it loads nothing and runs no script.</p></footer>",
    ]
    return shell(f"{page.name} · trend", parts)


def _jumps(jumps: Sequence[str]) -> str:
    inside = "".join(f"<li>{inline(one, 600)}</li>" for one in jumps) or "<li>No share jumps.</li>"
    return (
        f'<section class="sec"><div class="sh"><h2>Jumps</h2></div><ul class="note">{inside}</ul></section>'
    )


def _figures(page: TrendPage) -> str:
    if not page.figures:
        return ""
    rows = [
        [title(one.feature), one.says, *("–" if math.isnan(p) else f"{p:,.4g}" for p in one.points[-NEWEST:])]
        for one in page.figures
    ]
    heads = ["feature", "figure", *page.versions[-NEWEST:]]
    return (
        '<section class="sec"><div class="sh"><h2>Figures</h2><p>One number a feature and version.</p></div>'
        f"{table(heads, rows, text_columns=2)}</section>"
    )


def _all_shares(page: TrendPage) -> str:
    """Two and two while they are narrow."""
    inside = "".join(_shares(k, name, page) for k, name in enumerate(page.shares))
    return f'<section class="sec{" g2" if len(page.versions) <= NARROW else ""}">{inside}</section>'


def _shares(number: int, name: str, page: TrendPage) -> str:
    rows = [(one.value, one.points[-NEWEST:]) for one in page.shares[name]]
    if not rows:
        return ""
    called = title(name)
    note = "Shares of the rows of a version; the darker, the more."
    drawn = heat(f"s{number}", called[:1].upper() + called[1:], note, page.versions[-NEWEST:], rows, "value")
    return f'<div class="panel">{drawn}</div>'
