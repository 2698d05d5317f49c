"""The page of `drift`: the verdicts, then for every feature that drifted its shares, its curve and its examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.measure.charts.figure import table
from assay.measure.charts.grouped import grouped
from assay.measure.charts.lines import ecdf
from assay.measure.drift.compare import Cell, Shift
from assay.measure.drift.features import ALPHA, LIMITS
from assay.measure.drift.profile import Profile
from assay.measure.report.shell import MARK, shell
from assay.measure.report.verdicts import mark
from assay.model.escape import inline

SHOWN = 12
_SIGNS = {"drifted": "warning", "not enough rows to tell": "unknown", "steady": "healthy"}


@dataclass(frozen=True, slots=True)
class Behind:
    """What made a feature drift, in words: `brought` lines of who brought how many rows, and rows of a table of
    examples: id, value, version, source, generator."""

    brought: Sequence[str]
    examples: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class DriftPage:
    """All that the page says. `command` makes it again."""

    a: str
    b: str
    before: Profile
    after: Profile
    came: int
    went: int
    shifts: Sequence[Shift]
    drifted: Sequence[Shift]
    behind: dict[str, Behind]
    command: str


def render(page: DriftPage) -> str:
    """One HTML document, complete in itself. The same two versions give the same bytes."""
    parts = [
        _head(page),
        _verdicts(page.shifts),
        *(_feature(page, k, s) for k, s in enumerate(page.drifted)),
        _foot(page),
    ]
    return shell(f"{page.a} → {page.b} · drift", parts)


def _head(page: DriftPage) -> str:
    stayed = page.after.rows - page.came
    tested = [one for one in page.shifts if one.p is not None]
    said = (
        f"{len(page.drifted)} of {len(page.shifts)} features drifted"
        if page.drifted
        else "No feature drifted"
    )
    cells = [
        ("Before", f"{page.before.rows:,}", inline(page.a)), ("After", f"{page.after.rows:,}", inline(page.b)),
        ("Came", f"{page.came:,}", "only in the second"), ("Went", f"{page.went:,}", "only in the first"),
        ("Stayed", f"{stayed:,}", "examples of both"), ("Tested", f"{len(tested)}", "features, by Holm’s method"),
    ]  # fmt: skip
    inside = "".join(f"<div><dt>{n}</dt><dd>{v}<small>{note}</small></dd></div>" for n, v, note in cells)
    return (
        f'<header><div class="brand">{MARK}assay drift</div>'
        f'<div class="title"><h1>{inline(page.a)} <span class="at">→ {inline(page.b)}</span></h1></div>'
        f'<p class="lede">{said}.</p></header><dl class="read">{inside}</dl>'
    )


def _verdicts(shifts: Sequence[Shift]) -> str:
    order = list(_SIGNS)
    rows = "".join(_row(shift) for shift in sorted(shifts, key=lambda one: order.index(one.verdict)))
    names = ("Feature", "Effect", "Matters from", "p", "Verdict")
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        '<section class="sec"><div class="sh"><h2>Features</h2><p>The change of the whole is tested, given what both '
        f"versions share. A feature drifted when p, corrected for all of them, is below {ALPHA:g} and the effect is "
        'one that matters.</p></div><div class="scroll" tabindex="0" role="region" aria-label="Features">'
        f'<table class="health"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _row(shift: Shift) -> str:
    limit = LIMITS[shift.kind]
    sign = mark(_SIGNS[shift.verdict], shift.verdict)
    return (
        f'<tr><th scope="row">{inline(shift.title)}<p>{inline(limit.effect)}</p></th>'
        f'<td class="value">{shift.effect:.4f}</td><td class="range">{limit.least:g}</td>'
        f"<td>{inline(chance(shift.p))}</td><td>{sign}</td></tr>"
    )


def chance(p: float | None) -> str:
    """ "0.031", "< 0.0001"; a dash where nothing was tested."""
    if p is None:
        return "–"
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def _feature(page: DriftPage, number: int, shift: Shift) -> str:
    title = shift.title[:1].upper() + shift.title[1:]
    panels = []
    if shift.cells:
        cells = shift.cells if shift.kind == "number" else _top(shift.cells)
        rows = [(c.label, c.before, c.after) for c in cells if c.before or c.after]
        panels.append(grouped(f"f{number}-pairs", title, "", rows, (page.a, page.b), "value"))
    if shift.name in ("input", "output"):
        curves = [
            (name, [int(one.number(shift.name).quantile(p / 100)) for p in range(1, 101)])
            for name, one in (("before", page.before), ("after", page.after))
        ]
        note = "How many rows are at most so long: the line’s height at a length."
        panels.append(ecdf(f"f{number}-curve", "Cumulative lengths", note, curves))
    if not shift.cells:
        figures = shift.figures
        panels.append(
            f"<h3>{inline(title)}</h3><p>{figures['mean_before']:.4g} → {figures['mean_after']:.4g}, on average over "
            f"{int(figures['blocks'])} blocks of rows.</p>"
        )
    if (found := page.behind.get(shift.name)) is not None:
        panels.append(_behind(found))
    inside = "".join(f'<div class="panel">{panel}</div>' for panel in panels)
    head = f'<div class="sh"><h2>{inline(title)}</h2><p>{_figures(shift)}</p></div>'
    return f'<section class="sec">{head}<div class="g2">{inside}</div></section>'


def _top(cells: Sequence[Cell]) -> list[Cell]:
    """Those that changed most, and the others as one, so that shares are of all rows."""
    rest = cells[SHOWN:]
    if not rest:
        return list(cells)
    return [*cells[:SHOWN], Cell("all others", sum(c.before for c in rest), sum(c.after for c in rest))]


def _figures(shift: Shift) -> str:
    named = {
        "jensen_shannon": "Jensen–Shannon", "psi": "PSI", "cramers_v": "Cramér’s V", "chi_square": "χ²",
        "kolmogorov_smirnov": "KS", "wasserstein_sd": "Wasserstein-1 in standard deviations",
        "median_before": "median before", "median_after": "median after",
    }  # fmt: skip
    return "; ".join(
        f"{said} {shift.figures[name]:.4g}" for name, said in named.items() if name in shift.figures
    )


def _behind(found: Behind) -> str:
    """Who brought it, and the examples to open."""
    lines = "".join(f"<li>{inline(line)}</li>" for line in found.brought)
    heads = ["example", "value", "version", "source", "generator"]
    return (
        f'<h3>What brought it</h3><ul class="note">{lines}</ul><details class="twin"><summary>{len(found.examples)} '
        f"examples</summary>{table(heads, found.examples, text_columns=5)}</details>"
    )


def _foot(page: DriftPage) -> str:
    return (
        f'<footer class="foot"><p class="cli"><code>{inline(page.command)}</code></p>'
        "<p>The same two versions give the same page, byte for byte. This file holds everything it shows: it loads "
        "nothing and runs no script.</p></footer>"
    )
