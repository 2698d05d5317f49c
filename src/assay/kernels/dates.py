"""Points in time as records state them, and years that texts mention."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

_PARTIAL: Final = re.compile(r"\d{4}(?:-\d{2})?\Z")
_NUMBER: Final = re.compile(r"-?\d{9,19}(?:\.\d{1,9})?\Z")
_LONGEST: Final = 64

_EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC).timestamp()
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()

_YEAR: Final = re.compile(
    r"(?:\b(?:in|since|by|during|of|until|till|from|year|before|after|early|late|mid|spring|summer|autumn|fall|winter"
    r"|january|february|march|april|may|june|july|august|september|october|november|december) "
    r"|[a-z] \d{1,2}, |(?<![a-z\d.,$£€¥]))(?P<year>[12]\d{3})(?![.,]?\d|%)"
    r"(?P<after>年|-\d{2}-\d{2}\b|/\d{1,2}/\d{1,2}\b)?"
)


def unix_seconds(value: Any) -> float:
    """A record's date as Unix seconds (UTC); NaN if it is none.

    Texts: ISO 8601, date or date and time, without a zone taken as UTC, basic forms too; a year or a year and
    month stand for their first instant. Numbers, also spelled as text: Unix seconds, or milli-, micro- or
    nanoseconds, told apart by size (below 10¹¹ they are seconds, which reaches the year 5138); whole numbers
    of eight digits that are a day of the years 1900 to 2099, as 20240131, are that day.
    """
    if isinstance(value, bool):
        return math.nan
    if isinstance(value, int):
        day = _compact_day(str(value))
        return _scaled(value) if math.isnan(day) else day
    if isinstance(value, float):
        return _scaled(value)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return math.nan
    text = value.strip()
    if _PARTIAL.match(text):
        text = f"{text}-01" if len(text) == 7 else f"{text}-01-01"
    elif _NUMBER.match(text):
        return _scaled(float(text))
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.nan


def _compact_day(digits: str) -> float:
    if len(digits) != 8 or digits[:2] not in ("19", "20"):
        return math.nan
    try:
        return datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return math.nan


def _scaled(number: float) -> float:
    """Unix time in whatever unit as seconds; NaN outside the years 1 to 9999."""
    if isinstance(number, float) and not math.isfinite(number):
        return math.nan
    for limit, unit in ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9)):
        if abs(number) < limit:
            seconds = number / unit
            return float(seconds) if _EARLIEST <= seconds <= _LATEST else math.nan
    return math.nan


def latest_year(text: str) -> int:
    """The latest year (1000 to 2999) that a text mentions as a year; 0 if it mentions none.

    A number counts as a year after a word or a day that calls for one ("in 2031", "May 5, 2031"), before 年, or
    as part of a date in figures (2031-05-06). Amounts do not ("2031 calories").
    """
    best = 0
    for match in _YEAR.finditer(text.lower()):
        called_for = match.start("year") > match.start() or match["after"] is not None
        if called_for:
            best = max(best, int(match["year"]))
    return best
