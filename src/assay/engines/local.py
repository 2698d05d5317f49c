"""The local engine: this process, or a few worker processes on this machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TypeVar

from assay.errors import UsageError

Given = TypeVar("Given")
Made = TypeVar("Made")

_IN_FLIGHT = 3
"""Chunks under way per worker: enough to keep it busy, few enough to bound memory."""


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """`workers` processes; 1 means in this process, with no processes started.

    Workers are started by a fork server and not by forking this process, whose threads a fork would lose.
    A program that asks for more than one worker must therefore be importable: its entry point stands under
    `if __name__ == "__main__":`.
    """

    workers: int = 1

    def map(self, function: Callable[[Given], Made], chunks: Iterable[Given]) -> Iterator[Made]:
        """`function` over `chunks` in order. Raises what `function` raised; UsageError when a worker dies."""
        if self.workers <= 1:
            yield from map(function, chunks)
            return
        under_way: deque[Future[Made]] = deque()
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            try:
                for chunk in chunks:
                    under_way.append(pool.submit(function, chunk))
                    if len(under_way) >= self.workers * _IN_FLIGHT:
                        yield under_way.popleft().result()
                while under_way:
                    yield under_way.popleft().result()
            except BrokenProcessPool:
                raise UsageError(
                    "a worker process died, most likely for want of memory",
                    "run again with --workers 1, or with smaller batches",
                ) from None
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
