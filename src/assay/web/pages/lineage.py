"""/d/NAME/lineage: versions on their branches, and what was done with each."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from urllib.parse import quote

from markupsafe import Markup
from pydantic import BaseModel

from assay.measure.charts.lineage import Node
from assay.measure.charts.lineage import lineage as chart
from assay.registry.history.lineage import Step, lineage
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Page, Pages

pages = Pages()


class StepLine(BaseModel):
    """A version in the line; the fields are those of `assay.registry.history.lineage.Step`."""

    ref: str
    number: int
    branch: str
    action: str
    time: str
    actor: str
    message: str
    rows: int
    before: int | None
    merged: int | None
    back_to: int | None
    tags: list[str]
    approved: bool
    released: bool
    revoked: bool
    current: bool
    guards: int
    runs: list[str]


class LineagePage(Page):
    """The newest versions, and what led to what. `older`: the number before which the next page goes on."""

    name: str
    latest: str
    steps: list[StepLine]
    branches: list[str]
    eval_sets: list[str]
    versions: int
    older: int | None


@pages.page("/d/{name}/lineage", Permission.READ, "lineage.html")
def lines(ask: Ask, name: str, before: int | None = None) -> LineagePage:
    """Versions on their branches, merges, tags, releases, and runs that learned from them; newest first."""
    found = lineage(ask.registry, name, before)
    return LineagePage(
        command=shlex.join(["assay", "log", found.dataset]),
        name=found.dataset,
        latest=ask.registry.version(found.dataset).name,
        steps=[_line(found.dataset, one) for one in found.steps],
        branches=list(found.branches)[:100],
        eval_sets=list(found.eval_sets)[:100],
        versions=found.versions,
        older=found.older,
    )


def _line(dataset: str, one: Step) -> StepLine:
    told = {field: getattr(one, field) for field in one.__slots__}
    return StepLine(ref=f"{dataset}@v{one.number}", **told)


def picture(view: LineagePage, said: Callable[..., str]) -> Markup:
    """The lines as a picture with its table, in the language of who asks."""
    title = said("Lineage of {name}", name=view.name)
    heads = [said(word) for word in ("Version", "Branch", "State", "What happened", "Rows", "Made", "Runs")]
    nodes = [_node(one, said) for one in view.steps]
    return Markup(chart("lineage", title, heads, nodes))  # noqa: S704 - `chart` escapes


def _node(one: StepLine, said: Callable[..., str]) -> Node:
    state = "revoked" if one.revoked else "released" if one.released else "approved" if one.approved else ""
    how = said(one.action)
    if one.merged is not None:
        how = said("merge of v{n}", n=one.merged)
    elif one.back_to is not None:
        how = said("back to v{n}", n=one.back_to)
    notes = [how, *(f"#{tag}" for tag in one.tags[:3])]
    notes += [said("{n} {n:run|runs}", n=len(one.runs))] if one.runs else []
    notes += [said("guarded by {n} {n:eval set|eval sets}", n=one.guards)] if one.guards else []
    word = said(state) if state else "" if one.tags else "–"
    cells = (
        f"{word} {' '.join(f'#{tag}' for tag in one.tags)}".strip(), f"{how}: {one.message}" if one.message else how,
        f"{one.rows:,}", f"{one.time[:10]}, {one.actor}", ", ".join(one.runs[:8]) or "–",
    )  # fmt: skip
    merged = tuple(n for n in (one.merged, one.back_to) if n is not None)
    words = tuple(notes) if not state else (word, *notes)
    return Node(
        one.number, one.ref, f"/d/{quote(one.ref)}", one.branch, one.before, merged, state, words, cells
    )
