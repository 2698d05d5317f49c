"""/review: the queues, how far each is, what waits for whom; and making one."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from assay.kernels.agreement_intervals import Estimate
from assay.registry.review.overview import Overview, covered
from assay.registry.review.results import Rules
from assay.registry.review.samples import SAMPLES, Drawing
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Done, Page, Pages

pages = Pages()
MOST = 40
"""Queues on a page."""


class Agreed(BaseModel):
    """A figure of agreement with its 95 % interval, over `n` examples; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class QueueLine(BaseModel):
    """A queue in the list. `seq`: the entry that opened it. `covered`: the share that is decided. `left`, `conflicts`:
    what waits for who asks."""

    name: str
    seq: int
    ref: str
    dataset: str
    note: str
    time: str
    actor: str
    reviewers: int
    blind: bool
    purpose: str | None
    gold: int
    examples: int
    states: dict[str, int]
    covered: float
    applied: int
    left: int
    conflicts: int
    agreement: Agreed | None


class ReviewPage(Page):
    """The queues, newest first. `older`: the entry before which the next page goes on, None where there is none.
    `versions`: what a queue can be made from."""

    dataset: str | None
    queues: list[QueueLine]
    older: int | None
    samples: list[str]
    versions: list[str]
    may_create: bool


class NewQueue(BaseModel):
    """How a queue is made; the fields are the options of `assay review create`."""

    name: str = Field(max_length=100)
    ref: str = Field(max_length=200)
    sample: str = "random"
    n: int | None = Field(default=100, ge=1)
    reviewers: int = Field(default=1, ge=1, le=2)
    blind: Literal["auto", "yes", "no"] = "auto"
    gold: int = Field(default=0, ge=0)
    by: str = Field(default="", max_length=200)
    where: str = Field(default="", max_length=2_000)
    stage: str = Field(default="", max_length=100)
    between: str = Field(default="", max_length=300)
    seed: int = 0
    note: str = Field(default="", max_length=2_000)


@pages.page("/review", Permission.REVIEW, "review.html")
def review(ask: Ask, dataset: str | None = None, before: int | None = None) -> ReviewPage:
    """The queues, newest first, with what waits for who asks."""
    registry = ask.registry
    if dataset is not None:
        dataset = registry.version(dataset).manifest.dataset
    found = [
        one
        for one in registry.reviews.overview(dataset)
        if before is None or one.queue.operation.seq < before
    ]
    shown = found[:MOST]
    return ReviewPage(
        command="assay review list" + (f" {dataset}" if dataset else ""),
        dataset=dataset,
        queues=[line_of(one) for one in shown],
        older=shown[-1].queue.operation.seq if len(found) > len(shown) else None,
        samples=list(SAMPLES),
        versions=[f"{one.name}@v{one.latest}" for one in registry.datasets()][:200],
        may_create=ask.identity.may(Permission.REVIEW),
    )


@pages.act("/review/queues", Permission.REVIEW)
def create(ask: Ask, form: NewQueue) -> Done:
    """Make a queue of examples of a version."""
    scores = form.between.split()
    drawing = Drawing(
        form.sample,
        None if form.sample == "all" else form.n,
        form.seed,
        form.by.strip() or None,
        form.stage.strip() or None,
        (scores[0], scores[1]) if len(scores) == 2 else None,
        where=form.where.strip() or None,
    )
    blind = {"auto": None, "yes": True, "no": False}[form.blind]
    rules = Rules(form.reviewers, blind, form.gold)
    made = ask.registry.reviews.create(form.name.strip(), form.ref.strip(), drawing, rules, note=form.note)
    said = f"{made.queue.name} has {len(made.queue.ids):,} examples"
    return Done(said=said, see=f"/review/{quote(made.queue.name)}", answer=made.as_json())


def line_of(one: Overview) -> QueueLine:
    """A queue as the list shows it."""
    queue = one.queue
    return QueueLine(
        name=queue.name, seq=queue.operation.seq, ref=queue.ref, dataset=queue.dataset, note=one.note,
        time=queue.operation.time, actor=queue.operation.actor, reviewers=queue.reviewers, blind=queue.blind,
        purpose=queue.purpose, gold=len(queue.gold), examples=len(queue.ids),
        states={name.replace(" ", "_"): count for name, count in one.states.items()}, covered=covered(one.states),
        applied=one.applied, left=one.left, conflicts=one.conflicts, agreement=agreed(one.agreement),
    )  # fmt: skip


def agreed(one: Estimate | None) -> Agreed | None:
    """A figure that can be undefined, as JSON can say it."""
    return None if one is None else Agreed.model_validate(one.as_json())
