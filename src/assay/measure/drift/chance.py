"""How often chance alone does as much: the tails of three distributions, and the correction for many tests.

Abramowitz and Stegun, *Handbook of Mathematical Functions*, 1964, 6.5 and 26.5 (incomplete gamma and beta by series
and continued fraction); Kolmogorov 1933 with the correction of Stephens 1970; Holm, "A simple sequentially rejective
multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

_STEPS: Final = 500
_TINY: Final = 1e-300
_EPS: Final = 1e-14


def chi_square_tail(x: float, free: int) -> float:
    """P(χ² ≥ x) with `free` degrees of freedom; 1 where there is none."""
    if free < 1 or x <= 0:
        return 1.0
    return _upper_gamma(free / 2, x / 2)


def _upper_gamma(a: float, x: float) -> float:
    """Q(a, x), the regularised upper incomplete gamma function."""
    if x > 1e8:
        return 0.0
    scale = math.exp(max(-745.0, a * math.log(x) - x - math.lgamma(a)))
    if x < a + 1:
        term = total = 1 / a
        for k in range(1, _STEPS + int(a)):
            term *= x / (a + k)
            total += term
            if term < total * _EPS:
                break
        return max(0.0, 1 - total * scale)
    b, c, d = x + 1 - a, 1 / _TINY, 1 / (x + 1 - a)
    held = d
    for k in range(1, _STEPS + int(a)):
        step = -k * (k - a)
        b += 2
        d = 1 / _away(step * d + b)
        c = _away(b + step / c)
        held *= d * c
        if abs(d * c - 1) < _EPS:
            break
    return min(1.0, scale * held)


def kolmogorov_tail(distance: float, variance: float) -> float:
    """P(sup |F − G| ≥ distance) for two empirical curves whose difference has `variance` · F (1 − F).

    Of two samples apart the variance is 1/n + 1/m. Conservative where values are tied.
    """
    if distance <= 0:
        return 1.0
    if variance <= 0:
        return 0.0
    root = math.sqrt(1 / variance)
    t = (root + 0.12 + 0.11 / root) * distance
    if t < 1.18:
        y = math.exp(-(math.pi**2) / (8 * t * t))
        return 1 - math.sqrt(2 * math.pi) / t * (y + y**9 + y**25 + y**49)
    return min(1.0, 2 * math.fsum((-1.0) ** (k - 1) * math.exp(-2 * k * k * t * t) for k in range(1, 6)))


KOLMOGOROV_5: Final = 1.3581
"""What the root of n times the distance exceeds once in twenty times."""


_HALVINGS: Final = 60


def student_tail(t: float, free: float) -> float:
    """P(|T| ≥ |t|) with `free` degrees of freedom; 1 where there is none."""
    if free <= 0:
        return 1.0
    if math.isinf(t):
        return 0.0
    return _beta(free / (free + t * t), free / 2, 0.5)


def student_quantile(within: float, free: float) -> float:
    """The t with P(|T| < t) = `within`, which is below 1."""
    high = 1.0
    while student_tail(high, free) > 1 - within:
        high *= 2
    low = 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if student_tail(middle, free) > 1 - within else (low, middle)
    return high


def _beta(x: float, a: float, b: float) -> float:
    """I(x; a, b), the regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    scale = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return scale * _beta_fraction(x, a, b) / a
    return 1 - scale * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    held = d
    for k in range(1, _STEPS):
        for step in (
            k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
            -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1)),
        ):
            d = 1 / _away(1 + step * d)
            c = _away(1 + step / c)
            held *= d * c
        if abs(d * c - 1) < _EPS:
            break
    return held


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def holm(found: Sequence[float]) -> list[float]:
    """The p-values corrected so that in all of them together chance errs as seldom as in one. Same order."""
    order = sorted(range(len(found)), key=lambda k: (found[k], k))
    out, worst = [0.0] * len(found), 0.0
    for rank, k in enumerate(order):
        worst = max(worst, min(1.0, (len(found) - rank) * found[k]))
        out[k] = worst
    return out


def benjamini_hochberg(found: Sequence[float]) -> list[float]:
    """The p-values corrected so that of all that are called real, chance made at most that share on average
    (Benjamini and Hochberg 1995). Same order."""
    order = sorted(range(len(found)), key=lambda k: (-found[k], -k))
    out, least = [0.0] * len(found), 1.0
    for rank, k in enumerate(order):
        least = min(least, found[k] * len(found) / (len(found) - rank))
        out[k] = least
    return out
