"""How a share is said."""

from __future__ import annotations


def percent(part: float, whole: float = 1.0) -> str:
    """ "12.3 %"; a dash of nothing. Neither 0.0 nor 100.0 is said of what is neither."""
    if not whole:
        return "–"
    share = 100 * part / whole
    return f"{min(max(share, 0.1), 99.9) if 0 < part < whole else share:.1f} %"
