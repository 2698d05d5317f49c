"""Pictures of agreement, and of a gold set's coverage."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, spaced, title
from assay.cli.render.review import status
from assay.cli.render.text import clip, plural

if TYPE_CHECKING:
    from assay.govern.review_agreement import Agreement
    from assay.kernels.agreement_intervals import Estimate
    from assay.registry.review.gold import GoldStatus

_NAMES = {
    "percent": "same verdict", "fleiss_kappa": "Fleiss' kappa", "krippendorff_alpha": "Krippendorff's alpha",
    "gwet_ac1": "Gwet's AC1",
}  # fmt: skip
_SHOWN = 12


def agreement(found: Agreement) -> RenderableType:
    """All figures of a queue, each with its 95 % interval and the examples that it is from."""
    both = found.overall["percent"].n
    head = title(found.queue, f"{plural(both, 'example')} judged by two people or more; 95 % intervals")
    overall = columns("", "value", "interval", "", right=("value",), grow="")
    for name, estimate in found.overall.items():
        shares = name == "percent"
        overall.add_row(Text(_NAMES[name]), _value(estimate, shares), _interval(estimate, shares), "")
    parts = [Padding(overall, (0, 0, 0, 2))] if both else []
    return spaced(
        head,
        *parts,
        _pairs(found),
        _reviewers(found),
        _groups("tag", found.tags),
        _groups("stratum", found.strata),
    )


def _pairs(found: Agreement) -> RenderableType | None:
    if not found.pairs:
        return None
    table = columns("two by two", "", "both", "same verdict", "Cohen's kappa", "interval",
                    right=("both", "same verdict", "Cohen's kappa"), grow="interval")  # fmt: skip
    for one in found.pairs[:_SHOWN]:
        table.add_row(
            Text(clip(one.a, 16), "bold"), Text(clip(one.b, 16), "bold"), f"{one.percent.n:,}",
            _value(one.percent, True), _value(one.kappa), _interval(one.kappa),
        )  # fmt: skip
    return Padding(table, (0, 0, 0, 2))


def _reviewers(found: Agreement) -> RenderableType | None:
    if not found.reviewers:
        return None
    told = any(one.gold is not None for one in found.reviewers)
    table = columns("reviewer", "judged", "with people", "", "overruled", *(["gold", " "] if told else []),
                    right=("judged", "with people", "overruled", "gold"), grow=" " if told else None)  # fmt: skip
    for one in found.reviewers:
        judged = sum(count for verdict, count in one.verdicts.items() if verdict != "skip")
        gold: list[RenderableType] = (
            [] if one.gold is None else [_value(one.gold, True), _interval(one.gold, True)]
        )
        table.add_row(
            Text(clip(one.actor, 18) + (" (program)" if one.auto else ""), "bold"), f"{judged:,}",
            _value(one.with_people, True), _interval(one.with_people, True),
            f"{round(one.overruled.value * one.overruled.n):,} of {one.overruled.n:,}" if one.overruled.n else "–",
            *(gold or (["–", ""] if told else [])),
        )  # fmt: skip
    return Padding(table, (0, 0, 0, 2))


def _groups(noun: str, found: Mapping[str, Mapping[str, Estimate]]) -> RenderableType | None:
    if not found:
        return None
    table = columns(noun, "both", "same verdict", "interval ", "AC1", "interval", grow="interval",
                    right=("both", "same verdict", "AC1"))  # fmt: skip
    for name, one in list(found.items())[:_SHOWN]:
        percent, ac1 = one["percent"], one["gwet_ac1"]
        table.add_row(
            Text(clip(name, 24)), f"{percent.n:,}", _value(percent, True), _interval(percent, True), _value(ac1),
            _interval(ac1),
        )  # fmt: skip
    more = len(found) - _SHOWN
    rest = [Text(f"  … {more:,} more; all of them with --json", "dim")] if more > 0 else []
    return Group(Padding(table, (0, 0, 0, 2)), *rest)


def gold(found: GoldStatus, command: Callable[..., str]) -> RenderableType:
    """A gold set: where its queue stands, how much of each stratum is covered, and how far people agree."""
    table = columns("stratum", "drawn", "decided", "fit", "", right=("drawn", "decided", "fit"), grow="")
    for name, (drawn, decided, fit) in list(found.coverage.items())[:_SHOWN]:
        bar = Text("█" * round(16 * decided / drawn), "green").append(
            "░" * (16 - round(16 * decided / drawn)), "dim"
        )
        table.add_row(Text(clip(name, 30)), f"{drawn:,}", f"{decided:,}", f"{fit:,}", bar)
    more = len(found.coverage) - _SHOWN
    rest = [Text(f"  … {more:,} more strata; all of them with --json", "dim")] if more > 0 else []
    frozen = None
    if found.frozen is not None:
        frozen = Text.assemble(("✓ frozen", "bold green"), f" with {plural(found.frozen, 'item')}")
    overall = found.agreement.overall["percent"]
    figures = agreement(found.agreement) if overall.n else None
    return spaced(status(found.status, command), Group(Padding(table, (0, 0, 0, 2)), *rest), figures, frozen)


def _value(one: Estimate, share: bool = False) -> Text:
    if math.isnan(one.value):
        return Text("–", "dim")
    return Text(f"{100 * one.value:.0f} %" if share else f"{one.value:.2f}", "bold")


def _interval(one: Estimate, share: bool = False) -> Text:
    if math.isnan(one.low):
        return Text("", "dim")
    ends = f"{100 * one.low:.0f}–{100 * one.high:.0f} %" if share else f"{one.low:.2f} … {one.high:.2f}"
    return Text(ends, "dim")
