"""How often somebody may ask: a token bucket for each name or address, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

_MOST: Final = 10_000


class Throttle:
    """`each` requests a minute for each key, the first `each` at once. `clock` counts seconds and never goes back."""

    def __init__(self, each: int, clock: Callable[[], float]) -> None:
        self._each, self._clock = each, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, key: str) -> float:
        """0 when the key may ask now (and this counts as asking), else the seconds until it may."""
        now = self._clock()
        with self._lock:
            left, then = self._left.pop(key, (float(self._each), now))
            left = min(self._each, left + (now - then) * self._each / 60)
            may = left >= 1
            self._left[key] = (left - 1 if may else left, now)
            while len(self._left) > _MOST:
                self._left.popitem(last=False)
        return 0.0 if may else (1 - left) * 60 / self._each
