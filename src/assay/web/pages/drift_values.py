"""A comparison of two versions as pages show it: features with effect, test, verdict, shares, and the rows behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from pydantic import BaseModel

from assay.measure.drift.compare import OTHERS
from assay.measure.drift.profile import STATED
from assay.measure.facets.query import Compared, Picked, Query
from assay.measure.profile import TOPICS
from assay.measure.report.drift_page import chance
from assay.registry.version import Version
from assay.web.facet_links import address

MOST: Final = 12
"""Values of a category that are shown, those that changed most; the others are one."""
PERCENTILES: Final = (1, 10, 25, 50, 75, 90, 99, 100)
TESTS: Final = {"category": "χ²", "number": "Kolmogorov–Smirnov", "style": "paired t over blocks"}
EFFECTS: Final = {
    "category": "Jensen–Shannon divergence in bits", "number": "Kolmogorov–Smirnov distance",
    "style": "relative change of the mean",
}  # fmt: skip
MEASURES: Final = {
    "jensen_shannon": "Jensen–Shannon, chance included", "psi": "PSI", "cramers_v": "Cramér’s V", "chi_square": "χ²",
    "wasserstein_sd": "Wasserstein-1, in standard deviations", "median_before": "median before",
    "median_after": "median after", "mean_before": "mean before", "mean_after": "mean after", "blocks": "blocks",
}  # fmt: skip
_FIELDS: Final = {
    "input": "input_length", "output": "output_length", "turns": "turns",
    **{
        name: name
        for name in ("language", "kind", "origin", "generator", "source", "split", "licence", "score", "quality",
                     "difficulty", *TOPICS)
    },
}  # fmt: skip
"""What exploring calls a feature; openings and facts have no such field."""
_OURS: Final = ("kind", "origin", "split")
VERDICTS: Final = ("drifted", "not enough rows to tell", "steady")


class Cell(BaseModel):
    """A value, or a bin of numbers that begins at `low`, with its rows before and after; `see_…` leads to them, ""
    where no query says it."""

    name: str
    low: float
    before: int
    after: int
    see_before: str = ""
    see_after: str = ""


class Brought(BaseModel):
    """Who brought rows: an operation, a source and a generator ("" where nobody said). `see`: the version."""

    rows: int
    version: str
    operation: int
    action: str
    actor: str
    time: str
    source: str
    generator: str
    see: str


class Shown(BaseModel):
    """An example behind a shift: what its value is, and who brought it."""

    id: str
    see: str
    value: str
    version: str
    operation: int
    source: str
    generator: str


class Cause(BaseModel):
    """The rows behind a shift: they `came` with the second version, or left with the first."""

    came: bool
    rows: int
    brought: list[Brought]
    examples: list[Shown]


class Feature(BaseModel):
    """One feature of a comparison. `p`: corrected for all of them, `p_alone`: not; "–" where nothing was tested.
    `times`: the effect in units of the least that matters. `cells`: of a category those that changed most, then all
    others. `curves`: percentiles of lengths before and after. `cells_more`: values beside those named."""

    name: str
    title: str
    kind: str
    verdict: str
    effect: float
    limit: float
    times: float
    effect_is: str
    test: str
    p: str
    p_alone: str
    measures: dict[str, float]
    before: int
    after: int
    cells: list[Cell]
    cells_more: int
    curves: list[list[int]]
    cause: Cause | None

    @property
    def moved(self) -> str:
        """ "12.1 → 14.0", of a number's median or a style's mean; "" of a category."""
        name = {"number": "median", "style": "mean"}.get(self.kind, "")
        pair = [self.measures.get(f"{name}_{side}") for side in ("before", "after")]
        return f"{pair[0]:,.4g} → {pair[1]:,.4g}" if None not in pair else ""


def features(told: Mapping[str, Any], old: Version, new: Version) -> list[Feature]:
    """All features: those that drifted in the order of their effects, then those that cannot be told, then the rest."""
    rank = {name: k for k, name in enumerate(told["drifted"])}
    made = [_feature(one, told, old, new) for one in told["features"]]
    return sorted(made, key=lambda one: (VERDICTS.index(one.verdict), rank.get(one.name, 0)))


def _feature(one: Mapping[str, Any], told: Mapping[str, Any], old: Version, new: Version) -> Feature:
    kind, limit, effect = one["kind"], one["limit"], one["effect"] or 0.0
    cells, more = _cells(one, old, new)
    curves = told["curves"].get(one["feature"], [])
    cause = told["causes"].get(one["feature"])
    return Feature(
        name=one["feature"], title=told["titles"][one["feature"]], kind=kind, verdict=one["verdict"], effect=effect,
        limit=limit, times=effect / limit, effect_is=EFFECTS[kind], test=TESTS[kind], p=chance(one["p"]),
        p_alone=chance(one["p_uncorrected"]),
        measures={name: one["figures"][name] for name in MEASURES if one["figures"].get(name) is not None},
        before=one["rows"][0], after=one["rows"][1], cells=cells, cells_more=more,
        curves=curves if all(curves) else [], cause=None if cause is None else _cause(cause, old, new),
    )  # fmt: skip


def _cells(one: Mapping[str, Any], old: Version, new: Version) -> tuple[list[Cell], int]:
    values = one["values"]
    if one["kind"] == "number":
        lows = [value["from"] for value in values]
        return [
            _cell(value, low, _between(one["feature"], low, high), old, new)
            for value, low, high in zip(values, lows, [*lows[1:], None], strict=True)
            if value["before"] or value["after"] or len(values) > MOST
        ], 0
    top, rest = values[:MOST], values[MOST:]
    cells = [_cell(value, 0.0, _is(one["feature"], value["value"]), old, new) for value in top]
    if rest:
        sums = [sum(value[side] for value in rest) for side in ("before", "after")]
        cells.append(Cell(name="all others", low=0.0, before=sums[0], after=sums[1]))
    return cells, len(rest)


def _cell(value: Mapping[str, Any], low: float, query: Query | None, old: Version, new: Version) -> Cell:
    see = ["", ""]
    if query is not None:
        for k, (side, version) in enumerate((("before", old), ("after", new))):
            if value[side]:
                see[k] = address(f"/d/{quote(version.name, safe='@:')}/examples", q=query.text)
    return Cell(
        name=value["value"], low=low, before=value["before"], after=value["after"],
        see_before=see[0], see_after=see[1],
    )  # fmt: skip


def _is(feature: str, value: str) -> Query | None:
    field = _FIELDS.get(feature)
    if field is None or value == OTHERS or value.startswith("(rare, "):
        return None
    return Query(picked=(Picked(field, "" if value == STATED else value),))


def _between(feature: str, low: float, high: float | None) -> Query | None:
    field = _FIELDS.get(feature)
    if field is None:
        return None
    ends = [Compared(field, ">=", low)] + ([] if high is None else [Compared(field, "<", high)])
    return Query(compared=tuple(ends))


def _cause(told: Mapping[str, Any], old: Version, new: Version) -> Cause:
    held = quote((new if told["came"] else old).manifest.ref, safe="@")
    return Cause(
        came=told["came"], rows=told["rows"],
        brought=[Brought(see=f"/d/{quote(one['version'], safe='@')}", **_told(one)) for one in told["brought_by"]],
        examples=[
            Shown(
                id=one["id"], see=f"/d/{held}/examples/{one['id']}", value=one["value"],
                **{k: _told(one)[k] for k in ("version", "operation", "source", "generator")},
            )
            for one in told["examples"]
        ],
    )  # fmt: skip


def _told(one: Mapping[str, Any]) -> dict[str, Any]:
    """Without what nobody stated."""
    return {key: "" if value == STATED else value for key, value in one.items()}


def foremost(found: Sequence[Feature], most: int) -> list[Feature]:
    """Those that drifted most; the source, which every new file changes, comes last by the comparison's own order."""
    return [one for one in found if one.verdict == "drifted"][:most]
