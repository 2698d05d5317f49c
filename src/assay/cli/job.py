"""A command line that runs as a job of the web application: it says in the job's folder how far it is, and
how it ended.

The folder is in the variable ASSAY_JOB; whoever is not a job never comes here. `process.json`: who this is;
`progress.json`: the phases so far, replaced whole; `exit.json`: the exit status.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from assay.registry.results import Progress

VARIABLE: Final = "ASSAY_JOB"
INTERVAL: Final = 0.25
"""Seconds between two reports of one phase; a job may report far more often."""
_MOST: Final = 60


def job_folder() -> Path | None:
    """The job's folder; None where this is no job."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def begin() -> None:
    """An interruption ends a job even where the server was started without a terminal to interrupt it from."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def end(folder: Path, code: int) -> None:
    """Say how the command ended."""
    _write(folder / "exit.json", code)


class JobProgress:
    """Takes what the bar on a terminal takes, and writes it down."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "progress.json"
        self._phases: list[dict[str, Any]] = []
        self._written = 0.0

    def __call__(self, report: Progress) -> None:
        now = time.time()
        said = {"done": report.done, "total": report.total, "unit": report.unit, "told": now}
        if not self._phases or self._phases[-1]["phase"] != report.phase:
            if self._phases:
                self._phases[-1]["told"] = now
            self._phases.append({"phase": report.phase, "began": now, **said})
            del self._phases[:-_MOST]
        else:
            self._phases[-1] |= said
            if now - self._written < INTERVAL and report.done != report.total:
                return
        self._written = now
        _write(self._file, {"phases": self._phases})


def _write(path: Path, value: Any) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(json.dumps(value).encode("ascii"))
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)  # a job whose folder is gone does its work all the same
