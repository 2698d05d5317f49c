"""What `compare` answers, as pages show it: rows with their figures spelled, and the numbers that charts are drawn
from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from assay.measure.charts.forest import ends_of
from assay.registry.training.effect_words import decimals_for, plain, signed

STRATA: Final = 20
"""Values of a field that have a row; `compare --json` has all."""
RUNS: Final = 100
Told = Mapping[str, Any]


class Row(BaseModel):
    """One difference as a table shows it. `reading`: the verdict. `p`: corrected where there are several. `came`,
    `went`: training rows with this value, None where rows state no such field."""

    name: str
    note: str
    before: str
    after: str
    value: float
    low: float | None
    high: float | None
    difference: str
    interval: str
    p: float | None
    items: int
    runs: tuple[int, int]
    reading: str
    came: int | None
    went: int | None


class Group(BaseModel):
    """The values of a field. `called`: what rows call it. `more`: values without a row. `elsewhere`: values in
    which rows changed and that no item has (value, came, went)."""

    field: str
    called: str | None
    rows: list[Row]
    more: int
    elsewhere: list[tuple[str, int, int]]


class Scored(BaseModel):
    """What a run scored. `operation`: the entry of the log that says so."""

    side: str
    run: str
    seed: int | None
    score: str
    operation: int | None


class Found(BaseModel):
    """The comparison. `ends`: of the scale that all differences share; `by`: what figures are multiplied by.
    `needed`: runs a side, and items, that it would take to tell."""

    metric: str
    evaluation: str
    points: bool
    lower: bool
    paired: str
    left_out: int
    whole: Row
    groups: list[Group]
    others: list[Row]
    ends: tuple[float, float]
    by: float
    needed_runs: int | None
    needed_items: int | None
    runs: list[Scored]
    came: int
    went: int
    without: tuple[int, int]


def found_of(told: Told) -> Found | None:
    """None where no runs of both sides were measured alike."""
    one = told["effect"]
    if one is None:
        return None
    by, needed = _by(one), told["needed"] or {"runs_a_side": None, "items": None}
    return Found(
        metric=one["metric"], evaluation=one["evaluation"], points=one["points"], lower=one["lower_is_better"],
        paired=one["paired_by"], left_out=one["items_left_out"], whole=_row("", "", one, by, None),
        groups=[_group(field, by) for field in told["fields"]],
        others=[_row(o["metric"], o["evaluation"], o, _by(o), None) for o in told["others"]],
        ends=_ends(told), by=by, needed_runs=needed["runs_a_side"], needed_items=needed["items"],
        runs=_runs(told, by), came=told["rows"]["came"], went=told["rows"]["went"],
        without=(told["runs_without_results"]["a"], told["runs_without_results"]["b"]),
    )  # fmt: skip


def _by(one: Told) -> float:
    return 100.0 if one["points"] else 1.0


def _ends(told: Told) -> tuple[float, float]:
    every = [told["effect"], *(one for field in told["fields"] for one in field["strata"][:STRATA])]
    return ends_of(x for one in every for x in (one["difference"], one["low"], one["high"]) if x is not None)


def _group(field: Told, by: float) -> Group:
    strata = field["strata"]
    return Group(
        field=field["field"], called=field["rows_call_it"],
        rows=[_row(one["value"], "", one, by, one["rows"]) for one in strata[:STRATA]],
        more=max(0, len(strata) - STRATA),
        elsewhere=[(one["value"], one["came"], one["went"]) for one in field["changed_elsewhere"]],
    )  # fmt: skip


def _row(name: str, note: str, one: Told, by: float, rows: Told | None) -> Row:
    shown = [x * by for x in (one["difference"], one["low"], one["high"]) if x is not None]
    decimals = 1 if by == 100.0 else decimals_for(max(map(abs, shown)))
    before, after = (plain(x * by, decimals) for x in one["means"])
    return Row(
        name=name, note=note, before=before, after=after, value=one["difference"], low=one["low"], high=one["high"],
        difference=signed(shown[0], decimals),
        interval=f"{signed(shown[1], decimals)} … {signed(shown[2], decimals)}" if len(shown) == 3 else "",
        p=one.get("p_corrected", one["p"]), items=one["items"], runs=one["runs"], reading=one["verdict"],
        came=rows["came"] if rows else None, went=rows["went"] if rows else None,
    )  # fmt: skip


def _runs(told: Told, by: float) -> list[Scored]:
    every = [one["score"] * by for side in ("a", "b") for one in told["runs"][side]]
    decimals = 1 if by == 100.0 else decimals_for(max(map(abs, every)))
    return [
        Scored(
            side=side, run=one["run"], seed=one["seed"], score=plain(one["score"] * by, decimals),
            operation=one["operation"],
        )
        for side in ("a", "b")
        for one in told["runs"][side][:RUNS]
    ]  # fmt: skip
