"""A rate limit as providers have it: a bucket of tokens that fills at an even pace."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from assay.errors import UsageError


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests per second on average, and up to `burst` at once."""

    per_second: float
    burst: int = 1

    def __post_init__(self) -> None:
        if not self.per_second > 0 or self.burst < 1:
            raise UsageError(
                "a rate limit lets nothing through", "per_second is above 0 and burst at least 1"
            )


@dataclass(frozen=True, slots=True)
class Taken:
    """What the bucket said: whether the request may pass, what is left, and seconds until one more, or all, may."""

    passed: bool
    left: int
    next_in: float
    full_in: float


class Bucket:
    """A token bucket that starts full; `clock` is in seconds and never goes back. Safe from any thread."""

    def __init__(self, limit: RateLimit, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._clock, self._lock = clock, threading.Lock()
        self._level, self._seen = float(limit.burst), clock()

    def take(self) -> Taken:
        """Takes one token if there is one."""
        rate, burst = self.limit.per_second, self.limit.burst
        with self._lock:
            now = self._clock()
            self._level = min(float(burst), self._level + max(0.0, now - self._seen) * rate)
            self._seen = now
            passed = self._level >= 1
            self._level -= passed
            level = self._level
        return Taken(passed, int(level), max(0.0, 1 - level) / rate, (burst - level) / rate)
