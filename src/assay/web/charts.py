"""Charts as templates ask for them: values of a page in, pictures out; the words come translated from the template."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from assay.measure.charts.columns import columns as draw_columns
from assay.measure.charts.columns import marked
from assay.measure.charts.forest import interval as draw_interval
from assay.measure.charts.forest import ruler as draw_ruler
from assay.measure.charts.gauge import gauge as draw_gauge
from assay.measure.charts.grouped import pairs as draw_pairs
from assay.measure.charts.heat import cells as draw_cells
from assay.measure.charts.lines import rising as draw_rising
from assay.measure.charts.multiple import multiple as draw_multiple
from assay.measure.charts.overlaid import overlaid as draw_overlaid
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


def pairs(
    name: str, title: str, said: str, cells: Sequence[tuple[str, Any]], sides: tuple[str, str]
) -> Markup:
    """Shares of values, each with its name in the language of who asks: `before` and `after` of a page's cells."""
    rows = [(called, one.before, one.after) for called, one in cells]
    return Markup(draw_pairs(name, title, said, rows, sides, narrow=True))  # noqa: S704


def overlaid(name: str, title: str, said: str, cells: Sequence[Any], sides: tuple[str, str]) -> Markup:
    """Shares of bins of a page's cells: `name`, `low`, `before`, `after`."""
    bins = [(one.name, one.low, one.before, one.after) for one in cells]
    return Markup(draw_overlaid(name, title, said, bins, sides))  # noqa: S704


def rising(
    name: str, title: str, said: str, curves: Sequence[Sequence[int]], sides: tuple[str, str], axis: str
) -> Markup:
    """Two curves of 100 percentiles each."""
    return Markup(draw_rising(name, title, said, list(zip(sides, curves, strict=True)), axis))  # noqa: S704


def multiple(name: str, title: str, said: str, versions: Sequence[str], series: Any) -> Markup:
    """A figure by version of a page's series: `points` (None: nothing), `shown` and `jumps`."""
    points = list(zip(versions, _numbers(series.points), strict=True))
    return Markup(draw_multiple(name, title, said, points, series.shown, series.jumps))  # noqa: S704


def shares_of(name: str, title: str, said: str, versions: Sequence[str], watched: Any, first: int) -> Markup:
    """A heat table of a page's values and their shares by version, from the version at `first` on."""
    tail = watched.feature == "source"
    rows = [
        (value.rstrip("/").rpartition("/")[2] if tail else value, _numbers(points)[first:])
        for value, points in watched.rows
    ]
    return Markup(draw_cells(name, title, said, versions, rows))  # noqa: S704


def _numbers(points: Sequence[float | None]) -> list[float]:
    return [math.nan if one is None else one for one in points]


def forest(
    low: float | None, value: float, high: float | None, ends: tuple[float, float], reading: str
) -> Markup:
    """One difference with its interval."""
    return Markup(draw_interval(low, value, high, ends, reading))  # noqa: S704


def forest_ruler(ends: tuple[float, float], by: float) -> Markup:
    """The figures above a column of differences."""
    return Markup(draw_ruler(ends, by))  # noqa: S704


CHARTS: Final[dict[str, Callable[..., Any]]] = {
    "gauge": gauge, "ribbon": ribbon, "columns": columns, "timeline": timeline, "bin_name": spelled,
    "pairs": pairs, "overlaid": overlaid, "rising": rising,
    "multiple": multiple, "shares_of": shares_of, "forest": forest, "forest_ruler": forest_ruler,
}  # fmt: skip
