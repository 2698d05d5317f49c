"""review …: queues, verdicts, and the version that follows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from assay.registry.review.results import Given, Rules
from assay.registry.review.samples import Drawing
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.commands.declaring import Answer, Body, Commands, Id, Named, Ref, Told, Word

commands = Commands()
_EVERY = Permission.REVIEW
Score = Annotated[float | None, Field(allow_inf_nan=False)]


class Verdict(Body):
    queue: Named
    ids: list[Id] = Field(min_length=1, max_length=10_000)
    comment: Told = ""
    tags: dict[str, Told] = Field(default={}, max_length=100)
    score: Score = None
    dry_run: bool = False


class Edit(Verdict):
    ids: list[Id] = Field(min_length=1, max_length=1)
    payload: dict[str, Any]


class Adjudication(Verdict):
    verdict: Literal["accept", "reject", "edit"]
    payload: dict[str, Any] | None = None


class Apply(Body):
    queue: Named
    reason: Told = ""
    dry_run: bool = False


class NewQueue(Body):
    name: Named
    ref: Named
    ids: list[Id] = Field(default=[], max_length=100_000, alias="id")
    where: Told | None = None
    n: int | None = Field(default=None, ge=1, le=1_000_000)
    sample: Literal["all", "random", "stratified", "edge", "disagreement"] | None = None
    by: Told | None = None
    stage: Told | None = None
    between: tuple[Told, Told] | None = None
    seed: int = Field(default=0, ge=0, lt=1 << 63)
    reviewed_by: Told | None = None
    double: bool = False
    blind: bool | None = None
    gold: int = Field(default=0, ge=0, le=100_000)
    gold_from: Told | None = None
    auto: list[Named] = Field(default=[], max_length=100)
    min_agreement: float = Field(default=0.9, ge=0, le=1)
    note: Told = ""
    dry_run: bool = False


@commands.post("review create", Permission.CONTRIBUTE)
def create(ask: Ask, form: NewQueue) -> Answer:
    """Open a queue with examples of a version: all of it, those that are named, or a sample."""
    sample = form.sample or ("all" if form.n is None else "random")
    n = form.n if form.n is not None or sample in ("all", "edge") else 100
    drawing = Drawing(
        sample,
        n,
        form.seed,
        form.by,
        form.stage,
        form.between,
        tuple(form.ids),
        None,
        form.where,
        form.reviewed_by,
    )
    rules = Rules(
        2 if form.double else 1, form.blind, form.gold, form.gold_from, tuple(form.auto), form.min_agreement
    )
    made = ask.registry.reviews.create(
        form.name, form.ref, drawing, rules, note=form.note, dry_run=form.dry_run
    )
    return made.as_json()


@commands.get("review status", _EVERY)
def status(ask: Ask, queue: Ref) -> Answer:
    """Where a queue stands."""
    return ask.registry.reviews.status(queue).as_json()


@commands.get("review next", _EVERY)
def following(ask: Ask, queue: Ref, conflicts: bool = False) -> Answer:
    """The next example of a queue for you to judge, whole."""
    found = ask.registry.reviews.next(queue, conflicts=conflicts)
    return found.as_json() if found else {"queue": queue, "id": None, "left": 0}


@commands.get("review show", _EVERY)
def show(ask: Ask, queue: Ref, id: Word) -> Answer:
    """One example of a queue, with the verdicts that you may see."""
    return ask.registry.reviews.show(queue, id).as_json()


@commands.get("review agreement", _EVERY)
def agreement(ask: Ask, queue: Ref) -> Answer:
    """How far the reviewers of a queue agree."""
    return ask.registry.reviews.agreement(queue).as_json()


@commands.post("review accept", _EVERY)
def accept(ask: Ask, form: Verdict) -> Answer:
    """The examples are fit as they are."""
    return _give(ask, form, "accept")


@commands.post("review reject", _EVERY)
def reject(ask: Ask, form: Verdict) -> Answer:
    """The examples are to leave."""
    return _give(ask, form, "reject")


@commands.post("review skip", _EVERY)
def skip(ask: Ask, form: Verdict) -> Answer:
    """Leave the examples to others; takes your earlier verdict back."""
    return _give(ask, form, "skip")


@commands.post("review edit", _EVERY)
def edit(ask: Ask, form: Edit) -> Answer:
    """The payload is to replace the example."""
    return _give(ask, form, "edit", form.payload)


@commands.post("review adjudicate", _EVERY)
def adjudicate(ask: Ask, form: Adjudication) -> Answer:
    """Decide where two people differ."""
    return _give(ask, form, form.verdict, form.payload, adjudicating=True)


@commands.post("review apply", Permission.CONTRIBUTE)
def apply(ask: Ask, form: Apply) -> Answer:
    """Make the next version of what a queue decided."""
    return ask.registry.reviews.apply(form.queue, reason=form.reason, dry_run=form.dry_run).as_json()


def _give(
    ask: Ask, form: Verdict, verdict: str, payload: dict[str, Any] | None = None, adjudicating: bool = False
) -> Answer:
    reviews = ask.registry.reviews
    door = reviews.adjudicate if adjudicating else reviews.give
    given = [Given(one, verdict, form.tags, form.score, form.comment, payload) for one in form.ids]
    done = door(form.queue, given, dry_run=form.dry_run)
    return {
        "queue": form.queue,
        "verdict": verdict,
        "ids": form.ids,
        "operation": None if done is None else done.seq,
        "dry_run": form.dry_run,
    }
