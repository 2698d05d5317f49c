"""Points in time as records state them: ISO 8601, Chinese dates, and seconds or milliseconds since 1970."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

_DATE: Final = re.compile(
    r"(\d{4})\s?(?:年|[-/.])\s?(\d{1,2})(?:\s?(?:月|[-/.])\s?(\d{1,2})\s?日?|月)?(?!\d)"
)
_LONGEST: Final = 64
"""No spelling of a date is longer; longer texts are not looked at."""

_MILLISECONDS_FROM: Final = 1e11
"""A count from here on is in milliseconds: as seconds it would lie after the year 5138."""


def seconds_of(value: Any) -> float:
    """Seconds since 1970-01-01 UTC, or NaN for what is no date. Never raises.

    A number counts seconds, or milliseconds from 1e11 on; so does a text of digits, except that eight digits
    are a day (20240531). A text is ISO 8601, or begins with year, month and perhaps day, divided by `-`, `/`,
    `.` or 年, 月, 日. A time without a zone is UTC; a month without a day is its first.
    """
    if isinstance(value, bool) or value is None:
        return math.nan
    if isinstance(value, (int, float)):
        return _of_number(value)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return math.nan
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) != 8:
        return _of_number(int(text)) if len(text) > 8 else math.nan
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _of_day(text)
    return _stamp(moment)


def _of_number(value: float) -> float:
    try:
        seconds = float(value)
    except OverflowError:
        return math.nan
    if not math.isfinite(seconds):
        return math.nan
    return seconds / 1000 if abs(seconds) >= _MILLISECONDS_FROM else seconds


def _of_day(text: str) -> float:
    found = _DATE.match(text)
    if found is None:
        return math.nan
    year, month, day = found.groups()
    try:
        return _stamp(datetime(int(year), int(month), int(day or 1), tzinfo=UTC))
    except ValueError:
        return math.nan


def _stamp(moment: datetime) -> float:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return math.nan


def month_of(seconds: float) -> str:
    """`2024-05`, or nothing for NaN and for what lies outside the years 1 to 9999."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m}".zfill(7)
    except (OverflowError, ValueError, OSError):
        return ""
