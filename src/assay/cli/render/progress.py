"""The live bar of a long job."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from assay.cli.render.text import clip, safe_text

if TYPE_CHECKING:
    from assay.registry.results import Progress


INTERVAL: Final = 0.1
"""Seconds between two updates of one phase; a job may report far more often."""


class LiveProgress:
    """Shows each phase as a line with bar, rate and time left, and wipes them when the job is done."""

    def __init__(self, console: Console) -> None:
        self._bar = BarColumn(bar_width=26)
        self._bars = Bars(
            TextColumn("  {task.description}", markup=False),
            self._bar,
            _Percent(),
            _Rate(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
            refresh_per_second=1 / INTERVAL,
            transient=True,
        )
        self._task: TaskID | None = None
        self._phase = ""
        self._told = 0.0

    def __enter__(self) -> LiveProgress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, report: Progress) -> None:
        now = time.monotonic()
        if self._task is None or report.phase != self._phase:
            self._end_phase()
            self._phase = report.phase
            name = clip(report.phase.replace("_", " "), 20)
            self._task = self._bars.add_task(f"{name:<20}", total=report.total, unit=safe_text(report.unit))
        elif now - self._told < INTERVAL and report.done != report.total:
            return
        self._told = now
        self._bars.update(self._task, completed=report.done, total=report.total)
        if report.note:
            self._bar.bar_width = 8  # the room of 80 columns goes to the words
            self._bars.update(
                self._task, description=clip(f"{report.phase.replace('_', ' ')} · {report.note}", 42)
            )

    def _end_phase(self) -> None:
        if self._task is not None:
            total = self._bars.tasks[-1].total
            done = self._bars.tasks[-1].completed
            self._bars.update(self._task, total=total or done or 1, completed=total or done or 1)


class _Percent(ProgressColumn):
    """ " 42 %"; nothing where the total is not known."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.percentage:>3.0f} %" if task.total else "     ")


class _Rate(ProgressColumn):
    """ "12.3 MB/s" or "9,120 records/s"."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        unit = task.fields.get("unit", "")
        amount = f"{speed / 1e6:,.1f} MB/s" if unit == "bytes" else f"{speed:,.0f} {unit}/s"
        return Text(amount, "dim")
