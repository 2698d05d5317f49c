"""A gauge: where a value sits on a scale; the band is the healthy range, the bar is now, a diamond is outside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from assay.measure.charts.figure import place
from assay.measure.forms import OVERFIT
from assay.measure.health import (
    ALIKE,
    DEDUP_HEALTHY,
    DEDUP_LIMIT,
    IMBALANCE,
    LARGE,
    LOW_SCORES,
    MEDIAN_HEALTHY,
    MEDIAN_LIMITS,
    SMALL,
    SPREAD,
)  # fmt: skip

LEFT, WIDE = 4.0, 142.0


@dataclass(frozen=True, slots=True)
class Band:
    """The healthy range and the scale that it is shown on; `logarithmic` scales begin above 0."""

    low: float
    high: float
    least: float
    most: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """0 to 1, from the scale's beginning to its end; what is beyond stays at the end."""
        least, most = self.least, self.most
        if self.logarithmic:
            least, most, value = math.log(least), math.log(most), math.log(max(value, least))
        return min(1.0, max(0.0, (value - least) / (most - least)))


BANDS: Final = {
    "size": Band(SMALL, LARGE, 10, 10_000_000, logarithmic=True),
    "length_spread": Band(1, SPREAD[0], 1, 2 * SPREAD[1], logarithmic=True),
    "output_median": Band(*MEDIAN_HEALTHY, 1, 4 * MEDIAN_LIMITS[1], logarithmic=True),
    "imbalance": Band(1, IMBALANCE[0], 1, 10 * IMBALANCE[1], logarithmic=True),
    "low_scores": Band(0, LOW_SCORES[0], 0, 2 * LOW_SCORES[1]),
    "dedup_rate": Band(*DEDUP_HEALTHY, 0, DEDUP_LIMIT + 0.2),
    "one_form": Band(0, OVERFIT, 0, 1),
    "style_collapse": Band(0, ALIKE[0], 0, 2 * ALIKE[1]),
}
"""By the name of a health check."""


def gauge(name: str, value: float | None, healthy: bool) -> str:
    """The gauge of a health check; without a value, or for a check that has no scale, nothing."""
    band = BANDS.get(name)
    if band is None or value is None or not math.isfinite(value):
        return ""
    low, high, now = (LEFT + WIDE * band.at(one) for one in (band.low, band.high, value))
    mark = (
        f'<rect class="m" x="{place(now - 1.5)}" y="2" width="3" height="14" rx="1"/>'
        if healthy
        else f'<path class="mo" d="M{place(now)} 2.5l5.5 6.5-5.5 6.5-5.5-6.5z"/>'
    )
    return (
        '<svg class="gauge" viewBox="0 0 150 18" aria-hidden="true">'
        f'<rect class="t" x="{LEFT:g}" y="7" width="{WIDE:g}" height="4" rx="2"/>'
        f'<rect class="b" x="{place(low)}" y="5" width="{place(max(2.0, high - low))}" height="8" rx="2"/>{mark}</svg>'
    )
