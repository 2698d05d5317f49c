"""What a choice covers, for a person: the curve of coverage by number of rows, beside that of chance, and its knee."""

from __future__ import annotations

from typing import Any, Final

from assay.kernels.coverage import Chosen, coverage_curve, knee
from assay.stages.select_field import Field

_CURVE_POINTS: Final = 32


def coverage_report(field: Field, chosen: Chosen) -> dict[str, Any]:
    """JSON values only.

    `curve`: for growing numbers of `rows` in the order of choice, `coverage` is the mean cosine of a row of the
    whole set to the nearest chosen one (0 to 1), `each` what one row added since the point before, `random`
    the coverage of as many rows drawn by chance. `knee`: from there on more rows pay less than on average.
    `rows_for`: how many rows reach 90, 95 and 99 % of the coverage of all chosen. `ground`: rows it was measured on.
    """
    total = len(chosen.order)
    sizes = sorted({max(1, round(total * (k / _CURVE_POINTS) ** 2)) for k in range(1, _CURVE_POINTS + 1)})
    if not total:
        return {"curve": [], "knee": None, "rows_for": {}, "ground": len(field.curve_ground)}
    ground = field.curve_ground
    values = coverage_curve(ground, field.points.take(chosen.order), sizes)
    chance = coverage_curve(ground, field.points.take(field.by_chance(total)), sizes)
    curve, last_size, last_value = [], 0, 0.0
    for size, value, random in zip(sizes, values, chance, strict=True):
        each = (value - last_value) / (size - last_size)
        curve.append(
            {"rows": size, "coverage": round(value, 4), "each": round(each, 8), "random": round(random, 4)}
        )
        last_size, last_value = size, value
    reached = {
        f"{part:.0%}": next(size for size, v in zip(sizes, values, strict=True) if v >= part * values[-1])
        for part in (0.9, 0.95, 0.99)
    }
    return {"curve": curve, "knee": knee(sizes, values), "rows_for": reached, "ground": len(ground)}
