"""/review/QUEUE: one example at a time, what is said of it, and what follows."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, Field

from assay.errors import Conflict, UsageError
from assay.govern.review_values import ACCEPT, EDIT, SKIP, Verdict
from assay.govern.reviews import CONFLICT, DECIDED
from assay.model.escape import acts_unseen, json_text
from assay.registry.exploring.payload_texts import Text, texts_of, with_texts
from assay.registry.review.overview import covered
from assay.registry.review.results import Given, Shown
from assay.registry.trace.known_facts import chapter
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.pages.review import Agreed, agreed
from assay.web.routing import Done, Mistaken, Page, Pages

pages = Pages()


class Turn(BaseModel):
    """One text of the example. `editable`: it can be edited as it is shown."""

    part: str
    role: str
    text: str
    taught: bool
    lang: str
    editable: bool


class Said(BaseModel):
    """A verdict that who asks may see. `edited`: the texts that an edit proposes."""

    actor: str
    time: str
    verdict: str
    tags: dict[str, str]
    score: float | None
    comment: str
    mine: bool


class Card(BaseModel):
    """The example before the reviewer. `hidden`: origin, scores and others are not told, because the queue is blind and
    not all have judged; `origin` and `facts` are empty then. `follows`: the newest verdict that the page shows.
    `closed`: why who asks can give none now, or "". `payload`: its JSON, where the texts cannot be edited one by one;
    else ""."""

    id: str
    kind: str
    state: str
    turns: list[Turn]
    payload: str
    hidden: bool
    origin: dict[str, str]
    facts: list[tuple[str, str]]
    said: list[Said]
    mine: Said | None
    follows: int
    closed: str


class Judged(BaseModel):
    """One of the verdicts that who asks gave last."""

    id: str
    verdict: str


class QueuePage(Page):
    """All that a reviewer needs. `card` None: nothing is left for them. `adjudicating`: the page decides conflicts.
    `undo`: the example whose verdict of theirs can be taken back."""

    queue: str
    ref: str
    dataset: str
    reviewers: int
    blind: bool
    purpose: str | None
    examples: int
    states: dict[str, int]
    covered: float
    judged: int
    left: int
    conflicts: int
    adjudicating: bool
    coming: list[str]
    recent: list[Judged]
    undo: str | None
    card: Card | None
    agreement: Agreed | None
    may_apply: bool


class Form(BaseModel):
    """A verdict. `texts`: all texts of the example, of an edit; or `payload`, its whole JSON. `tags`: `name=value`,
    apart by blanks. `follows`: the newest verdict that was seen, none where it does not matter."""

    id: str = Field(min_length=4, max_length=64)
    verdict: str = Field(max_length=20)
    tags: str = Field(default="", max_length=2_000)
    score: float | None = None
    comment: str = Field(default="", max_length=20_000)
    texts: list[str] = []
    payload: str = ""
    follows: int | None = None


class Undo(BaseModel):
    """Whose verdict is taken back: that of who asks, on this example."""

    id: str = Field(min_length=4, max_length=64)


class ApplyPage(Page):
    """What applying a queue would do now; `problem`: why there is nothing to apply."""

    queue: str
    dataset: str
    would: dict[str, Any]
    problem: str = ""
    hint: str = ""


class Apply(BaseModel):
    """Why a queue is applied."""

    reason: str = Field(default="", max_length=2_000)


@pages.page("/review/{queue}", Permission.REVIEW, "queue.html")
def queue(
    ask: Ask, queue: str, id: str | None = None, after: str | None = None, conflicts: bool = False
) -> QueuePage:
    """The next example for who asks, or the one that is named; with `conflicts`, one to adjudicate."""
    reviews = ask.registry.reviews
    desk = reviews.desk(queue, conflicts=conflicts)
    shown = reviews.show(queue, id) if id else reviews.next(queue, conflicts=conflicts, after=after)
    words = ["assay", "review", "show", queue, id] if id else ["assay", "review", "next", queue]
    card = None if shown is None else _card(ask, shown)
    last = next((one for one in desk.recent if one.verdict != SKIP), None)
    if last is not None and _refused(ask, desk.queue.name, Given(last.id.hex(), SKIP)):
        last = None
    return QueuePage(
        command=shlex.join(words + (["--conflicts"] if conflicts and not id else [])),
        queue=desk.queue.name, ref=desk.queue.ref, dataset=desk.queue.dataset, reviewers=desk.queue.reviewers,
        blind=desk.queue.blind, purpose=desk.queue.purpose, examples=len(desk.queue.ids),
        states={name.replace(" ", "_"): count for name, count in desk.states.items()}, covered=covered(desk.states),
        judged=desk.judged, left=desk.left, conflicts=desk.conflicts,
        adjudicating=shown is not None and shown.state == CONFLICT and _third(ask, shown),
        coming=[one.hex() for one in desk.coming], recent=[_judged(one) for one in desk.recent],
        undo=last.id.hex() if last is not None else None, card=card,
        agreement=agreed(desk.agreement),
        may_apply=ask.identity.may(Permission.CONTRIBUTE),
    )  # fmt: skip


@pages.act("/review/{queue}/judge", Permission.REVIEW)
def judge(ask: Ask, queue: str, form: Form) -> Done:
    """Give a verdict. Conflict where somebody else was first, saying who."""
    done = ask.registry.reviews.give(queue, [_given(ask, queue, form)])
    return _went_on(queue, form, None if done is None else done.seq)


@pages.act("/review/{queue}/adjudicate", Permission.REVIEW)
def adjudicate(ask: Ask, queue: str, form: Form) -> Done:
    """Decide on an example whose verdicts are in conflict."""
    done = ask.registry.reviews.adjudicate(queue, [_given(ask, queue, form)])
    return _went_on(queue, form, None if done is None else done.seq, "?conflicts=1")


@pages.act("/review/{queue}/undo", Permission.REVIEW)
def undo(ask: Ask, queue: str, form: Undo) -> Done:
    """Take one's verdict back: a pass takes its place, and the example is open again. Both stay in the log."""
    registry = ask.registry
    shown = registry.reviews.show(queue, form.id)
    mine = [one for one, _ in shown.said if one.actor == registry.actor]
    if not mine or mine[0].verdict == SKIP:
        raise UsageError(f"you gave no verdict on {form.id[:12]}", "there is nothing to take back")
    done = registry.reviews.give(queue, [Given(shown.example.name, SKIP, follows=shown.seen)])
    see = f"/review/{quote(queue)}?id={shown.example.name}"
    return Done(said="taken back", see=see, answer={"operation": done.seq if done else None})


