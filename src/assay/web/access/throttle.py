"""How often somebody may ask: a token bucket for each name or address, in bounded memory or in a database that several
servers share."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final, Protocol

from assay.web.database import Database, Tables

_MOST: Final = 10_000
TABLES: Final = Tables(
    (("CREATE TABLE IF NOT EXISTS asked (key TEXT PRIMARY KEY, rest REAL NOT NULL, time REAL NOT NULL)",),)
)


class Counted(Protocol):
    """Who counts what somebody asks."""

    def wait(self, key: str) -> float:
        """0 when the key may ask now (and this counts as asking), else the seconds until it may."""
        ...


class Throttle:
    """`each` requests a minute for each key, the first `each` at once. `clock` counts seconds and never goes back."""

    def __init__(self, each: int, clock: Callable[[], float]) -> None:
        self._each, self._clock = each, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, key: str) -> float:
        now = self._clock()
        with self._lock:
            left, then = self._left.pop(key, (float(self._each), now))
            seconds, left = _taken(self._each, left, now - then)
            self._left[key] = (left, now)
            while len(self._left) > _MOST:
                self._left.popitem(last=False)
        return seconds


class SharedThrottle:
    """The same for several servers together. `clock`: seconds since the epoch; one that goes back gives nothing."""

    def __init__(self, db: Database, each: int, clock: Callable[[], float]) -> None:
        self._db, self._each, self._clock = db, each, clock

    def wait(self, key: str) -> float:
        now = self._clock()
        with self._db.write() as db:
            db.execute(
                "DELETE FROM asked WHERE time < ?", (now - 60,)
            )  # by then it may ask as if it never had
            found = db.execute("SELECT rest, time FROM asked WHERE key = ?", (key,)).fetchone()
            left, then = found or (float(self._each), now)
            seconds, left = _taken(self._each, left, max(0.0, now - then))
            db.execute("DELETE FROM asked WHERE key = ?", (key,))
            db.execute("INSERT INTO asked VALUES (?, ?, ?)", (key, left, max(now, then)))
        return seconds


def _taken(each: int, left: float, passed: float) -> tuple[float, float]:
    """The seconds to wait, and what is left, of a bucket that had `left` so many seconds ago."""
    left = min(each, left + passed * each / 60)
    return (0.0, left - 1) if left >= 1 else ((1 - left) * 60 / each, left)
