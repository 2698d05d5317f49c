"""How far the reviewers of a queue agree: in all, two by two, by tag and stratum, and with known answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from assay.govern.auto_review import EVERYTHING, Trust, stratum_of, trust
from assay.govern.review_values import ACCEPT, SKIP, Verdict
from assay.govern.reviews import Case, Judged, Reviews, visible
from assay.kernels.agreement_intervals import Estimate, coefficients, cohen, share_of

MOST_PAIRS = 45
"""Pairs of reviewers that are compared: those of ten people."""
_MOST_GROUPS = 40


@dataclass(frozen=True, slots=True)
class Pair:
    """Two reviewers: on how many examples both gave a verdict, how often the same one, and Cohen's kappa."""

    a: str
    b: str
    percent: Estimate
    kappa: Estimate

    def as_json(self) -> dict[str, Any]:
        return {
            "a": self.a,
            "b": self.b,
            "percent": self.percent.as_json(),
            "cohen_kappa": self.kappa.as_json(),
        }


@dataclass(frozen=True, slots=True)
class ReviewerFigures:
    """One reviewer. `with_people`: how often their verdict was another person's (a program's: said the same, fits or
    not, as people decided); `overruled`: how often an adjudication went against it; `gold`: how often it was right
    where the answer was known, None where that is not told."""

    actor: str
    auto: bool
    verdicts: Mapping[str, int]
    with_people: Estimate
    overruled: Estimate
    gold: Estimate | None

    def as_json(self) -> dict[str, Any]:
        return {
            "actor": self.actor, "auto": self.auto, "verdicts": dict(self.verdicts),
            "with_people": self.with_people.as_json(), "overruled": self.overruled.as_json(),
            "gold": None if self.gold is None else self.gold.as_json(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Agreement:
    """All figures of a queue. `overall`, `tags`, `strata`: coefficients by their names, over examples with two
    verdicts of people or more."""

    queue: str
    overall: Mapping[str, Estimate]
    pairs: Sequence[Pair]
    reviewers: Sequence[ReviewerFigures]
    tags: Mapping[str, Mapping[str, Estimate]]
    strata: Mapping[str, Mapping[str, Estimate]]
    auto: Sequence[Trust]

    def as_json(self) -> dict[str, Any]:
        return {
            "queue": self.queue,
            "overall": _spelled(self.overall),
            "pairs": [one.as_json() for one in self.pairs],
            "reviewers": [one.as_json() for one in self.reviewers],
            "tags": {name: _spelled(found) for name, found in self.tags.items()},
            "strata": {name: _spelled(found) for name, found in self.strata.items()},
            "auto": [one.as_json() for one in self.auto],
        }


def agreement(found: Reviews, judged: Judged, viewer: str, *, gold: bool = True) -> Agreement:
    """The figures of a queue as it stands, from what `viewer` may see. Without `gold`, accuracy on known answers is not
    told."""
    cases = {id_: case for id_, case in sorted(judged.cases.items()) if len(case.given) > 1}
    queue = judged.queue
    by_stratum = _groups(cases, lambda id_, _: [] if queue.by is None else [stratum_of(queue, id_) or "–"])
    by_tag = _groups(
        cases, lambda _, case: sorted({f"{k}={v}" for one in case.given for k, v in one.tags.items()})
    )
    return Agreement(
        queue.name,
        coefficients([_labels(case) for case in cases.values()]),
        _pairs(cases.values()),
        [_figures(found, judged, actor, viewer, gold) for actor in judged.reviewers()],
        {name: coefficients(items) for name, items in by_tag.items()},
        {name: coefficients(items) for name, items in by_stratum.items()},
        trust(found, queue) if queue.auto else [],
    )


def _labels(case: Case) -> list[str]:
    return [one.verdict for one in case.given]


def _groups(
    cases: Mapping[bytes, Case], names: Callable[[bytes, Case], Sequence[str]]
) -> dict[str, list[list[str]]]:
    """Labels of the cases by each of their names; the largest groups, the largest first."""
    out: dict[str, list[list[str]]] = {}
    for id_, case in cases.items():
        for name in names(id_, case):
            if name != EVERYTHING:
                out.setdefault(name, []).append(_labels(case))
    largest = sorted(out.items(), key=lambda one: (-len(one[1]), one[0]))
    return dict(largest[:_MOST_GROUPS])


def _pairs(cases: Any) -> list[Pair]:
    said = [{one.actor: one.verdict for one in case.given} for case in cases]
    people = sorted({actor for one in said for actor in one})
    out = []
    for a, b in list(combinations(people, 2))[:MOST_PAIRS]:
        both = [(one[a], one[b]) for one in said if a in one and b in one]
        if both:
            first, second = zip(*both, strict=True)
            same = share_of(sum(x == y for x, y in both), len(both))
            out.append(Pair(a, b, same, cohen(first, second)))
    return out


def _figures(found: Reviews, judged: Judged, actor: str, viewer: str, gold: bool) -> ReviewerFigures:
    auto = actor in judged.queue.auto
    verdicts: dict[str, int] = {}
    same = compared = against = adjudicated = right = known = 0
    for id_, case in judged.cases.items():
        own = (case.suggestions if auto else case.verdicts).get(actor)
        if own is None or own not in visible(judged, id_, viewer):
            continue
        verdicts[own.verdict] = verdicts.get(own.verdict, 0) + 1
        if own.verdict == SKIP:
            continue
        others = [one for one in case.given if one.actor != actor]
        if auto:
            decision = case.decision(judged.queue.reviewers)
            others = [] if decision is None else [decision]
        same += sum(one.fits == own.fits if auto else one.verdict == own.verdict for one in others)
        compared += len(others)
        if case.adjudicated is not None:
            adjudicated += 1
            against += not case.adjudicated.agrees(own)
        if id_ in judged.queue.gold and not _answered(found, judged, id_, actor):
            known += 1
            right += own.fits == (judged.queue.gold[id_] == ACCEPT)
    told = share_of(right, known) if gold and judged.queue.gold else None
    return ReviewerFigures(
        actor, auto, verdicts, share_of(same, compared), share_of(against, adjudicated), told
    )


def _answered(found: Reviews, judged: Judged, id: bytes, actor: str) -> bool:
    """Whether the answer that is known came from the reviewer's own verdict in another queue."""
    for other in found.of(judged.queue.dataset):
        case = other.cases.get(id)
        if other.queue.name != judged.queue.name and case is not None and _took_part(case, actor):
            return True
    return False


def _took_part(case: Case, actor: str) -> bool:
    said: list[Verdict] = [*case.given, *([case.adjudicated] if case.adjudicated else [])]
    return any(one.actor == actor for one in said)


def _spelled(found: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: one.as_json() for name, one in found.items()}
