"""/d/NAME/effect: what models that learned from one version score beyond those that learned from another."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from pydantic import BaseModel

from assay.errors import UsageError
from assay.registry import Registry
from assay.registry.history.naming import spelled
from assay.registry.training.effects import Options
from assay.registry.version import Version
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.measuring import State, effect
from assay.web.pages.effect_values import Found, found_of
from assay.web.pages.runs import RunLine, line_of
from assay.web.routing import File, Page, Pages

pages = Pages()
RUNS: Final = 100
"""Runs on the page, the newest of the dataset."""
VERSIONS: Final = 60


class Learned(BaseModel):
    """A version and the runs that learned from it."""

    ref: str
    number: int
    time: str
    fingerprint: str
    runs: list[RunLine]


class EffectPage(Page):
    """All that the page shows. `a`, `b`: the versions that are compared, "" where fewer than two taught a model;
    `choices`: those that may be. `state`: whether the comparison is known or being made. `measured`: whether both
    sides have results."""

    name: str
    latest: str
    versions: list[Learned]
    without: int
    measured: bool
    state: State
    a: str
    b: str
    choices: list[str]
    metric: str
    evaluation: str
    by: str
    here: str
    csv: str
    found: Found | None


@pages.page("/d/{name}/effect", Permission.READ, "effect.html")
def effect_page(
    ask: Ask, name: str, a: str = "", b: str = "", metric: str = "", evaluation: str = "", by: str = ""
) -> EffectPage:
    """What runs on B score beyond those on A, by value of each field, beside the rows that changed there. Without A
    and B: the two newest versions that have runs with results."""
    registry = ask.registry
    head = registry.version(name)
    name = head.manifest.dataset
    options = Options(metric=metric or None, evaluation=evaluation or None, by=by or None)
    learned, without = _learned(registry, name)
    a, b = _chosen(registry, name, a, b, learned)
    words = [w for o, v in (("--metric", metric), ("--eval", evaluation), ("--by", by)) if v for w in (o, v)]
    state, told = _told(registry, name, a, b, options, words) if a and b else ("known", None)
    found = found_of(told) if told else None
    asked = {"a": a, "b": b, "metric": metric, "evaluation": evaluation, "by": by}
    query = urlencode({key: value for key, value in asked.items() if value})
    same = ["compare", f"{name}@{a}", f"{name}@{b}", *words] if a and b else ["runs", "list", name]
    return EffectPage(
        command=shlex.join(["assay", *same]), name=name, latest=head.manifest.ref, versions=learned, without=without,
        measured=found is not None, state=state, a=a, b=b,
        choices=list(dict.fromkeys([*(f"v{one.number}" for one in learned), *(one for one in (a, b) if one)])),
        metric=metric, evaluation=evaluation, by=by, found=found,
        here=f"/d/{name}/effect?{query}", csv=f"/d/{name}/effect.csv?{query}",
    )  # fmt: skip


@pages.file("/d/{name}/effect.csv", Permission.READ)
def effect_csv(
    ask: Ask, name: str, a: str, b: str, metric: str = "", evaluation: str = "", by: str = ""
) -> File:
    """The same figures as CSV: a row a value, the whole first."""
    registry = ask.registry
    name = registry.version(name).manifest.dataset
    options = Options(metric=metric or None, evaluation=evaluation or None, by=by or None)
    told = registry.effects.compare(spelled(name, a), spelled(name, b), options).as_json()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([
        "field", "value", "before", "after", "difference", "low", "high", "p", "p_corrected", "verdict", "items",
        "runs_a", "runs_b", "rows_came", "rows_went",
    ])  # fmt: skip
    if told["effect"] is not None:
        writer.writerow(_cells("", "", told["effect"], None, told["rows"]))
    for field in told["fields"]:
        for one in field["strata"]:
            writer.writerow(_cells(field["field"], one["value"], one, one["p_corrected"], one["rows"]))
    return File(out.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", f"{name}-effect.csv")


def _cells(
    field: str, value: str, one: Mapping[str, Any], corrected: float | None, rows: Mapping[str, Any] | None
) -> list[Any]:
    return [
        _harmless(field), _harmless(value), *one["means"], one["difference"], one["low"], one["high"], one["p"],
        corrected, one["verdict"], one["items"], *one["runs"],
        *((rows["came"], rows["went"]) if rows else (None, None)),
    ]  # fmt: skip


def _harmless(said: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + said if said[:1] in ("=", "+", "-", "@", "\t", "\r") else said


def _learned(registry: Registry, name: str) -> tuple[list[Learned], int]:
    """The versions with runs, newest first, and how many versions have none."""
    by_version: dict[int, list[RunLine]] = {}
    for one in registry.runs.list(name)[-RUNS:]:
        by_version.setdefault(one.version, []).append(line_of(registry, one))
    line = registry.store.versions()[name]
    found = [
        Learned(
            ref=f"{name}@v{number}", number=number, time=line[number - 1].operation.time,
            fingerprint=str(line[number - 1].operation.body.get("fingerprint", "")), runs=by_version[number],
        )
        for number in sorted(by_version, reverse=True)[:VERSIONS]
    ]  # fmt: skip
    return found, len(line) - len(by_version)


def _chosen(registry: Registry, name: str, a: str, b: str, learned: list[Learned]) -> tuple[str, str]:
    """The labels of the two versions: those asked for, else the two newest with results, else with runs."""
    if a and b:
        return _label(registry.version(spelled(name, a))), _label(registry.version(spelled(name, b)))
    scored = {one.at.version for one in registry.results.list(name)}
    numbers = sorted(one.number for one in learned)
    best = [n for n in numbers if n in scored][-2:]
    best = best if len(best) == 2 else numbers[-2:]
    return (f"v{best[0]}", f"v{best[1]}") if len(best) == 2 else ("", "")


def _label(version: Version) -> str:
    return version.name.partition("@")[2]


def _told(
    registry: Registry, name: str, a: str, b: str, options: Options, words: list[str]
) -> tuple[State, dict[str, Any] | None]:
    old, new = registry.version(spelled(name, a)), registry.version(spelled(name, b))
    try:
        return effect(registry, old, new, options, words)
    except UsageError:
        if words:
            raise
        return "known", None  # nobody asked for these two: that they have nothing in common is no mistake
