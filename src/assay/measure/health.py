"""Verdicts on a profile: what is healthy, what to watch, what is a warning; why it matters and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from assay.measure.forms import OVERFIT
from assay.measure.profile import Profile
from assay.measure.shares import percent

Verdict = Literal["healthy", "watch", "warning", "unknown"]
DEDUP_STAGES: Final = ("identical", "exact_dedup", "near_dedup")

SPREAD = (20.0, 50.0)
MEDIAN_HEALTHY, MEDIAN_LIMITS = (50, 300), (20, 800)
IMBALANCE = (10.0, 50.0)
LOW_SCORES = (0.05, 0.20)
DEDUP_HEALTHY, DEDUP_LIMIT = (0.05, 0.30), 0.60
SMALL, LARGE = 1_000, 500_000
ALIKE = (0.10, 0.30)


@dataclass(frozen=True, slots=True)
class Curated:
    """What is known of how the rows were chosen.

    `entered` records could be read, of which each of `DEDUP_STAGES` that ran rejected so many. `filtered`:
    whether any stage could reject, as opposed to an import that takes everything.
    """

    entered: int
    duplicates: Mapping[str, int]
    filtered: bool

    @property
    def dedup_rate(self) -> float | None:
        """The share of the readable records that a stage found to be duplicates; None when nothing was read."""
        return sum(self.duplicates.values()) / self.entered if self.entered else None


@dataclass(frozen=True, slots=True)
class Health:
    """One check. `value` is the bare number, `shown` how to say it; `range` says what is healthy.

    `unknown` is the verdict when there is no data to judge by; `shown` then says what is missing.
    """

    name: str
    title: str
    value: float | None
    shown: str
    range: str
    verdict: Verdict
    why: str
    advice: str

    def as_json(self) -> dict[str, Any]:
        value = None if self.value is None else round(self.value, 6)
        return {
            "name": self.name, "verdict": self.verdict, "value": value, "shown": self.shown,
            "healthy": self.range, "why": self.why, "advice": self.advice,
        }  # fmt: skip


def health(profile: Profile, curated: Curated | None) -> tuple[Health, ...]:
    """The checks in the order in which they are shown; `curated` None: nothing is known of the curation."""
    return (
        _size(profile, curated), _spread(profile), _median(profile), _imbalance(profile), _low_scores(profile),
        _duplicates(curated), _form(profile), _style(profile),
    )  # fmt: skip


def worst(checks: Sequence[Health]) -> Verdict:
    """The worst verdict of all; what is unknown counts only when everything is."""
    order: tuple[Verdict, ...] = ("warning", "watch", "healthy")
    return next((verdict for verdict in order if any(c.verdict == verdict for c in checks)), "unknown")


def _rising(value: float, limits: tuple[float, float]) -> Verdict:
    """Healthy below the first limit, a warning above the second."""
    return "healthy" if value < limits[0] else "warning" if value > limits[1] else "watch"


def _check(name: str, title: str, range: str, why: str, advice: str) -> Callable[..., Health]:
    def made(value: float | None, shown: str, verdict: Verdict = "unknown") -> Health:
        return Health(name, title, value, shown, range, verdict, why, advice)

    return made


def _size(profile: Profile, curated: Curated | None) -> Health:
    made = _check(
        "size", "Number of examples", "from 1,000; above 500,000 only when curated",
        "Below a thousand, single examples decide what the model learns. Half a million rows that nobody "
        "filtered teach their noise as well.",
        "Add examples, or plan a narrow task and a strong base model; curate a large set before training on it.",
    )  # fmt: skip
    rows = profile.rows
    raw = rows > LARGE and not (curated is not None and curated.filtered)
    shown = f"{rows:,}" + (", not curated" if raw else "")
    return made(float(rows), shown, "warning" if rows < SMALL or raw else "healthy")


def _spread(profile: Profile) -> Health:
    made = _check(
        "length_spread", "Spread of lengths, P90 over P10", "below 20 ×",
        "When lengths differ this much, batches are mostly padding, and the few long rows give most of the loss.",
        "Look at the longest and the shortest rows; set bounds with the length stage, or split the set by task.",
    )  # fmt: skip
    if profile.length is None:
        return made(None, "no rows")
    return made(
        profile.length.spread, f"{profile.length.spread:,.1f} ×", _rising(profile.length.spread, SPREAD)
    )


def _median(profile: Profile) -> Health:
    made = _check(
        "output_median", "Median length of outputs", "50 to 300 units",
        "The model learns how long an answer is. Under 20 units it learns to be curt, above 800 to ramble.",
        "Check whether the task wants this length; otherwise filter by output length, or add answers of the "
        "length you want.",
    )  # fmt: skip
    if profile.output is None:
        return made(None, "outputs are labels" if profile.labelled else "no rows")
    median = profile.output.p50
    low, high = MEDIAN_LIMITS
    fine = MEDIAN_HEALTHY[0] <= median <= MEDIAN_HEALTHY[1]
    verdict: Verdict = "healthy" if fine else "warning" if median < low or median > high else "watch"
    return made(float(median), f"{median:,} units", verdict)


def _imbalance(profile: Profile) -> Health:
    made = _check(
        "imbalance", "Balance of topics, largest over smallest", "below 10 ×",
        "A model answers well what it saw often and guesses the rest; rare topics get the style of frequent ones.",
        "Collect or write more for the small topics, or cap the large ones; `assay stats REF --by FIELD` counts "
        "another field.",
    )  # fmt: skip
    found = profile.balance
    if profile.topics and not any(one.stated for one in profile.topics):
        return made(None, f"no row states {profile.topics[0].field}")
    if found is None or found.imbalance is None:
        if any(one.distinct is None for one in profile.topics):
            return made(None, "the field has too many values")
        return made(None, "no topic field" if not profile.topics else "only one topic")
    return made(
        found.imbalance, f"{found.imbalance:,.1f} × by {found.field}", _rising(found.imbalance, IMBALANCE)
    )


def _low_scores(profile: Profile) -> Health:
    made = _check(
        "low_scores", "Share of scores below 3.0", "below 5 %",
        "Poor examples teach poor answers, and a few of them undo many good ones.",
        "Leave out rows below a score, or have them rewritten; look at some first to see whether the score is right.",
    )  # fmt: skip
    scores = profile.scores
    if scores is None:
        return made(None, "no field score or quality")
    if not scores.five_point:
        return made(None, f"scores reach {scores.most:g}: not on a scale of 1 to 5")
    share = scores.low / scores.count
    return made(share, percent(share), _rising(share, LOW_SCORES))


def _duplicates(curated: Curated | None) -> Health:
    made = _check(
        "dedup_rate", "Records rejected as duplicates", "5 to 30 %",
        "Above 60 % the source says the same thing again and again; near nothing often means that duplicates "
        "were not looked for.",
        "Look at the funnel: which source repeats itself, and is the threshold of near_dedup right? "
        "`assay why` shows single cases.",
    )  # fmt: skip
    rate = curated.dedup_rate if curated is not None else None
    if rate is None or curated is None:
        return made(None, "not made by a curation")
    low, high = DEDUP_HEALTHY
    if set(curated.duplicates) <= {"identical"} and rate <= DEDUP_LIMIT:
        return made(None, "no deduplication ran")
    verdict: Verdict = "healthy" if low <= rate <= high else "warning" if rate > DEDUP_LIMIT else "watch"
    return made(rate, percent(rate), verdict)


def _form(profile: Profile) -> Health:
    made = _check(
        "one_form", "Outputs that share one form", "at most 80 %",
        "When nearly all answers are lists (or code, or JSON), a model gives that form to every question.",
        "Add answers in other forms, or keep it if the task always wants this one.",
    )  # fmt: skip
    if not profile.forms.outputs:
        return made(None, "no rows")
    name, share = profile.forms.largest
    shown = f"{percent(share)} {name}" if name else "all plain prose"
    return made(share, shown, "watch" if share > OVERFIT else "healthy")


def _style(profile: Profile) -> Health:
    made = _check(
        "style_collapse", "Outputs of one generator that begin alike", "below 10 %",
        "A generator that falls into one opening has fallen into one style; a model trained on it copies it.",
        "Vary the prompts, raise the temperature, use a second generator, or filter the commonest opening.",
    )  # fmt: skip
    judged = [one for one in profile.generators if one.compared >= 20]
    if not judged:
        return made(None, _without_generators(profile))
    top = max(judged, key=lambda one: (one.opening_share, one.name))
    return made(
        top.opening_share, f"{percent(top.opening_share)} of {top.name}", _rising(top.opening_share, ALIKE)
    )


def _without_generators(profile: Profile) -> str:
    if profile.generators:
        return "no generator wrote 20 rows"
    return "too many generators" if profile.synthetic else "no synthetic rows"
