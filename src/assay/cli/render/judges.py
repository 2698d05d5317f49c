"""Pictures of a judge's calibration and of its biases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assay.cli.render.frame import columns, labelled, spaced, title
from assay.cli.render.text import clip, plural, safe_text
from assay.measure.judges.answers import UNNAMED

if TYPE_CHECKING:
    from assay.kernels.agreement_intervals import Estimate
    from assay.measure.judges.calibration import Calibration
    from assay.measure.judges.checks import BiasReport
    from assay.measure.judges.values import Check
    from assay.registry.judgement.files import Judged

_MARKS = {"healthy": ("✓", "green"), "warning": ("✗", "bold red"), "not_enough": ("?", "dim")}
_SHOWN = 12


def calibration(found: Judged[Calibration]) -> RenderableType:
    """The figures with their intervals, people against the judge as a table, the threshold, and what to make of it."""
    report = found.report
    head = title("The judge against people", f"{plural(report.labelled, 'labelled row')}; 95 % intervals")
    table = columns("", "value", "interval", "rows", " ", right=("value", "rows"), grow=" ")
    kind = "verdict" if report.kind == "verdicts" else "score"
    _figure(table, f"same {kind}", report.agreement, share=True)
    if report.invalid:
        _figure(table, f"same {kind}, of readable ones", report.valid_agreement, share=True)
    _figure(table, "Cohen's kappa", report.kappa)
    _figure(table, "weighted kappa", report.weighted_kappa)
    _figure(table, "Spearman's rho", report.spearman)
    for (a, b), one in list(report.people.items())[:_SHOWN]:
        names = found.fields.human
        _figure(table, f"{clip(names[a], 14)} – {clip(names[b], 14)}", one, share=True)
    return spaced(
        Group(head, Padding(table, (0, 0, 0, 2))),
        _confusion(report.confusion),
        _threshold(report),
        _left_out(found, report),
        _verdict(report.check),
    )


def _confusion(table: Mapping[str, Mapping[str, int]]) -> RenderableType | None:
    if not table:
        return None
    names = list(next(iter(table.values())))
    heads = [clip(name, 8) for name in names]
    picture = columns("people ↓  judge →", *heads, right=heads)
    for human, row in table.items():
        cells = [
            Text(f"{row[name]:,}", "bold green" if name == human else "" if row[name] else "dim")
            for name in names
        ]
        picture.add_row(Text(clip(human, 16)), *cells)
    return Padding(picture, (0, 0, 0, 2))


def _threshold(report: Calibration) -> RenderableType | None:
    one = report.threshold
    if one is None:
        return None
    low, high = _ends(one.score, False), _ends(one.agreement, True)
    return labelled(
        [
            ("threshold", f"{one.score.value:g} of the judge is people's {one.good:g}   {low}"),
            ("on rows unseen", f"{one.agreement.value:.0%} on the same side   {high}"),
            ("", f"Cohen's kappa {one.kappa.value:.2f}   {_ends(one.kappa, False)}"),
        ]
    )


def _left_out(
    found: Judged[Calibration] | Judged[BiasReport], report: Calibration | None
) -> RenderableType | None:
    counts = [
        (report.invalid if report else 0, "answers of the judge are no verdict, and count as wrong"),
        (report.unlabelled if report else 0, "rows have no label of people, or no majority"),
        (report.unjudged if report else 0, "rows have no answer of the judge"),
        (found.unjoined, "rows of further files found no partner"),
        (len(found.unread), "rows could not be read; --json names them"),
    ]
    lines = [Text(f"  {count:,} {what}", "yellow") for count, what in counts if count]
    return Group(*lines) if lines else None


def _verdict(check: Check) -> RenderableType:
    value = f"{safe_text(check.shown)} {_number(check.value.value)}"
    if check.verdict == "healthy":
        return Text.assemble(("✓ agrees with people", "bold green"), f"  {value}, {check.limit}")
    if check.verdict == "not_enough":
        few = f"{plural(check.value.n, 'label')}; a verdict needs {check.needed}"
        if check.value.n >= check.needed:
            few = f"{check.shown} is undefined where one side always says the same"
        return Text.assemble(("? not enough labels to tell", "bold yellow"), f"  {few}")
    return Group(
        Text.assemble(("✗ does not stand in for people", "bold red"), f"  {value}; healthy: {check.limit}"),
        Padding(Text(check.advice, "dim"), (0, 0, 0, 2)),
    )


def bias(found: Judged[BiasReport]) -> RenderableType:
    """A line a check with its figure; then the warnings with why they matter and what to do; then the generators."""
    report = found.report
    head = title("Biases of the judge", f"{plural(report.rows, 'row')}; 95 % intervals")
    table = columns(
        "", "check", "value", "interval", "rows", "healthy", right=("value", "rows"), grow="healthy"
    )
    for one in report.checks:
        if one.value.n:
            mark, style = _MARKS[one.verdict]
            table.add_row(
                Text(mark, style), Text(one.name, "bold" if one.verdict == "warning" else ""), _number(one.value.value),
                Text(_ends(one.value, False), "dim"), f"{one.value.n:,}", Text(one.limit, "dim"),
            )  # fmt: skip
    absent = [(one.name, safe_text(one.shown)) for one in report.checks if not one.value.n]
    return spaced(
        Group(head, Padding(table, (0, 0, 0, 2))),
        *(_warning(one) for one in report.checks if one.verdict == "warning"),
        _generators(report),
        Group(Text("Not looked at", "dim"), labelled(absent)) if absent else None,
        _left_out(found, None),
        _sum(report),
    )


def _warning(one: Check) -> RenderableType:
    rows = [("found", clip(one.shown, 120)), ("why", one.why), ("do", one.advice)]
    return Group(Text.assemble(("✗ ", "bold red"), (one.title, "bold")), labelled(rows))


def _generators(report: BiasReport) -> RenderableType | None:
    named = report.generators
    if not any(one.generator != UNNAMED for one in named):
        return None
    rate = "win rate" if report.kind == "verdicts" else "mean score"
    table = columns("generator", rate, "interval", "units", "answers", "one text",
                    right=(rate, "units", "answers", "one text"))  # fmt: skip
    for one in named[:_SHOWN]:
        table.add_row(
            Text(clip(one.generator, 30), "bold"), _number(one.rate.value), Text(_ends(one.rate, False), "dim"),
            "–" if one.units is None else f"{one.units:,.0f}", f"{one.answers:,}", f"{one.repeated:,}",
        )  # fmt: skip
    more = len(named) - _SHOWN
    rest = [Text(f"  … {more:,} more; all of them with --json", "dim")] if more > 0 else []
    return Group(Padding(table, (0, 0, 0, 2)), *rest)


def _sum(report: BiasReport) -> Text:
    counts = {name: sum(one.verdict == name for one in report.checks) for name in _MARKS}
    words = f"{counts['healthy']} healthy, {counts['warning']} warnings, {counts['not_enough']} without enough to tell"
    mark, style = _MARKS[report.verdict]
    return Text.assemble((f"{mark} ", style), words)


def _figure(table: Table, name: str, one: Estimate, share: bool = False) -> None:
    if math.isnan(one.value):
        return
    value = f"{100 * one.value:.1f} %" if share else f"{one.value:.3f}"
    table.add_row(name, Text(value, "bold"), Text(_ends(one, share), "dim"), f"{one.n:,}", "")


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _ends(one: Estimate, share: bool) -> str:
    if math.isnan(one.low):
        return ""
    return f"{100 * one.low:.1f}–{100 * one.high:.1f} %" if share else f"{one.low:.3f} … {one.high:.3f}"
