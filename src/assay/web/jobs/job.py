"""A job as its folder tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from assay.web.jobs.files import load, tail

State = Literal["queued", "running", "done", "findings", "failed", "cancelled", "lost"]
ENDED: Final = frozenset({"done", "findings", "failed", "cancelled", "lost"})
_SAID: Final = 16 << 10


class Phase(BaseModel):
    """How far one phase is: `done` of `total` `unit`s; times are seconds since the epoch."""

    phase: str
    done: int
    total: int | None
    unit: str
    began: float
    told: float

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.done / (self.told - self.began) if self.told > self.began else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that are left at this rate; None where it cannot be told."""
        if not self.total or not self.rate:
            return None
        return max(0.0, (self.total - self.done) / self.rate)


class Job(BaseModel):
    """One job. `words`: its command line after `assay`. `answer`: the JSON document that it printed. `exit`: how the
    process ended, as a shell says it; None where nobody saw it end. `uploads`: ids of uploads that it reads."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    dataset: str
    actor: str
    created: float
    words: list[str]
    form: dict[str, Any]
    uploads: list[str]
    state: State
    started: float | None = None
    ended: float | None = None
    exit: int | None = None
    answer: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    cancelled_by: str | None = None
    phases: list[Phase] = []
    said: str = ""

    @property
    def over(self) -> bool:
        return self.state in ENDED


def read_job(folder: Path, brief: bool = False) -> Job | None:
    """The job of a folder; None where there is none. `brief`: of its answer, which may be long, only what a list
    shows."""
    spec = load(folder / "spec.json")
    if not isinstance(spec, dict):
        return None
    end = brief and load(folder / "brief.json")
    end = end or load(folder / "result.json") or load(folder / "error.json")
    process = load(folder / "process.json")
    start = load(folder / "start.json")
    cancel = load(folder / "cancel.json")
    told = load(folder / "progress.json") or {}
    began = (process or start or {}).get("time")
    return Job(
        **spec,
        **(end or {"state": "running" if process or start else "queued"}),
        started=began,
        cancelled_by=(cancel or {}).get("by"),
        phases=told.get("phases", []),
        said="" if brief else tail(folder / "stderr", _SAID),
    )
