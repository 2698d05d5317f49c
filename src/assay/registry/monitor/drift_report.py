"""drift and trend as HTML pages."""

from __future__ import annotations

import shlex

from assay.measure.report.drift_page import Behind, DriftPage, render
from assay.measure.report.trend_page import TrendPage
from assay.measure.report.trend_page import render as render_trend
from assay.measure.shares import percent
from assay.registry.monitor.drifting import Brought, Drift
from assay.registry.monitor.trending import Anomaly, Trend


def page(found: Drift, by: str | None) -> str:
    """The comparison as one self-contained document."""
    behind = {
        name: Behind(
            [told(one) for one in cause.brought],
            [[id[:12], value, one.version, one.source, one.generator] for id, value, one in cause.examples],
        )
        for name, cause in found.causes.items()
    }
    words = ["assay", "drift", found.a, found.b, *(["--by", by] if by else [])]
    return render(
        DriftPage(
            found.a, found.b, found.before, found.after, found.came, found.went, found.shifts, found.drifted, behind,
            shlex.join(words),
        )
    )  # fmt: skip


def told(one: Brought) -> str:
    """Who brought how many rows, in one line."""
    by = f", written by {one.generator}" if one.generator != "(not stated)" else ""
    rows = f"{one.rows:,} row{'' if one.rows == 1 else 's'}"
    return (
        f"{rows} came with {one.version}, operation {one.operation} ({one.action}) of {one.actor} on "
        f"{one.time[:10]}, from {one.source}{by}"
    )


def trend_page(found: Trend) -> str:
    """The trend as one self-contained document."""
    words = ["assay", "trend", found.name, *(["--feature", found.feature] if found.feature else [])]
    return render_trend(
        TrendPage(
            found.name,
            [one.version.partition("@")[2] for one in found.points],
            [] if found.feature else found.series,
            found.shares,
            [jumped(one) for one in found.anomalies],
            shlex.join(words),
        )
    )


def jumped(one: Anomaly) -> str:
    """A jump and the operation behind it, in one line."""
    jump, operation = one.jump, one.point.operation
    said = (
        f"{one.point.version}: {jump.title} {jump.value} from {percent(jump.before)} to {percent(jump.after)}, with "
        f"operation {operation.seq} ({operation.action}) of {operation.actor} on {operation.time[:10]}"
    )
    return said + "".join(f"; {count:,} rows of {name}" for name, count in one.sources)
