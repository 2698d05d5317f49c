"""The signs of model collapse: for each, why it matters, what to do, and when a change is a warning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from assay.measure.collapse import (
    NEEDED,
    Composition,
    Text,
    fall_of_distinct,
    fall_of_openings,
    loss_of_rare,
    rise_of_alike,
)
from assay.measure.exchange import Change
from assay.measure.shares import percent

Verdict = Literal["healthy", "warning", "not_enough"]

BEYOND: Final = 2.81
"""Standard errors of a difference that chance passes as rarely as it beats all deals of `exchange`: 0.25 %."""
GAINED: Final = 0.1
"""A share of synthetic examples that rose by this much replaces what went."""


@dataclass(frozen=True, slots=True)
class Check:
    """One sign. `versions`: what was held against what; `change` None where there was nothing to compare.

    `healthy` says what is; `shown` is the change in words.
    """

    name: str
    title: str
    verdict: Verdict
    change: Change | None
    versions: tuple[str, ...]
    healthy: str
    shown: str
    why: str
    advice: str

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "title": self.title, "verdict": self.verdict, "versions": list(self.versions),
            **(self.change.as_json() if self.change and _sound(self.change) else {}),
            "healthy": self.healthy, "shown": self.shown, "why": self.why, "advice": self.advice,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of collapse: a warning from a change for the worse of `limit`, if it is beyond chance as well."""

    name: str
    title: str
    limit: float
    healthy: str
    why: str
    advice: str

    def check(self, found: Change, versions: tuple[str, ...], shown: str, heeded: bool = True) -> Check:
        """`heeded` False: for a reason of its own the change is no warning."""
        return self._made(self._verdict(found, heeded), found, versions, shown)

    def missing(self, what: str) -> Check:
        """No verdict, because of `what`."""
        return self._made("not_enough", None, (), what)

    def _verdict(self, found: Change, heeded: bool) -> Verdict:
        if not _sound(found):
            return "not_enough"
        if found.moved >= self.limit and found.moved > found.chance:
            return "warning" if heeded else "healthy"
        # Where chance alone moves a figure past the limit, a figure within it says nothing.
        return "not_enough" if found.chance > self.limit else "healthy"

    def _made(self, verdict: Verdict, found: Change | None, versions: tuple[str, ...], shown: str) -> Check:
        return Check(
            self.name, self.title, verdict, found, versions, self.healthy, shown, self.why, self.advice
        )


