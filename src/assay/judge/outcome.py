"""What the answers to the draws of one judge come to: scores, evidence, and what they took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import fsum
from typing import Any, Final

from assay.judge.judgement import SCORED
from assay.judge.rubric import Rubric
from assay.judge.verdict import weighted_mean
from assay.llm.answers import Answer, NoAnswer
from assay.llm.client import Response
from assay.llm.prices import Price

FOLLOWED: Final = "swapped the order and the verdict followed the place"
DISAGREED: Final = "swapped the order and a winner became a tie"

_CHOSEN_FIRST: Final = {"first": 1.0, "second": 0.0, "tie": 0.5}
_REJECTED_FIRST: Final = {"first": 0.0, "second": 1.0, "tie": 0.5}


@dataclass(frozen=True, slots=True)
class Draw:
    """The answers of one draw: one, or of a pair those to both orders, the chosen answer first in the first."""

    answers: tuple[Answer[Any] | NoAnswer, ...]

    @property
    def failed(self) -> NoAnswer | None:
        """Why there is no verdict."""
        return next((one for one in self.answers if isinstance(one, NoAnswer)), None)

    @property
    def told(self) -> list[dict[str, Any]]:
        """The verdicts."""
        return [one.value.told() for one in self.answers if isinstance(one, Answer)]


def judgement_of(rubric: Rubric, draws: Sequence[Draw], price: Price | None) -> dict[str, Any]:
    """The fields of a `Judgement` that follow from answers.

    It is scored when more than half of the draws came to a verdict, and its scores are means over these; otherwise the
    outcome is the commonest reason.
    """
    good = [draw for draw in draws if draw.failed is None]
    faults = [draw.failed for draw in draws if draw.failed is not None]
    if 2 * len(good) <= len(draws):
        counts = Counter(fault.code for fault in faults)
        code = min(counts, key=lambda name: (-counts[name], name))
        detail = next(fault.message for fault in faults if fault.code == code)
        told: dict[str, Any] = {"outcome": code, "detail": detail}
    else:
        told = _pairs(good) if rubric.mode == "pairs" else _scores(rubric, good)
        if faults:
            told["detail"].append(f"{len(faults)} of {len(draws)} draws came to no verdict")
        told = {"outcome": SCORED, **told, "detail": "; ".join(told["detail"])}
    return told | _evidence(draws, price)


def _scores(rubric: Rubric, draws: Sequence[Draw]) -> dict[str, Any]:
    verdicts = [draw.told[0] for draw in draws]
    for verdict in verdicts:
        verdict["weighted"] = weighted_mean(rubric, verdict)
        verdict.setdefault("overall", verdict["weighted"])
    names = (*rubric.dimensions, "overall", "weighted", *(("difficulty",) if rubric.difficulty else ()))
    # `exclude` decides; a reason that does not fit it is not worth a second call.
    out = [verdict["exclude_reason"] for verdict in verdicts if verdict.get("exclude")]
    exclude = None if rubric.exclude is None else 2 * len(out) > len(verdicts)
    return {
        "scores": {name: _mean([verdict[name] for verdict in verdicts]) for name in names},
        "exclude": exclude,
        "reasoning": "\n\n".join(verdict["reasoning"] for verdict in verdicts),
        "detail": [f"exclude: {', '.join(sorted(set(out)))}"] if exclude else [],
    }


def _pairs(draws: Sequence[Draw]) -> dict[str, Any]:
    preferences, notes, reasons = [], [], []
    for draw in draws:
        one, other = draw.told
        wins = _CHOSEN_FIRST[one["better"]], _REJECTED_FIRST[other["better"]]
        preferences.append(wins[0] if wins[0] == wins[1] else 0.5)
        if wins[0] != wins[1]:
            notes.append(DISAGREED if 0.5 in wins else FOLLOWED)
        reasons += [
            f"Chosen answer first: {one['reasoning']}",
            f"Rejected answer first: {other['reasoning']}",
        ]
    return {
        "scores": {"preference": _mean(preferences)},
        "reasoning": "\n\n".join(reasons),
        "detail": sorted(set(notes)),
    }


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)


def _evidence(draws: Sequence[Draw], price: Price | None) -> dict[str, Any]:
    """What came, and what it took at list prices, whoever paid for it and when; None where that is not known."""
    answers = [answer for draw in draws for answer in draw.answers]
    responses: list[Response] = [response for answer in answers for response in answer.responses]
    lost = any(
        one.failure is not None and one.failure.perhaps_paid for one in answers if isinstance(one, NoAnswer)
    )
    read = None if lost else _total([one.input_tokens for one in responses])
    written = None if lost else _total([one.output_tokens for one in responses])
    cost = None
    if price is not None and read is not None and written is not None:
        tokens = [(one.input_tokens or 0, one.output_tokens or 0) for one in responses]
        cost = sum((price.cost(*pair) for pair in tokens), Decimal(0))
    last = responses[-1] if responses else None
    return {
        "raw": tuple(one.text for one in responses),
        "answered_by": None if last is None else last.model,
        "request_ids": tuple(one.request_id for one in responses if one.request_id is not None),
        "input_tokens": read,
        "output_tokens": written,
        "price": cost,
        "created": None if last is None else last.created,
        "mended": any(isinstance(one, Answer) and one.mended for one in answers),
    }


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
