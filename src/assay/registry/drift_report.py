"""drift as one HTML page."""

from __future__ import annotations

import shlex

from assay.measure.report.drift_page import Behind, DriftPage, render
from assay.registry.drifting import Brought, Drift


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
    return (
        f"{one.rows:,} rows came with {one.version}, operation {one.operation} ({one.action}) of {one.actor} on "
        f"{one.time[:10]}, from {one.source}{by}"
    )
