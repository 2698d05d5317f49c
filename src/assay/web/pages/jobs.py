"""/jobs and /jobs/ID: what is being built, how far it is, and what it came to."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from assay.errors import AssayError, NotFound
from assay.registry import Registry
from assay.web.access.door import Refused
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.jobs.asking import spelled, start
from assay.web.jobs.job import Job, Phase
from assay.web.jobs.kinds import BY_NAME, rerun
from assay.web.routing import Done, Page, Pages

pages = Pages()
SHOWN = 100
_FINDINGS = 100


class JobLine(BaseModel):
    """One job as a list shows it. `percent`: of the phase that it is in; None where that is not known."""

    id: str
    title: str
    kind: str
    dataset: str
    actor: str
    created: float
    state: str
    phase: str
    done: int
    total: int | None
    unit: str
    percent: int | None
    left: float | None
    said: str
    dry_run: bool


class JobsPage(Page):
    """The jobs that are kept, the newest first. `live`: whether one of them may still change."""

    jobs: list[JobLine]
    live: bool


class PhaseLine(BaseModel):
    """One phase: how long it took, or how far it is. `rate`: units a second."""

    phase: str
    done: int
    total: int | None
    unit: str
    seconds: float
    rate: float
    left: float | None
    percent: int | None


class Drop(BaseModel):
    """One step of the funnel of what was made. `see`: the ledger of what it rejected, "" where nothing was made;
    `said`: what the link to it is called."""

    stage: str
    name: str
    entered: int
    rejected: int
    codes: dict[str, int]
    see: str
    said: str


class Finding(BaseModel):
    """One thing that the policy says of the version; `count` examples are concerned."""

    code: str
    rule: str
    status: str
    severity: str
    message: str
    count: int


class JobPage(Page):
    """All that a job's page shows. `version`, `operation`: what it made, and where the log has it. `drops`: its funnel,
    from `read` records to `kept`. `files`: the address of the zip of what it made, "" where it made none. `again`:
    whether the same can be asked for again."""

    line: JobLine
    started: float | None
    ended: float | None
    exit: int | None
    cancelled_by: str | None
    phases: list[PhaseLine]
    log: str
    answer: dict[str, Any] | None
    error: dict[str, Any] | None
    version: str | None
    base: str | None
    operation: int | None
    read: int | None
    kept: int
    drops: list[Drop]
    findings: list[Finding]
    dry_run: bool
    again: bool
    mine: bool
    live: bool
    files: str


@pages.page("/jobs", Permission.READ, "jobs.html")
def jobs(ask: Ask) -> JobsPage:
    """What is being built, and what was: the newest jobs."""
    lines = lines_of(ask)
    return JobsPage(jobs=lines, live=any(is_live(line) for line in lines))


@pages.page("/jobs/{id}", Permission.READ, "job.html")
def job(ask: Ask, id: str) -> JobPage:
    """One job: how far it is, what it said, what it came to."""
    board = ask.desk_or_refuse().jobs
    board.tend()
    found = board.job(id)
    answer = found.answer or {}
    version, base, operation = _made(ask.registry, answer)
    drops = _drops(answer, version)
    gate = (found.error or {}).get("gate") or answer.get("gate") or {}
    return JobPage(
        command=spelled(found),
        line=line_of(found),
        started=found.started,
        ended=found.ended,
        exit=found.exit,
        cancelled_by=found.cancelled_by,
        phases=[_phase(one) for one in found.phases],
        log=found.said,
        answer=found.answer,
        error=found.error,
        version=version,
        base=base,
        operation=operation,
        read=answer.get("read"),
        kept=answer.get("kept") or 0,
        drops=drops,
        findings=_findings(gate),
        dry_run=bool(found.form.get("dry_run")),
        again=found.over and found.kind in BY_NAME and ask.identity.may(BY_NAME[found.kind].permission),
        mine=found.actor == ask.identity.actor or ask.identity.may(Permission.ADMINISTER),
        live=not found.over,
        files=_files(found, board.folder),
    )


@pages.act("/jobs/{id}/cancel", Permission.CONTRIBUTE)
def cancel(ask: Ask, id: str) -> Done:
    """End a job: yours, or as admin any."""
    board = ask.desk_or_refuse().jobs
    found = board.job(id)
    if found.actor != ask.identity.actor and not ask.identity.may(Permission.ADMINISTER):
        raise Refused(f"{found.actor} started this job", "an admin can cancel it too")
    done = board.cancel(id, ask.identity.actor)
    return Done(
        said=f"the job {id} is being ended", see=f"/jobs/{id}", answer={"job": id, "state": done.state}
    )


class Again(BaseModel):
    """Whether it shall write this time."""

    dry_run: bool = False


@pages.act("/jobs/{id}/again", Permission.READ)
def again(ask: Ask, id: str, form: Again) -> Done:
    """Start the same again, in your name: as a dry run, or not."""
    found = ask.desk_or_refuse().jobs.job(id)
    kind = BY_NAME.get(found.kind)
    if kind is None:
        raise NotFound(f"nothing is known of {found.kind} any more", "start it anew")
    if not ask.identity.may(kind.permission):
        raise Refused(f"it takes the permission {kind.permission}", "ask who has it")
    other = {"dry_run": form.dry_run} if kind.plans else {}
    made = start(ask, kind, rerun(kind, found.form, **other))
    return Done(
        said=f"{kind.title} is queued", see=f"/jobs/{made.id}", answer={"job": made.id, "state": made.state}
    )


def lines_of(ask: Ask, most: int = SHOWN) -> list[JobLine]:
    """The newest jobs as lines; none where there is no place for jobs."""
    if ask.desk is None or not ask.desk.usable:
        return []
    ask.desk.jobs.tend()
    return [line_of(one) for one in ask.desk.jobs.jobs(most)]


def live_lines(ask: Ask) -> list[JobLine]:
    """The jobs that have not ended."""
    if ask.desk is None or not ask.desk.usable:
        return []
    ask.desk.jobs.tend()
    return [line_of(one) for one in ask.desk.jobs.live()[:SHOWN]]


def is_live(line: JobLine) -> bool:
    """Whether it may still change."""
    return line.state in ("queued", "running")


def line_of(job: Job) -> JobLine:
    """A job as a list shows it."""
    kind = BY_NAME.get(job.kind)
    now = job.phases[-1] if job.phases else None
    answer = job.answer or {}
    error = job.error or {}
    return JobLine(
        id=job.id,
        title=kind.title if kind else job.kind,
        kind=job.kind,
        dataset=job.dataset,
        actor=job.actor,
        created=job.created,
        state="cancelling" if job.cancelled_by and not job.over else job.state,
        phase=now.phase.replace("_", " ") if now else "",
        done=now.done if now else 0,
        total=now.total if now else None,
        unit=now.unit if now else "",
        percent=_percent(now) if now else None,
        left=now.left if now else None,
        said=str(answer.get("version") or error.get("message") or "")[:300],
        dry_run=bool(job.form.get("dry_run")),
    )


def _phase(one: Phase) -> PhaseLine:
    return PhaseLine(
        phase=one.phase.replace("_", " "),
        done=one.done,
        total=one.total,
        unit=one.unit,
        seconds=max(0.0, one.told - one.began),
        rate=one.rate,
        left=one.left,
        percent=_percent(one),
    )


def _percent(one: Phase) -> int | None:
    return min(100, one.done * 100 // one.total) if one.total else None


def _made(registry: Registry, answer: dict[str, Any]) -> tuple[str | None, str | None, int | None]:
    """The version that an answer names, the one before it, and the operation that made it."""
    named = answer.get("version")
    if not isinstance(named, str):
        operation = answer.get("operation")
        return None, None, operation if isinstance(operation, int) else None
    try:
        version = registry.version(named)
        parents = version.manifest.parents
        base = registry.store.objects.manifest(parents[0]).ref if parents else None
    except AssayError:
        return None, None, None
    return version.name, base, version.operation.seq


def _files(job: Job, folder: Path) -> str:
    kind = BY_NAME.get(job.kind)
    there = kind is not None and kind.made and job.state == "done" and (folder / job.id / kind.made).is_dir()
    return f"/jobs/{job.id}/files.zip" if there else ""


def _drops(answer: dict[str, Any], version: str | None) -> list[Drop]:
    """The funnel, with what could not be read at all as its first step."""
    if not isinstance(answer.get("read"), int):
        return []
    at = f"/d/{quote(version, safe='@')}/rejected?stage=" if version else ""
    rows = [(s["stage"], s["in"], s["rejected"], s["codes"]) for s in answer.get("stages", [])]
    if malformed := answer.get("malformed"):
        rows.insert(0, ("malformed", answer["read"], malformed, {}))
    return [
        Drop(
            stage=stage, name=stage.replace("_", " "), entered=entered, rejected=rejected, codes=codes,
            see=at + quote(stage) if at else "", said=stage.replace("_", " "),
        )
        for stage, entered, rejected, codes in rows
    ]  # fmt: skip


def _findings(gate: dict[str, Any]) -> list[Finding]:
    return [Finding.model_validate(one) for one in gate.get("findings", [])[:_FINDINGS]]
