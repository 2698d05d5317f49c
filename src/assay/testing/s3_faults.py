"""What can go wrong between a client and an object store, and plans of when it does."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from typing import Literal, get_args

from assay.testing.s3_bucket import S3Call

S3Fault = Literal[
    "error_before",  # 500, and nothing was done
    "error_after",  # 500, and yet it was done
    "slow_down",  # 503 SlowDown, and nothing was done
    "dropped",  # the connection ends, and nothing was done
    "lost",  # it was done, and the connection ends without an answer
    "hang",  # it was done, and no answer comes
    "late",  # the connection ends, and it is done a little later
    "conflict",  # 409 ConditionalRequestConflict, and nothing was done; conditional writes only
    "truncated",  # the connection ends in the middle of the body; reads only
]
S3_FAULTS: tuple[S3Fault, ...] = get_args(S3Fault)

S3Faults = Callable[[S3Call], S3Fault | None]
"""A plan: says what goes wrong with a request, or None."""


def no_s3_faults(call: S3Call) -> None:
    """The plan under which nothing goes wrong."""


def fits(fault: S3Fault, call: S3Call) -> bool:
    """Whether that can happen to that request."""
    if fault == "conflict":
        return call.method == "PUT" and "if-none-match" in call.headers
    return call.method == "GET" if fault == "truncated" else True


class S3FaultScript:
    """Faults in the order in which requests that `match` arrive; None, and all after the last, go well."""

    def __init__(
        self, faults: Iterable[S3Fault | None], match: Callable[[S3Call], bool] = lambda call: True
    ) -> None:
        self._faults, self._match = iter(list(faults)), match
        self._lock = threading.Lock()

    def __call__(self, call: S3Call) -> S3Fault | None:
        if not self._match(call):
            return None
        with self._lock:
            return next(self._faults, None)


class SeededS3Faults:
    """Each request goes wrong with probability `rate`, in one of the ways of `among` that can happen to it."""

    def __init__(self, seed: int, rate: float, among: Iterable[S3Fault] = S3_FAULTS) -> None:
        self._random, self._rate, self._among = random.Random(seed), rate, tuple(among)  # noqa: S311 - repeatable
        self._lock = threading.Lock()

    def __call__(self, call: S3Call) -> S3Fault | None:
        possible = [fault for fault in self._among if fits(fault, call)]
        with self._lock:
            if not possible or self._random.random() >= self._rate:
                return None
            return self._random.choice(possible)
