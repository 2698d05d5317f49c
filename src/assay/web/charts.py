"""Charts as templates ask for them: values of a page in, pictures out; the words come translated from the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from assay.measure.charts.columns import columns as draw_columns
from assay.measure.charts.columns import marked
from assay.measure.charts.gauge import gauge as draw_gauge
from assay.measure.charts.ribbon import Drop
from assay.measure.charts.ribbon import ribbon as draw_ribbon
from assay.measure.charts.timeline import Dot
from assay.measure.charts.timeline import timeline as draw_timeline

# Every function of measure/charts escapes what it is given.


def gauge(name: str, value: float | None, healthy: bool) -> Markup:
    """Where a health check's value sits."""
    return Markup(draw_gauge(name, value, healthy))  # noqa: S704


def ribbon(
    title: str, said: str, stages: Sequence[Any], splits: Mapping[str, int], inside: str, linked: bool
) -> Markup:
    """A funnel of a page's stages: `name`, `entered`, `rejected`, `said`, and `see` where they are `linked`."""
    drops = [Drop(one.name, one.entered, one.rejected, one.see if linked else "", one.said) for one in stages]
    return Markup(draw_ribbon(title, said, drops, splits, inside))  # noqa: S704


def columns(title: str, said: str, bins: Sequence[Any], kind: str = "kept") -> Markup:
    """A histogram of bins with `low`, `high` (None: open), `count`."""
    named = [(spelled(one.low, one.high), one.count) for one in bins]
    return Markup(draw_columns(title, said, named, marked([one.low for one in bins]), kind))  # noqa: S704


def spelled(low: float, high: float | None) -> str:
    """ "20–29", "180+", "4"."""
    if high is None:
        return f"{low:,g}+"
    return f"{low:,g}" if low == high else f"{low:,.4g}–{high:,.4g}"


def timeline(title: str, said: str, versions: Sequence[Any], rows_word: str) -> Markup:
    """The versions of a dataset page, which has the newest first."""
    dots = [
        Dot(
            one.number, one.branch, tuple(one.parents), one.time[:10], one.rows, f"/d/{one.ref}",
            one.out, one.revoked,
        )
        for one in reversed(versions)
    ]  # fmt: skip
    return Markup(draw_timeline(title, said, dots, rows_word))  # noqa: S704


CHARTS: Final[dict[str, Callable[..., Any]]] = {
    "gauge": gauge, "ribbon": ribbon, "columns": columns, "timeline": timeline, "bin_name": spelled,
}  # fmt: skip
