"""/runs/NAME: a training run whole, with its receipt."""

from __future__ import annotations

import shlex
from datetime import datetime

from pydantic import BaseModel

from assay.registry.training.telling import FullAccount
from assay.track.receipt import Receipt
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Page, Pages

pages = Pages()


class Taken(BaseModel):
    """What a receipt says. `seconds`: how long the run took, None while it runs. `log_size`: entries of the log when it
    began; `log_holds`: whether the log still begins so."""

    fingerprint: str
    rows: int
    started: str
    ended: str | None
    seconds: float | None
    seed: int | None
    program: str | None
    transform: str | None
    chat_template: str | None
    environment: dict[str, str]
    metrics: dict[str, float]
    log_size: str | None
    log_holds: bool | None


class Withdrawn(BaseModel):
    """That a version was revoked, by whom, when and why."""

    time: str
    actor: str
    reason: str


class Linked(BaseModel):
    """A version that a run learned from, and all that is known of it. `state`: started, finished, failed; linked where
    it was said by hand."""

    ref: str
    state: str
    time: str
    actor: str
    details: dict[str, str]
    trackers: dict[str, str]
    receipt: Taken | None
    revoked: Withdrawn | None


class RunPage(Page):
    """A run and every version that it learned from."""

    name: str
    links: list[Linked]


@pages.page("/runs/{run}", Permission.READ, "run.html")
def run(ask: Ask, run: str) -> RunPage:
    """A run by its name, or by TRACKER=ID."""
    runs = ask.registry.runs
    found = [runs.account(one, full=True) for one in runs.named(run)]
    name = found[0].run.name
    return RunPage(
        command=shlex.join(["assay", "runs", "show", name]), name=name, links=[_linked(one) for one in found]
    )


def _linked(one: FullAccount) -> Linked:
    return Linked(
        ref=one.run.ref, state=one.state, time=one.run.operation.time, actor=one.run.operation.actor,
        details=dict(one.details), trackers=dict(one.trackers),
        receipt=None if one.receipt is None else _taken(one.receipt, one.holds),
        revoked=Withdrawn(**one.revoked) if one.revoked else None,
    )  # fmt: skip


def _taken(receipt: Receipt, holds: bool | None) -> Taken:
    return Taken(
        fingerprint=receipt.fingerprint, rows=receipt.rows, started=receipt.started, ended=receipt.ended,
        seconds=_seconds(receipt), seed=receipt.seed, program=receipt.program, transform=receipt.transform,
        chat_template=receipt.chat_template, environment=dict(receipt.environment), metrics=dict(receipt.metrics),
        log_size=receipt.checkpoint.partition(":")[0] if receipt.checkpoint else None, log_holds=holds,
    )  # fmt: skip


def _seconds(receipt: Receipt) -> float | None:
    try:
        began, ended = datetime.fromisoformat(receipt.started), datetime.fromisoformat(receipt.ended or "")
        return (ended - began).total_seconds()
    except (ValueError, TypeError):
        return None
