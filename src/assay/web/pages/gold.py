"""/d/REF/gold: drawing the examples of a gold set: people judge them, and what they accept is frozen as an eval set."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from pydantic import BaseModel, Field

from assay.registry.review.gold import create_gold
from assay.registry.review.results import Rules
from assay.registry.review.samples import Drawing
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Done, Page, Pages

pages = Pages()
_MOST = 100_000


class GoldPage(Page):
    """What a gold set can be drawn from; `sets`: names that are taken."""

    ref: str
    dataset: str
    rows: int
    sets: list[str]


class Gold(BaseModel):
    """A gold set: its name, how many examples, from which strata, and whether two people judge each."""

    name: str = Field(max_length=100)
    n: int = Field(default=300, ge=1, le=_MOST)
    by: str = Field(default="", max_length=200)
    double: bool = False
    note: str = Field(default="", max_length=2_000)


@pages.page("/d/{ref}/gold", Permission.CONTRIBUTE, "gold.html")
def gold(ask: Ask, ref: str) -> GoldPage:
    """The form of a new gold set."""
    version = ask.registry.version(ref)
    manifest = version.manifest
    return GoldPage(
        command=shlex.join(["assay", "gold", "NAME", "--from", manifest.ref]),
        ref=manifest.ref,
        dataset=manifest.dataset,
        rows=len(version),
        sets=[one.name for one in ask.registry.eval_sets()][:200],
    )


@pages.act("/d/{ref}/gold", Permission.CONTRIBUTE)
def draw(ask: Ask, ref: str, form: Gold) -> Done:
    """Draw a stratified sample of a version, and queue it for review."""
    drawing = Drawing("stratified", form.n, 0, form.by.strip() or None)
    rules = Rules(reviewers=2 if form.double else 1)
    made = create_gold(ask.registry, form.name.strip(), ref, drawing, rules, note=form.note.strip())
    queue = made.queue.name
    see = f"/review/{quote(queue)}" if ask.identity.may(Permission.REVIEW) else f"/d/{quote(ref, safe='@')}"
    return Done(said=f"{queue} has {len(made.queue.ids):,} examples", see=see, answer=made.as_json())