DEPTH = Sign(
    "depth", "Synthetic depth", 0.5, "below 0.5",
    "Every model between people and a row passes on what it finds likely, and its own mistakes.",
    "Add fresh data of people, generate from originals instead of from outputs, and let a policy hold the line: "
    "synthetic_depth.",
)  # fmt: skip
ORIGINALS = Sign(
    "originals", "Originals that stay", 0.5, "half of them stay, or what comes instead is not synthetic",
    "Where synthetic rows replace the originals, errors add up from one generation to the next; where they join them, "
    "the error stays bounded.",
    "Accumulate: bring the originals back (`curate --add`, `merge`, `rollback`) and add what is synthetic beside them.",
)  # fmt: skip
DIVERSITY = Sign(
    "diversity", "Diversity of word pairs", 0.1, "below 10 %",
    "A model learns the spread of what it is shown; it cannot give back what a narrow set does not hold.",
    "Add data of people on what is thin, use more generators and prompts, raise the temperature, run near_dedup.",
)  # fmt: skip
TAIL = Sign(
    "tail", "Rare words kept", 0.25, "below 25 %",
    "Collapse begins in the tails: what is rare goes first, while averages still look well.",
    "Keep the originals, and generate from rare examples on purpose (weights, quotas by topic).",
)  # fmt: skip
OPENINGS = Sign(
    "openings", "Ways to begin", 0.25, "below 25 %",
    "A generator that falls into one opening has fallen into one style, and the next model copies it.",
    "Vary the prompts, use a second generator, or filter the commonest openings (`stats` lists them).",
)  # fmt: skip
ALIKE = Sign(
    "alike", "Likeness of two outputs", 0.02, "below 2 points",
    "Outputs that repeat each other teach one answer for many questions.",
    "Run near_dedup with a lower threshold (`sweep` shows what it takes), or repeated_answer.",
)  # fmt: skip
SYNTHETIC = Sign(
    "synthetic", "Synthetic rows alone", DIVERSITY.limit, DIVERSITY.healthy,
    "A generation that is narrower than the one before it is how collapse goes on; all rows together may hide it.",
    "Generate anew from originals, with other prompts or another generator; `radius --generator` finds the rows.",
)  # fmt: skip
AGAINST = Sign(
    "against_originals", "Synthetic beside originals", 0.25, "below 25 %",
    "The narrower the synthetic rows are beside what people wrote, the more they pull a model to the middle.",
    "Lower their share (synthetic_share), or add variety to the prompts that they came from.",
)  # fmt: skip
GROUP: Final = "group"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the checks know of a version: its name, what it is made of, and texts that were drawn, by id.

    `originals` are all rows that do not say that a model wrote them; `stated`: some row says who wrote it.
    """

    name: str
    composition: Composition
    all: Sequence[Text]
    originals: Sequence[Text]
    synthetic: Sequence[Text]
    stated: bool


@dataclass(frozen=True, slots=True)
class Stayed:
    """What of the first version the newest one still holds: `originals` of `of`, and of its draw the `ids`."""

    originals: int
    of: int
    ids: frozenset[bytes]


def checks(versions: Sequence[Seen], stayed: Stayed) -> tuple[Check, ...]:
    """Every sign, the newest of the versions held against the first; no verdict where rows are too few."""
    first, last = versions[0], versions[-1]
    both = (first.name, last.name)
    poor = next((one.name for one in (last, first) if len(one.all) < NEEDED), None)
    if poor or len(versions) < 2:
        few = f"{poor} has fewer than {NEEDED} rows" if poor else "no version before it to compare"
        apart = [sign.missing(few) for sign in (DEPTH, ORIGINALS, DIVERSITY, TAIL, OPENINGS, ALIKE)]
    else:
        apart = [
            _depth(first, last), _originals(first, last, stayed),
            _share(DIVERSITY, fall_of_distinct(first.all, last.all), both, "distinct-2"),
            _tail(loss_of_rare(first.all, last.all, stayed.ids), both),
            _share(OPENINGS, fall_of_openings(first.all, last.all), both, "openings", 0),
            _alike(rise_of_alike(first.all, last.all), both),
        ]  # fmt: skip
    return (*apart, _synthetic(versions), _against(last))


def worst(found: Sequence[Check]) -> Verdict:
    """A warning where any check warns; not enough where none could tell."""
    said = {one.verdict for one in found}
    return "warning" if "warning" in said else "healthy" if "healthy" in said else "not_enough"


def group_check(value: str, draws: Sequence[tuple[str, Sequence[Text]]]) -> Check:
    """Diversity of the rows with one value: (version, draw) in order; the last against the first that has enough."""
    sign = Sign(
        f"{GROUP}:{value}", value, DIVERSITY.limit, DIVERSITY.healthy, SYNTHETIC.why, DIVERSITY.advice
    )  # fmt: skip
    return _since(sign, draws)


def _since(sign: Sign, draws: Sequence[tuple[str, Sequence[Text]]]) -> Check:
    enough = [(name, draw) for name, draw in draws if len(draw) >= NEEDED]
    if len(draws[-1][1]) < NEEDED:
        return sign.missing(f"fewer than {NEEDED} such rows in {draws[-1][0]}")
    if len(enough) < 2:
        return sign.missing(f"only {draws[-1][0]} has {NEEDED} such rows")
    (first, before), (last, after) = enough[0], enough[-1]
    return _share(sign, fall_of_distinct(before, after), (first, last), "distinct-2")


def _synthetic(versions: Sequence[Seen]) -> Check:
    return _since(SYNTHETIC, [(one.name, one.synthetic) for one in versions])


def _against(last: Seen) -> Check:
    if min(len(last.originals), len(last.synthetic)) < NEEDED:
        return AGAINST.missing(f"{last.name} has not {NEEDED} rows of both")
    found = fall_of_distinct(last.originals, last.synthetic)
    return _share(AGAINST, found, (last.name,), "distinct-2")


def _depth(first: Seen, last: Seen) -> Check:
    if not last.stated:
        return DEPTH.missing("no row says who wrote it")
    a, b = first.composition, last.composition
    error = math.hypot(a.depth_error, b.depth_error)
    moved = b.mean_depth - a.mean_depth
    found = Change(a.mean_depth, b.mean_depth, moved, BEYOND * error, min(a.examples, b.examples))
    return DEPTH.check(found, (first.name, last.name), f"mean {a.mean_depth:.2f} → {b.mean_depth:.2f}")


def _originals(first: Seen, last: Seen, stayed: Stayed) -> Check:
    if not last.stated:
        return ORIGINALS.missing("no row says who wrote it")
    if stayed.of < NEEDED:
        return ORIGINALS.missing(f"{first.name} has fewer than {NEEDED} originals")
    a, b = first.composition, last.composition
    error = math.hypot(*(_share_error(one.synthetic_share, one.examples) for one in (a, b)))
    gained = b.synthetic_share - a.synthetic_share
    gone = 1.0 - stayed.originals / stayed.of
    shown = f"{percent(stayed.originals, stayed.of)} of {stayed.of:,} stay"
    found = Change(float(stayed.of), float(stayed.originals), gone, 0.0, stayed.of)
    return ORIGINALS.check(
        found, (first.name, last.name), shown, heeded=gained >= GAINED and gained > BEYOND * error
    )


def _share_error(share: float, rows: int) -> float:
    return math.sqrt(share * (1.0 - share) / rows) if rows else math.inf


def _share(sign: Sign, found: Change, versions: tuple[str, ...], what: str, digits: int = 3) -> Check:
    if not _sound(found):
        return sign.check(found, versions, "the outputs are too short to tell")
    said = f"{what} {found.before:,.{digits}f} → {found.after:,.{digits}f}"
    return sign.check(found, versions, said)


def _tail(found: Change, versions: tuple[str, ...]) -> Check:
    if not _sound(found):
        return TAIL.check(found, versions, "there are no rare words to look for")
    usual = "" if found.before == 1.0 else f", by chance {percent(found.before)}"
    return TAIL.check(found, versions, f"{percent(found.after)} kept{usual}")


def _alike(found: Change, versions: tuple[str, ...]) -> Check:
    return ALIKE.check(found, versions, f"{percent(found.before)} → {percent(found.after)}")


def _sound(found: Change) -> bool:
    return math.isfinite(found.moved) and math.isfinite(found.chance)
