"""Rounds: exactly what is lacking is asked for, and what a later round displaces is asked for anew."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assay.generate.asking import Call, Made
from assay.generate.drawing import Draws
from assay.generate.planning import Candidate, Plan
from assay.generate.quotas import quotas
from assay.generate.rounds import KEPT, UNANSWERED, Fate, run_rounds
from assay.generate.template import Template
from assay.llm.client import Failure

NOTHING = Call("m", None, None, None, None, None, 0)
PLAN = Plan(
    Template.of({"id": "t", "user": "{{a}}{{b}}", "variables": {"a": {}, "b": {}}}),
    quotas(60, {"a": {"x": 1, "y": 2}, "b": {"退": 3, "货": 1}}),
    ("lab/m",),
    0,
)


def answered(candidate: Candidate) -> Made:
    return Made(candidate, {"output": "text"}, NOTHING)


def failed(candidate: Candidate, kind: Any = "server") -> Made:
    return Made(candidate, None, NOTHING, "failed", "no", Failure(kind, "no"))


def name(made: Made) -> tuple[Any, ...]:
    return (made.candidate.cell, made.candidate.number)


@given(st.integers(0, 10_000), st.floats(0, 0.7))
def test_quotas_are_met_exactly_and_nothing_is_asked_twice(seed: int, lost: float) -> None:
    asked: list[tuple[Any, ...]] = []
    lacking: list[int] = []

    def fate(made: Made) -> Fate:
        if made.answer is None:
            return Fate(UNANSWERED, made.code or "")
        # Some are lost at once; and some of those that were kept are lost once there are more than 70.
        draws = Draws(seed, *map(str, name(made)))
        late = len(asked) > 70 and draws.share("late") < 0.1
        return Fate("near_dedup", "near_duplicate") if draws.share() < lost or late else Fate(KEPT)

    def ask(number: int, candidates: Any) -> list[Made]:
        lacking.append(len(candidates))
        made = [
            failed(one, "bad_request") if Draws(seed, "f", str(one.cell), one.number).share() < 0.05 else answered(one)
            for one in candidates
        ]  # fmt: skip
        asked.extend(map(name, made))
        return made

    outcome = run_rounds(PLAN, ask, lambda entries: [fate(one.made) for one in entries], 1_000)
    assert outcome.end == "met" and outcome.kept == PLAN.quotas.counts
    assert len(set(asked)) == len(asked) == len(outcome.entries)
    numbers: dict[Any, list[int]] = {}
    for cell, number in asked:
        numbers.setdefault(cell, []).append(number)
    assert all(found == list(range(len(found))) for found in numbers.values())
    before = 0
    for one, wanted in zip(outcome.rounds, lacking, strict=True):
        assert wanted == one.asked == 60 - before == one.kept + sum(one.why.values())
        before = one.kept_so_far


def test_it_ends_after_so_many_rounds() -> None:
    outcome = run_rounds(
        PLAN, lambda _, c: [answered(x) for x in c], lambda e: [Fate("refusal", "refusal")] * len(e), 3
    )
    assert outcome.end == "rounds" and len(outcome.rounds) == 3 and not outcome.kept
    assert outcome.rounds[0].why == {"refusal": 60}


def test_a_failure_that_all_share_ends_it_and_is_no_candidate() -> None:
    def ask(number: int, candidates: Any) -> list[Made]:
        return [answered(one) for one in candidates[:10]] + [failed(candidates[10], "budget")]

    outcome = run_rounds(PLAN, ask, lambda entries: [Fate(KEPT)] * len(entries))
    assert outcome.end == "budget" and len(outcome.entries) == 10 and sum(outcome.kept.values()) == 10
    wrong = run_rounds(PLAN, lambda _, c: [failed(c[0], "unauthorized")], lambda e: [])
    assert wrong.end == "failed" and wrong.entries == () and wrong.failure.kind == "unauthorized"


def test_a_round_in_which_nobody_answers_ends_it_and_one_that_fails_does_not() -> None:
    rounds: Counter[int] = Counter()

    def ask(number: int, candidates: Any) -> list[Made]:
        rounds[number] = len(candidates)
        if number == 1:
            return [failed(one) if at < 3 else answered(one) for at, one in enumerate(candidates)]
        return [failed(one) if number == 2 else answered(one) for one in candidates]

    def curate(entries: Any) -> list[Fate]:
        return [Fate(KEPT) if one.made.answer else Fate(UNANSWERED, "failed") for one in entries]

    assert run_rounds(PLAN, ask, curate).end == "met" and rounds == {1: 60, 2: 3, 3: 3}
    assert run_rounds(PLAN, lambda _, c: [failed(one) for one in c], curate).end == "failed"
