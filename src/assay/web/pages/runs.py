"""/runs: which models learned from which version."""

from __future__ import annotations

import shlex

from pydantic import BaseModel, Field

from assay.govern.runs import Run
from assay.registry import Registry
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Done, Page, Pages

pages = Pages()
MOST = 100
"""Runs on a page."""


class RunLine(BaseModel):
    """A run, what was said of it, and the version it learned from."""

    seq: int
    name: str
    ref: str
    dataset: str
    version: int
    split: str | None
    time: str
    actor: str
    model: str
    base_model: str
    tracker: str
    url: str
    state: str = "linked"
    trackers: list[str] = []


class RunsPage(Page):
    """The runs, newest first. `older`: the entry before which the next page goes on."""

    ref: str | None
    runs: list[RunLine]
    older: int | None
    count: int
    versions: list[str]
    may_link: bool


class Link(BaseModel):
    """A run and the version, or the split, that it learned from."""

    ref: str = Field(max_length=200)
    run: str = Field(max_length=100)
    model: str = Field(default="", max_length=500)
    base_model: str = Field(default="", max_length=500)
    tracker: str = Field(default="", max_length=500)
    url: str = Field(default="", max_length=500)


@pages.page("/runs", Permission.READ, "runs.html")
def runs(ask: Ask, ref: str | None = None, before: int | None = None) -> RunsPage:
    """The training runs, newest first; with `ref`, those of a version or of a dataset."""
    registry = ask.registry
    found = registry.runs.list(ref or None)[::-1]
    left = [one for one in found if before is None or one.operation.seq < before]
    left.sort(key=lambda one: -one.operation.seq)
    shown = left[:MOST]
    return RunsPage(
        command=shlex.join(["assay", "runs", "list", *([ref] if ref else [])]),
        ref=ref or None,
        runs=[line_of(registry, one) for one in shown],
        older=shown[-1].operation.seq if len(left) > len(shown) else None,
        count=len(found),
        versions=[f"{one.name}@v{one.latest}" for one in registry.datasets()][:200],
        may_link=ask.identity.may(Permission.CONTRIBUTE),
    )


@pages.act("/runs/link", Permission.CONTRIBUTE)
def link(ask: Ask, form: Link) -> Done:
    """Say that a run learned from a version."""
    said = form.model_dump(include={"model", "base_model", "tracker", "url"})
    made = ask.registry.runs.link(form.ref.strip(), form.run.strip(), said)
    answer = made.as_json(ask.registry.runs.details(made))
    return Done(said=f"{made.name} learned from {made.ref}", see="/runs", answer=answer)


def line_of(registry: Registry, run: Run) -> RunLine:
    """A run as tables show it."""
    one = registry.runs.account(run)
    said = one.details
    return RunLine(
        seq=run.operation.seq, name=run.name, ref=run.ref, dataset=run.dataset, version=run.version, split=run.split,
        time=run.operation.time, actor=run.operation.actor, model=said.get("model", ""),
        base_model=said.get("base_model", ""), tracker=said.get("tracker", ""), url=said.get("url", ""),
        state=one.state, trackers=sorted(one.trackers),
    )  # fmt: skip
