"""The local engine: this process, or a few worker processes on this machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Self, TypeVar

from assay.errors import UsageError

Given = TypeVar("Given")
Made = TypeVar("Made")

_IN_FLIGHT = 2
"""Chunks under way per worker: enough to keep it busy, few enough to bound memory."""


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """`workers` threads or processes; 1 means in this thread, with none started.

    Threads start at once and share memory, and serve where the compiled kernel does the work, which it does
    without the interpreter's lock. Processes serve where Python does it.

    Workers are started by a fork server and not by forking this process, whose threads a fork would lose.
    A program that asks for more than one worker must therefore be importable: its entry point stands under
    `if __name__ == "__main__":`.
    """

    workers: int = 1
    threads: bool = False

    @classmethod
    def opened(cls, address: str | None, workers: int, threads: bool) -> Self:
        """Raises UsageError when an address is given: this machine has none."""
        if address is not None:
            raise UsageError("the local engine is this machine and has no address", "write --engine local")
        return cls(workers, threads)

    def map(self, function: Callable[[Given], Made], chunks: Iterable[Given]) -> Iterator[Made]:
        """`function` over `chunks` in order. Raises what `function` raised; UsageError when a worker dies."""
        if self.workers <= 1:
            yield from map(function, chunks)
            return
        under_way: deque[Future[Made]] = deque()
        with self._pool(function) as pool:
            try:
                for chunk in chunks:
                    under_way.append(
                        pool.submit(function, chunk) if self.threads else pool.submit(_run, chunk)
                    )
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

    def _pool(self, function: Callable[[Any], Any]) -> Executor:
        if self.threads:
            return ThreadPoolExecutor(self.workers)
        # The function may hold a lot (eval sets, a model): it goes to each worker once.
        return ProcessPoolExecutor(
            self.workers, get_context("spawn"), initializer=_receive, initargs=(function,)
        )


_received: list[Callable[[Any], Any]] = []


def _receive(function: Callable[[Any], Any]) -> None:
    _received[:] = [function]


def _run(chunk: Any) -> Any:
    return _received[0](chunk)