@pages.page("/review/{queue}/apply", Permission.CONTRIBUTE, "apply.html")
def applying(ask: Ask, queue: str) -> ApplyPage:
    """What the decisions of a queue would change in the newest version."""
    words = shlex.join(["assay", "review", "apply", queue, "--dry-run"])
    try:
        would = ask.registry.reviews.apply(queue, dry_run=True)
    except UsageError as error:
        if type(error) is not UsageError:  # not found is an answer of its own
            raise
        dataset = ask.registry.reviews.fold().named(queue).queue.dataset
        view = ApplyPage(
            command=words, queue=queue, dataset=dataset, would={}, problem=error.message, hint=error.hint
        )
        raise Mistaken(error, view) from None
    return ApplyPage(command=words, queue=queue, dataset=would.dataset, would=would.as_json())


@pages.act("/review/{queue}/apply", Permission.CONTRIBUTE)
def apply(ask: Ask, queue: str, form: Apply) -> Done:
    """Make the next version out of what was decided."""
    done = ask.registry.reviews.apply(queue, reason=form.reason)
    see = f"/d/{quote(done.version)}" if done.version else f"/review/{quote(queue)}"
    return Done(said=f"{done.version or 'nothing'} was made", see=see, answer=done.as_json())


def turns_of(payload: Any) -> list[Turn]:
    """The texts of a payload as a page shows them."""
    return [_turn(one) for one in texts_of(payload)]


