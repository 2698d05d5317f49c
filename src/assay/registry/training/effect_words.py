"""How figures of effects are spelled, for the terminal and for pages."""

from __future__ import annotations

import math
from typing import Final

from assay.measure.effect.estimate import Difference
from assay.registry.training.effect_results import Measure

MINUS: Final = "−"
NOTE: Final = "They moved together; that is not to say that one made the other move."


def scale(measure: Measure) -> float:
    """What a score is multiplied by when it is shown: shares are shown in points."""
    return 100.0 if measure.points else 1.0


def digits(measure: Measure, most: float) -> int:
    """Decimals that tell figures apart whose greatest is `most`, as shown."""
    return 1 if measure.points else decimals_for(most)


def decimals_for(most: float) -> int:
    """Decimals of figures the greatest of which is `most`: three digits of it."""
    return 2 if most == 0 else min(6, max(0, 2 - math.floor(math.log10(most))))


def signed(value: float, decimals: int) -> str:
    """ "+3.1", "−0.4", "0.0"."""
    said = f"{abs(value):,.{decimals}f}"
    if not any(c in "123456789" for c in said):
        return said
    return ("+" if value > 0 else MINUS) + said


def plain(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def interval(found: Difference, by: float, decimals: int) -> str:
    """ "+1.2 … +5.0"; nothing where there is none."""
    if found.low is None or found.high is None:
        return ""
    return f"{signed(found.low * by, decimals)} … {signed(found.high * by, decimals)}"
