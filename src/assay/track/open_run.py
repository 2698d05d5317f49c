"""A run that is under way in this process: begun once, ended once, and as failed when nobody ends it."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from assay.track.receipt import Receipt


class Runs(Protocol):
    """Where receipts are kept: `registry.runs`."""

    @property
    def begin(self) -> Callable[..., Receipt]: ...

    @property
    def end(self) -> Callable[..., Receipt]: ...


class OpenRun:
    """`end` writes the last receipt. Where this object goes without it (an exception, the process's end) the run
    failed."""

    def __init__(self, runs: Runs, receipt: Receipt, told: Mapping[str, Any]) -> None:
        self.receipt = receipt
        self._last = _Last(runs, told)
        self._last.receipt = receipt
        self._finalizer = weakref.finalize(self, self._last.fail)

    @property
    def is_open(self) -> bool:
        return self._finalizer.alive

    def saw(self, metrics: Mapping[str, Any]) -> None:
        """Metrics so far, which a run that fails is written down with."""
        self._last.metrics.update(metrics)

    def end(self, state: str, metrics: Mapping[str, Any]) -> None:
        """Write down how it ended. A second end adds metrics to the first."""
        self._finalizer.detach()
        self.receipt = self._last.end(state, metrics)


class _Last:
    """What is left of a run when its object is gone."""

    receipt: Receipt

    def __init__(self, runs: Runs, told: Mapping[str, Any]) -> None:
        self.metrics: dict[str, Any] = {}
        self._runs, self._told, self._process = runs, told, os.getpid()

    def end(self, state: str, metrics: Mapping[str, Any]) -> Receipt:
        self.receipt = self._runs.end(self.receipt, state, self.metrics | dict(metrics), **self._told)
        return self.receipt

    def fail(self) -> None:
        if os.getpid() == self._process:  # a worker that was forked has ended, not the run
            self.end("failed", {})
