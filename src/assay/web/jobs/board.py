"""The board of jobs: queued, started, looked after, cancelled and kept, in one folder a job.

A job is a command line of assay in a process of its own session, which says in its folder how far it is and how it
ended (`assay.cli.job`). The board holds nothing that is not in files, so that a server that starts again finds what
another one left: children that run by process number and start time, the others by what they wrote.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from shutil import rmtree
from threading import Event, Thread
from typing import Any, Final

import orjson

from assay.errors import Conflict, NotFound
from assay.web.database import FileDatabase
from assay.web.jobs.files import keep, load, settle_folder
from assay.web.jobs.job import Job, read_job
from assay.web.jobs.outliving import Outliving
from assay.web.jobs.processes import born, runs, tell

JOB: Final = "ASSAY_JOB"
"""The variable that tells a command line which job it is: the folder."""
_PASSED: Final[tuple[str, ...]] = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "PYTHONPATH", "PYTHONUTF8",
    "ASSAY_DATABASE", "PGPASSFILE", "PGPASSWORD", "PGSERVICEFILE", "PGSSLMODE", "PGSSLROOTCERT",
)  # fmt: skip
_SPENDING: Final = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_KEY: Final = "_API_KEY"
_STORES: Final = ("AWS_", "GOOGLE_", "AZURE_")
"""How variables begin that lead to object stores."""
_GRACE: Final = ((0.0, signal.SIGINT), (8.0, signal.SIGTERM), (16.0, signal.SIGKILL))
"""Seconds after a cancellation → what the process is told."""
_STARTING: Final = 15.0
_MOST_ANSWER: Final = 64 << 20


class Board:
    """The jobs of one registry. Safe for many threads, and for many servers over one folder.

    `environment`: of the server; a job gets what it needs of it, and keys of providers only where it `spends`.
    `reached`: words of a command line that lead to the registry, where it is not the folder `registry`.
    `at_once`: so many run, the others wait. `kept`: so many that ended stay, the oldest leave.
    """

    def __init__(  # noqa: PLR0913 - what a server knows, by keyword
        self,
        folder: Path,
        registry: Path,
        environment: Mapping[str, str],
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        *,
        at_once: int = 2,
        kept: int = 200,
        reached: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._reached = tuple(reached) or ("--registry", str(registry))
        self._environment, self._clock, self._entropy = dict(environment), clock, entropy
        self._at_once, self._kept = at_once, kept
        self._children: dict[str, Outliving] = {}
        self._over: set[str] = set()
        """Those that have ended, and need not be looked at."""
        self._turns = FileDatabase(folder / "turn.sqlite")
        self._stop: Event | None = None
        self._thread: Thread | None = None

    def open(self) -> None:
        """Look after the jobs from now on, in a thread; it is started once."""
        if self._thread is not None:
            return
        self._stop = Event()
        self._thread = Thread(target=self._look, args=(self._stop,), name="assay-jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look after them no longer. Those that run go on."""
        if self._stop is not None and self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None
        with self._turns.read():
            self._children.clear()
        self._turns.close()

    def ask(
        self,
        kind: str,
        dataset: str,
        actor: str,
        words: Callable[[Path], Sequence[str]],
        *,
        form: Mapping[str, Any] | None = None,
        uploads: Sequence[str] = (),
        spends: bool = False,
    ) -> Job:
        """Queue a job; when this returns no crash loses it. `words`: from the job's folder, where files that belong to
        it may be written, to the command line after `assay`."""
        now = self._clock()
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
        id = f"{stamp}-{self._entropy(4).hex()}"
        folder = self.folder / id
        folder.mkdir(mode=0o700)
        try:
            spec = {
                "id": id,
                "kind": kind,
                "dataset": dataset,
                "actor": actor,
                "created": now,
                "words": list(words(folder)),
                "form": dict(form or {}),
                "uploads": list(uploads),
            }
            keep(folder / "spends.json", spends)
            keep(folder / "spec.json", spec)
            settle_folder(self.folder)
        except BaseException:
            rmtree(folder, ignore_errors=True)
            raise
        self.tend()
        return self.job(id)

    def job(self, id: str) -> Job:
        """A job by its id. Raises NotFound."""
        if not id.replace("-", "").isalnum() or not id.isascii():
            raise NotFound(f"no job {id[:60]!r}", "`/jobs` lists them")
        found = read_job(self.folder / id)
        if found is None:
            raise NotFound(f"no job {id}", "`/jobs` lists those that are kept")
        return found

    def jobs(self, most: int | None = None) -> list[Job]:
        """The jobs that are kept, the newest first, in brief."""
        found = (read_job(self.folder / name, brief=True) for name in self._names())
        return list(islice((job for job in found if job is not None), most))

    def live(self) -> list[Job]:
        """Those that have not ended, the newest first, in brief."""
        found = []
        for name in self._names():
            if name in self._over:
                continue
            job = read_job(self.folder / name, brief=True)
            if job is not None and job.over:
                self._over.add(name)
            elif job is not None:
                found.append(job)
        return found

    def cancel(self, id: str, by: str) -> Job:
        """End a job: what waits does not start, what runs is interrupted, then ended, then killed. Raises NotFound,
        Conflict for one that has ended."""
        found = self.job(id)
        if found.over:
            raise Conflict(f"the job {id} has ended: {found.state}", "nothing is left to cancel")
        if found.cancelled_by is None:
            keep(self.folder / id / "cancel.json", {"by": by, "time": self._clock(), "sent": 0})
        self.tend()
        return self.job(id)

    def tend(self) -> None:
        """Once around: write down what ended, interrupt what is to end, start what waits, let the oldest go."""
        with self._turns.turn():
            running, waiting = 0, []
            for job in reversed(self.live()):
                folder = self.folder / job.id
                if job.state == "queued":
                    waiting.append(job)
                elif self._runs(job, folder):
                    running += 1
            for job in waiting:
                folder = self.folder / job.id
                if job.cancelled_by is not None:
                    self._end(folder, "cancelled", None)
                elif running < self._at_once:
                    self._start(job, folder)
                    running += job.id in self._children
            over = sorted(self._over)
            for name in over[: max(0, len(over) - self._kept)]:
                rmtree(self.folder / name, ignore_errors=True)
                self._over.discard(name)

    def _look(self, stop: Event) -> None:
        while not stop.wait(0.25):
            self.tend()

    def _names(self) -> list[str]:
        """Of the jobs' folders, the newest first: a name begins with its time."""
        with os.scandir(self.folder) as entries:
            return sorted((entry.name for entry in entries if entry.is_dir()), reverse=True)

    def _start(self, job: Job, folder: Path) -> None:
        keep(folder / "start.json", {"time": self._clock()})
        line = [sys.executable, "-m", "assay.cli.main", "--json", *self._reached]
        environment = {name: self._environment[name] for name in _PASSED if name in self._environment}
        if "--cache" in self._reached:  # the registry lies in an object store
            environment |= {n: v for n, v in self._environment.items() if n.startswith(_STORES)}
        if load(folder / "spends.json") is True:
            environment |= {
                name: value
                for name, value in self._environment.items()
                if name.endswith(_KEY) or name.upper() in _SPENDING
            }
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            try:
                child = Outliving(
                    [*line, f"--actor={job.actor}", *job.words],
                    stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, close_fds=True,
                    start_new_session=True, env={**environment, JOB: str(folder.resolve())},
                )  # fmt: skip
            except (
                OSError,
                ValueError,
            ) as problem:  # a command line that no system takes: too long, or with a NUL
                said = {
                    "code": "not_started",
                    "message": f"it could not be started: {problem}",
                    "hint": "say less in it",
                }
                self._end(folder, "failed", None, error=said)
                return
        self._children[job.id] = child
        process = {"pid": child.pid, "born": born(child.pid), "time": self._clock()}
        keep(folder / "process.json", process)

    def _runs(self, job: Job, folder: Path) -> bool:
        """Whether a job that was started still runs; what ended is written down."""
        child = self._children.get(job.id)
        code = child.poll() if child is not None else None
        process = load(folder / "process.json")
        if process is None:
            if self._clock() - (job.started or 0) < _STARTING:
                return True
            self._end(folder, "lost", None)
            return False
        if code is None and (child is not None or runs(process["pid"], process["born"])):
            self._interrupt(folder, process)
            return True
        self._children.pop(job.id, None)
        told = load(folder / "exit.json")
        code = told if isinstance(told, int) else code
        self._settle(folder, code)
        return False

    def _interrupt(self, folder: Path, process: Mapping[str, Any]) -> None:
        cancel = load(folder / "cancel.json")
        if cancel is None:
            return
        waited, sent = self._clock() - cancel["time"], cancel["sent"]
        if sent < len(_GRACE) and waited >= _GRACE[sent][0]:
            keep(folder / "cancel.json", {**cancel, "sent": sent + 1})
            tell(process["pid"], process["born"], _GRACE[sent][1])

    def _settle(self, folder: Path, code: int | None) -> None:
        """Write down how a process ended, by its exit status and by the document that it printed."""
        answer = _document(folder / "stdout")
        if code in (0, 1) and answer is not None and "error" not in answer:
            self._end(folder, "findings" if code else "done", code, answer=answer)
        elif (folder / "cancel.json").exists():
            self._end(folder, "cancelled", code)
        elif answer is not None and "error" in answer:
            self._end(folder, "failed", code, error={**answer["error"], "gate": answer.get("gate")})
        elif code is None:
            self._end(folder, "lost", None)
        else:
            self._end(folder, "failed", code, error={"code": "ended", "message": _ended(code), "hint": ""})

    def _end(self, folder: Path, state: str, code: int | None, **told: Any) -> None:
        if state in ("cancelled", "lost"):
            told["error"] = {"code": state, "message": _WHY[state], "hint": _HINT[state]}
        name = "result.json" if "answer" in told else "error.json"
        end = {"state": state, "exit": code, "ended": self._clock(), **told}
        keep(folder / name, end)
        short = {part: {k: v for k, v in told[part].items() if k in _BRIEF} for part in told}
        keep(folder / "brief.json", {**end, **short}, durable=False)


_BRIEF: Final = frozenset({"version", "code", "message", "hint", "operation"})
_WHY: Final = {
    "cancelled": "it was cancelled; nothing was written to the log",
    "lost": "its process is gone, and nobody saw it end",
}
_HINT: Final = {
    "cancelled": "start it again; what was measured is remembered",
    "lost": "the log says whether it had committed; start it again if not",
}


def _ended(code: int) -> str:
    if code < 0:
        return f"the process was ended by signal {-code} ({signal.Signals(-code).name})"
    return f"the process ended with {code}"


def _document(path: Path) -> dict[str, Any] | None:
    """The JSON document that a command printed; None where there is none, or it is cut off."""
    try:
        if path.stat().st_size > _MOST_ANSWER:
            return None
        found = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
