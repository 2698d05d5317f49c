"""/d/NAME/diff/A..B: what changed between two versions, row by row, and who made the change."""

from __future__ import annotations

import shlex
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query
from pydantic import BaseModel

from assay.kernels.token_diff import token_diff
from assay.registry import Registry
from assay.registry.history.diff_page import Kind, diff_rows
from assay.registry.version import Version
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.measuring import State, drift
from assay.web.pages.drift import both
from assay.web.pages.drift_values import Feature, features, foremost
from assay.web.routing import Page, Pages

pages = Pages()
ROWS = 20
_CHARS = 6_000
SHIFTS = 3
"""Features that the page shows, those that drifted most; the page of the drift has all."""
_STEPS = 20
_PICKED = 200


class Text(BaseModel):
    """A field of a row: `parts` as (same | del | ins, text)."""

    name: str
    parts: list[tuple[str, str]]


class Row(BaseModel):
    """One example that differs. `see` and `see_old` lead to it now and before; `cut`: more text than is shown."""

    id: str
    see: str
    old_id: str | None
    see_old: str | None
    split: str | None
    old_split: str | None
    texts: list[Text]
    cut: bool


class Side(BaseModel):
    """One of the two versions."""

    ref: str
    label: str
    fingerprint: str
    rows: int


class Step(BaseModel):
    """An operation that led from the one to the other."""

    ref: str
    action: str
    actor: str
    time: str
    message: str


class DiffPage(Page):
    """All that a diff's page shows. `unchanged`: rows of the second that the first has too, in the same split.
    `shifts`: the features that drifted most, of `compared`, once it is `measured` what did."""

    name: str
    a: Side
    b: Side
    counts: dict[str, int]
    unchanged: int
    kind: str
    rows: list[Row]
    more: str | None
    after: str
    splits: dict[str, tuple[int, int]]
    measured: State
    shifts: list[Feature]
    compared: int
    steps: list[Step]


class DiffChoice(Page):
    """Which two versions there are to choose from."""

    name: str
    versions: list[str]


@pages.page("/d/{name}/diff", Permission.READ, "diff_choice.html")
def choose(ask: Ask, name: str, a: str = "", b: str = "") -> DiffChoice:
    """Two versions to compare: leads to their diff; without a choice, to that of the newest version."""
    registry = ask.registry
    head = registry.version(name)
    dataset = head.manifest.dataset
    line = registry.store.lines()[dataset]
    newest = line.versions[head.manifest.number - 1]
    if not (a and b) and newest.before is not None:
        a, b = f"v{newest.before}", f"v{newest.number}"
    at = f"/d/{quote(dataset)}/diff/{quote(a)}..{quote(b)}" if a and b else ""
    return DiffChoice(
        command=shlex.join(["assay", "log", dataset]),
        goto=at,
        name=dataset,
        versions=[f"v{one.number}" for one in reversed(line.versions[-_PICKED:])],
    )


@pages.page("/d/{name}/diff/{pair}", Permission.READ, "diff.html")
def diff(
    ask: Ask,
    name: str,
    pair: str,
    kind: Kind | None = None,
    after: Annotated[str, Query(max_length=64)] = "",
    shifts: bool = False,
) -> DiffPage:
    """What leads from A to B (`v1..v2`): counts, rows of one kind, and who made the change. With `shifts` what drifted
    is measured, if nothing kept it."""
    registry = ask.registry
    old, new = both(registry, name, pair)
    measured, told = drift(registry, old, new, wanted=shifts)
    moved = features(told, old, new) if told else []
    found = diff_rows(registry, old, new, kind, after, ROWS)
    counts = {one: found.counts[one] for one in ("added", "removed", "edited", "moved", "disabled")}
    sizes = (old.manifest.counts, new.manifest.counts)
    splits = {s: (sizes[0].get(s, 0), sizes[1].get(s, 0)) for s in sorted({*sizes[0], *sizes[1]})}
    return DiffPage(
        command=shlex.join(["assay", "diff", old.manifest.ref, new.manifest.ref]),
        name=new.manifest.dataset, a=_side(old), b=_side(new), counts=counts,
        unchanged=sum(sizes[1].values()) - counts["added"] - counts["edited"] - counts["moved"],
        kind=found.kind, rows=[_row(one, old, new) for one in found.rows], more=found.more, after=after,
        splits=splits, measured=measured, shifts=foremost(moved, SHIFTS), compared=len(moved),
        steps=_steps(registry, old, new),
    )  # fmt: skip


def _side(version: Version) -> Side:
    manifest = version.manifest
    return Side(
        ref=manifest.ref, label=f"v{manifest.number}", fingerprint=manifest.fingerprint,
        rows=sum(manifest.counts.values()),
    )  # fmt: skip


def _row(row: Any, old: Version, new: Version) -> Row:
    """A row of the diff with its texts compared; a whole side for what came or left."""
    op, id_ = row["op"], row["id"]
    before = {name: row.get(f"old_{name}", "")[:_CHARS] for name in ("input", "output")}
    now = {name: row[name][:_CHARS] for name in ("input", "output")}
    texts = []
    for name in ("input", "output"):
        if op == "edited":
            parts = [(str(kind), text) for kind, text in token_diff(before[name], now[name])]
        else:
            parts = [("same", now[name])]
        texts.append(Text(name=name, parts=[part for part in parts if part[1]]))
    held = old if op == "removed" else new
    old_id = row.get("old_id")
    return Row(
        id=id_, see=f"/d/{held.manifest.ref}/examples/{id_}", old_id=old_id,
        see_old=f"/d/{old.manifest.ref}/examples/{old_id}" if old_id else None,
        split=row["split"], old_split=row.get("old_split"), texts=[one for one in texts if one.parts],
        cut=any(len(row.get(name, "")) > _CHARS for name in ("input", "output", "old_input", "old_output")),
    )  # fmt: skip


def _steps(registry: Registry, old: Version, new: Version) -> list[Step]:
    """The versions that lead from the one to the other along the branch, newest first; else the second alone."""
    dataset = new.manifest.dataset
    if old.manifest.dataset != dataset:
        return []
    line = registry.store.lines()[dataset]
    out: list[Step] = []
    number = new.manifest.number
    while number is not None and number != old.manifest.number and len(out) < _STEPS:
        one = line.versions[number - 1]
        manifest = registry.store.objects.manifest(one.manifest)
        said = registry.said(one.operation) or manifest.message
        out.append(
            Step(
                ref=manifest.ref, action=one.operation.action, actor=one.operation.actor,
                time=one.operation.time, message=said,
            )
        )  # fmt: skip
        if one.before is None or one.before < old.manifest.number:
            break
        number = one.before
    return out
