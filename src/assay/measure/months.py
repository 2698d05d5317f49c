"""When the examples were made, as far as they state it, month by month."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from assay.measure.distribution import Share, Tally

_ISO = re.compile(r"([12][0-9]{3})[-/]?(0[1-9]|1[0-2])(?=[^0-9]|$|[0-3][0-9](?:[^0-9]|$|[0-2][0-9]))")
_EPOCH = re.compile(r"1[0-9]{9}(?:[0-9]{3})?(?:\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Rows by month ("2025-03"), in order. `gaps` are the months in between without a single row.

    `missing` rows state no time, `unread` state one in a form that is not understood.
    """

    months: tuple[Share, ...]
    gaps: int
    missing: int
    unread: int


class MonthCount:
    """Counts months."""

    def __init__(self) -> None:
        self._tally = Tally(limit=24_000)
        self._missing = 0
        self._unread = 0

    def add(self, created: Iterable[str | None]) -> None:
        found = []
        for text in created:
            if not text:
                self._missing += 1
            elif month := month_of(text):
                found.append(month)
            else:
                self._unread += 1
        self._tally.add(found)

    def result(self) -> Coverage:
        months = tuple(Share(name, count) for name, count in sorted(self._tally.counts.items()))
        gaps = 0
        if months:
            span = _number(months[-1].value) - _number(months[0].value) + 1
            gaps = span - len(months)
        return Coverage(months, gaps, self._missing, self._unread)


def month_of(text: str) -> str | None:
    """ "2025-03" of an ISO date or time, of 2025/03/09, of 20250309, of seconds or milliseconds since 1970."""
    text = text[:40].strip()
    if _EPOCH.fullmatch(text):
        seconds = float(text)
        seconds = seconds / 1000 if seconds >= 1e11 else seconds
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m")
    found = _ISO.match(text)
    return f"{found[1]}-{found[2]}" if found else None


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:])
