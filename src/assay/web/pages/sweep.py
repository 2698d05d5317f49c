"""/d/REF/sweep: what another threshold would have kept, and the examples at the edge. Nothing is written."""

from __future__ import annotations

import shlex
from typing import Any

from pydantic import BaseModel

from assay.errors import NotFound, UsageError
from assay.registry import Registry
from assay.registry.curating.dials import Dial, dials
from assay.registry.curating.kept_sweeps import kept_sweep
from assay.registry.version import Version
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.measuring import State, begun
from assay.web.routing import Page, Pages

pages = Pages()
SAMPLES = 6
IN_TURN = 20_000
"""Stored examples that are decided again for two values while somebody waits; of more, a process does it."""
_POINTS = 6
_CHARS = 400


class DialLine(BaseModel):
    """A number that can be turned."""

    stage: str
    parameter: str
    value: float
    low: float
    high: float
    step: float


class StageLine(BaseModel):
    """A stage under the value: what enters and what it rejects, then and now."""

    stage: str
    entered: int
    rejected: int
    rejected_now: int


class PointLine(BaseModel):
    """What one value keeps."""

    value: float
    kept: int
    rejected: int


class EdgeLine(BaseModel):
    """An example that one value keeps and the other rejects. `kept`: whether the version has it today."""

    id: str
    see: str
    text: str
    kept: bool
    code: str
    value: float | None
    twin: str | None


class SweepPage(Page):
    """All that a sweep's page shows. `value` is the one asked for, `now` the version's own."""

    ref: str
    dataset: str
    dials: list[DialLine]
    dial: DialLine | None
    value: float
    now: float
    state: State
    rows: int
    kept: int
    kept_now: int
    stages: list[StageLine]
    points: list[PointLine]
    edges: list[EdgeLine]
    whole: bool


@pages.page("/d/{ref}/sweep", Permission.READ, "sweep.html")
def sweep(
    ask: Ask, ref: str, stage: str = "", parameter: str = "", value: float | None = None, whole: bool = False
) -> SweepPage:
    """What a stage would have kept with another value; with `whole`, for values over the range."""
    registry = ask.registry
    version = registry.version(ref)
    version.admit()
    found = dials(registry, version.manifest)
    dial = _chosen(found, stage, parameter)
    lines = [_line(one) for one in found]
    if dial is None:
        return SweepPage(
            command=shlex.join(["assay", "show", version.manifest.ref]), ref=version.manifest.ref,
            dataset=version.manifest.dataset, dials=lines, dial=None, value=0, now=0, state="known", rows=0,
            kept=0, kept_now=0, stages=[], points=[], edges=[], whole=False,
        )  # fmt: skip
    asked = dial.value if value is None else min(dial.high, max(dial.low, value))
    values = _values(dial, asked, whole)
    state, told = _told(registry, version, dial, values)
    spelled = f"{dial.parameter}={','.join(f'{one:g}' for one in values)}"
    return SweepPage(
        command=shlex.join(["assay", "sweep", version.manifest.ref, dial.stage, "--set", spelled]),
        ref=version.manifest.ref, dataset=version.manifest.dataset, dials=lines, dial=_line(dial), value=asked,
        now=dial.value, state=state, whole=whole, **_shown(version, dial, asked, told),
    )  # fmt: skip


def _chosen(found: list[Dial], stage: str, parameter: str) -> Dial | None:
    """The dial that is named; without a name the first threshold there is."""
    if stage or parameter:
        for one in found:
            if one.stage == stage and parameter in ("", one.parameter):
                return one
        known = ", ".join(f"{one.stage}.{one.parameter}" for one in found) or "none"
        raise NotFound(f"no number {stage[:60]}.{parameter[:60]} in the recipe", f"there are: {known}")
    return next((one for one in found if one.parameter == "threshold"), found[0] if found else None)


def _values(dial: Dial, asked: float, whole: bool) -> list[float]:
    values = {float(dial.value), float(asked)}
    if whole:
        wide = (dial.high - dial.low) / (_POINTS - 1)
        some = (dial.low + k * wide for k in range(_POINTS))
        values |= {float(round(one)) if isinstance(dial.value, int) else round(one, 4) for one in some}
    return sorted(values)


def _told(
    registry: Registry, version: Version, dial: Dial, values: list[float]
) -> tuple[State, dict[str, Any] | None]:
    manifest = version.manifest
    found = kept_sweep(registry, manifest, dial.stage, dial.parameter, values, SAMPLES)
    if found is not None:
        return "known", found
    made = registry.store.curation(manifest) or {}
    stored = sum(segment["rows"] for segment in made.get("segments", ()))  # with --add those before it too
    if stored * len(values) <= 2 * IN_TURN or registry.root is None:
        swept = registry.sweep(manifest.ref, dial.stage, dial.parameter, values, samples=SAMPLES)
        return "known", swept.as_json()
    spelled = f"{dial.parameter}={','.join(repr(one) for one in values)}"
    words = ["sweep", manifest.ref, dial.stage, "--set", spelled, "--samples", str(SAMPLES)]
    return begun(registry, words), None


def _shown(version: Version, dial: Dial, asked: float, told: dict[str, Any] | None) -> dict[str, Any]:
    if told is None:
        return {"rows": 0, "kept": 0, "kept_now": 0, "stages": [], "points": [], "edges": []}
    by_value = {point["value"]: point for point in told["points"]}
    if asked not in by_value or dial.value not in by_value:
        raise UsageError("that value was not swept", "choose it again")
    then, now = by_value[asked], by_value[dial.value]
    rejected = {one["stage"]: one["rejected"] for one in now["stages"]}
    stages = [
        StageLine(
            stage=one["stage"], entered=one["in"], rejected=one["rejected"],
            rejected_now=rejected.get(one["stage"], 0),
        )
        for one in then["stages"]
    ]  # fmt: skip
    points = [PointLine(value=p["value"], kept=p["kept"], rejected=p["rejected"]) for p in told["points"]]
    low, high = sorted((asked, float(dial.value)))
    edges = []
    for one in told["edges"]:
        if low <= min(one["kept_at"], one["rejected_at"]) and max(one["kept_at"], one["rejected_at"]) <= high:
            kept = abs(one["kept_at"] - dial.value) < abs(one["rejected_at"] - dial.value)
            edges.append(
                EdgeLine(
                    id=one["id"], see=f"/d/{version.manifest.ref}/examples/{one['id']}",
                    text=one["text"][:_CHARS], kept=kept, code=one["code"], value=one["value"], twin=one["twin"],
                )
            )  # fmt: skip
    return {
        "rows": told["rows"], "kept": then["kept"], "kept_now": now["kept"], "stages": stages,
        "points": points, "edges": edges[:40],
    }  # fmt: skip


def _line(one: Dial) -> DialLine:
    return DialLine(
        stage=one.stage, parameter=one.parameter, value=one.value, low=one.low, high=one.high, step=one.step
    )