def lang_of(text: str) -> str:
    """`zh-Hans` for a text with Chinese characters: it picks glyphs and line height. Else ""."""
    return "zh-Hans" if any("\u4e00" <= c <= "\u9fff" for c in text[:400]) else ""


def _turn(one: Text) -> Turn:
    editable = one.path is not None and not acts_unseen(one.text)
    return Turn(
        part=one.part, role=one.role, text=one.text, taught=one.taught, lang=lang_of(one.text), editable=editable
    )  # fmt: skip


def _card(ask: Ask, shown: Shown) -> Card:
    example, actor = shown.example, ask.registry.actor
    hidden = shown.queue.blind and shown.state not in (CONFLICT, DECIDED)
    turns = turns_of(example.payload)
    said = [_said(one, comment, actor) for one, comment in shown.said]
    facts = None if hidden else chapter(ask.registry, example.id)
    rows: Sequence[Any] = (
        [one for one in facts.rows if one["dataset"] == shown.queue.dataset] if facts else ()
    )
    mine = [one for one in said if one.mine]
    return Card(
        id=example.name, kind=example.kind, state=shown.state, turns=turns,
        payload="" if all(one.editable for one in turns) else json_text(dict(example.payload)), hidden=hidden,
        origin={} if hidden else {k: str(v) for k, v in example.provenance.items() if v is not None},
        facts=[(str(one["key"]), str(one["value"])) for one in rows[:40]], said=said,
        mine=mine[-1] if mine else None, follows=shown.seen, closed=_closed(ask, shown),
    )  # fmt: skip


def _closed(ask: Ask, shown: Shown) -> str:
    """Why no verdict of who asks would count on an example, or ""."""
    third = shown.state == CONFLICT and _third(ask, shown)
    return _refused(ask, shown.queue.name, Given(shown.example.name, ACCEPT), third)


def _refused(ask: Ask, queue: str, given: Given, third: bool = False) -> str:
    """Why a verdict would not be taken, or ""."""
    reviews = ask.registry.reviews
    try:
        (reviews.adjudicate if third else reviews.give)(queue, [given], dry_run=True)
    except (Conflict, UsageError) as error:
        return error.message
    return ""


def _said(one: Verdict, comment: str, actor: str) -> Said:
    return Said(
        actor=one.actor, time=one.time, verdict=one.verdict, tags=dict(one.tags), score=one.score, comment=comment,
        mine=one.actor == actor,
    )  # fmt: skip


def _judged(one: Verdict) -> Judged:
    return Judged(id=one.id.hex(), verdict=one.verdict)


def _third(ask: Ask, shown: Shown) -> bool:
    """Whether who asks is none of those who judged the example."""
    return ask.registry.actor not in {one.actor for one, _ in shown.said}


def _given(ask: Ask, queue: str, form: Form) -> Given:
    """The verdict that a form spells. Raises UsageError."""
    payload: dict[str, Any] | None = None
    if form.verdict == EDIT and form.payload.strip():
        try:
            payload = json.loads(form.payload)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"the payload is no JSON: {error}", "correct it there") from None
        if not isinstance(payload, dict):
            raise UsageError("the payload is no JSON object", "start from the one that the page shows")
    elif form.verdict == EDIT and form.texts:
        payload = with_texts(ask.registry.reviews.show(queue, form.id).example.payload, form.texts)
    tags = {}
    for word in form.tags.split():
        key, equals, value = word.partition("=")
        if not equals or not key or not value:
            raise UsageError(f"{word[:40]!r} is no tag", "write name=value, apart by blanks")
        tags[key] = value
    comment = form.comment.replace("\r\n", "\n").strip()
    return Given(form.id, form.verdict, tags, form.score, comment, payload, form.follows)


def _went_on(queue: str, form: Form, seq: int | None, where: str = "") -> Done:
    answer = {"queue": queue, "id": form.id, "verdict": form.verdict, "operation": seq}
    return Done(said=f"{form.verdict}: {form.id[:12]}", see=f"/review/{quote(queue)}{where}", answer=answer)
