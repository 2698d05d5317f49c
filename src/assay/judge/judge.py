"""A judge, and what it says of examples: requests, calls, and what their answers come to."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from assay.errors import UsageError
from assay.judge.judgement import NOT_APPLICABLE, Judgement
from assay.judge.outcome import Draw, judgement_of
from assay.judge.parts import Shown, Unfit, shown
from assay.judge.prompt import PROMPT_FORMAT, messages
from assay.judge.rubric import Rubric
from assay.kernels.steering import Fence, attempts
from assay.llm.answers import Answer, NoAnswer, ask
from assay.llm.client import Client, Failure, Message, Request
from assay.llm.prices import Prices
from assay.model.canonical import canonical_json

PARAMS: Final[Mapping[str, Any]] = {"temperature": 0, "max_tokens": 1024}
"""What calls are made with where nothing else is said."""
LONGEST: Final = 24_000
"""Characters that are shown of an example."""
MOST_DRAWS: Final = 16

Item = tuple[bytes, Mapping[str, Any]]
"""The id of an example and its payload."""


@dataclass(frozen=True, slots=True)
class Judge:
    """One judge: `digest` is over everything that its answers depend on.

    `model`: PROVIDER/MODEL. `params` go over `PARAMS`; None leaves one out, as models need that refuse a temperature.
    `draws`: how often it is asked; the scores are means. `longest`: characters that are shown of an example.
    Raises UsageError for what makes no request.
    """

    rubric: Rubric
    model: str
    params: Mapping[str, Any] = field(default_factory=dict)
    draws: int = 1
    longest: int = LONGEST

    def __post_init__(self) -> None:
        provider, slash, model = self.model.partition("/")
        if not (provider and slash and model):
            raise UsageError(f"{self.model[:80]!r} names no model", "write PROVIDER/MODEL")
        if not 1 <= self.draws <= MOST_DRAWS:
            raise UsageError(f"{self.draws} draws", f"give 1 to {MOST_DRAWS}")
        if self.longest < 1:
            raise UsageError(f"{self.longest} characters of an example", "give a number above 0")
        told = {name: value for name, value in {**PARAMS, **self.params}.items() if value is not None}
        object.__setattr__(self, "params", told)
        Request(model, (Message("user", ""),), told)  # says what is wrong with the parameters

    @property
    def digest(self) -> str:
        """ "sha256:…" of rubric, form of the prompt, model, parameters, draws and bound."""
        told = {
            "rubric": self.rubric.digest,
            "prompt": PROMPT_FORMAT,
            "model": self.model,
            "params": dict(self.params),
            "draws": self.draws,
            "longest": self.longest,
        }
        return "sha256:" + hashlib.sha256(canonical_json(told)).hexdigest()

    @property
    def called(self) -> str:
        """The model as requests name it: without the provider."""
        return self.model.partition("/")[2]


@dataclass(frozen=True, slots=True)
class JudgedSome:
    """Judgements in the order of the examples, and what stopped the run before all were judged."""

    judgements: tuple[Judgement, ...]
    stopped: Failure | None = None


def requests(judge: Judge, example_id: bytes, payload: Mapping[str, Any], fence: Fence) -> list[Request]:
    """What is asked of one example: a request for each draw, of a pair two. None where it cannot be judged.

    The id is told to nobody. A mend is not among them: it follows an answer that cannot be used.
    """
    what = shown(payload, judge.rubric.mode, judge.longest)
    try:
        return [] if isinstance(what, Unfit) else list(itertools.chain(*_draws(judge, what, fence)))
    except ValueError:
        return []


async def judge_one(
    client: Client, judge: Judge, example_id: bytes, payload: Mapping[str, Any], fence: Fence, prices: Prices
) -> Judgement:
    """What a judge says of one example, or why it says nothing that can be used. Calls are made one after the other."""
    return (await _judged(client, judge, (example_id, payload), fence, prices))[0]


async def judge_many(
    client: Client,
    judge: Judge,
    items: Iterable[Item],
    fences: Callable[[bytes], Fence],
    prices: Prices,
    at_once: int = 64,
    tell: Callable[[Judgement], None] = lambda _: None,
) -> JudgedSome:
    """What a judge says of examples, `at_once` of which are under way at a time; `fences` gives the fence of an id.

    Items are taken as there is room for them. A failure that all calls would share stops the run: nothing more is
    begun, what is under way is waited for, and an example that it befell is not among the judgements.
    """
    if at_once < 1:
        raise UsageError(f"{at_once} examples at once", "give a number above 0")
    numbered = enumerate(items)
    made: dict[int, Judgement] = {}
    stops: list[Failure | None] = []

    async def work() -> None:
        try:
            while not stops and (got := next(numbered, None)) is not None:
                number, (example_id, payload) = got
                judged, fatal = await _judged(
                    client, judge, (example_id, payload), fences(example_id), prices
                )
                if fatal is not None:
                    stops.append(fatal)
                    continue
                made[number] = judged
                tell(judged)
        except BaseException:
            stops.append(None)  # the others end what they are paying for
            raise

    ended = await asyncio.gather(*(work() for _ in range(at_once)), return_exceptions=True)
    for raised in ended:
        if raised is not None:
            raise raised
    return JudgedSome(tuple(made[number] for number in sorted(made)), stops[0] if stops else None)


def _draws(judge: Judge, what: Shown, fence: Fence) -> list[tuple[Request, ...]]:
    """The requests of each draw; of a pair, the second has the answers in the other order."""
    orders = (False, True) if judge.rubric.mode == "pairs" else (False,)
    turns = [messages(judge.rubric, what, fence, swapped) for swapped in orders]
    return [
        tuple(Request(judge.called, said, judge.params, judge.rubric.verdict_schema, draw) for said in turns)
        for draw in range(judge.draws)
    ]


async def _judged(
    client: Client, judge: Judge, item: Item, fence: Fence, prices: Prices
) -> tuple[Judgement, Failure | None]:
    """A judgement, and the failure that every other call would share."""
    example_id, payload = item
    what = shown(payload, judge.rubric.mode, judge.longest)
    if isinstance(what, Unfit):
        return Judgement(example_id, judge.digest, NOT_APPLICABLE, what.reason), None
    try:
        asked = _draws(judge, what, fence)
    except ValueError as error:
        return Judgement(example_id, judge.digest, NOT_APPLICABLE, str(error)), None
    draws, fatal = [], None
    for orders in asked:
        answers = []
        for request in orders:
            answer = await _answer(client, judge, request, what)
            answers.append(answer)
            if isinstance(answer, NoAnswer):
                fatal = answer.failure if answer.failure is not None and answer.failure.fatal else None
                break
        draws.append(Draw(tuple(answers)))
        if fatal is not None:
            break
    turns = [[[turn.role, turn.content] for turn in request.messages] for request in asked[0]]
    evidence = judgement_of(judge.rubric, draws, prices.find(judge.called))
    return (
        Judgement(
            id=example_id,
            judge=judge.digest,
            prompt=hashlib.sha256(canonical_json(turns)).hexdigest(),
            steering=attempts(what.text),
            **evidence | {"detail": _with_cut(evidence["detail"], what)},
        ),
        fatal,
    )


async def _answer(client: Client, judge: Judge, request: Request, what: Shown) -> Answer[Any] | NoAnswer:
    answer = await ask(client, request, judge.rubric.shape)
    if isinstance(answer, NoAnswer):
        return answer
    if answer.value.stands_in(what.text):
        words = "the verdict stands in the example itself, and may be a quotation"
        return NoAnswer("ambiguous", words, answer.responses)
    if any(
        answer.value.told()["reasoning"] == worked.verdict["reasoning"] for worked in judge.rubric.examples
    ):
        words = "the verdict gives the reasons of a worked example of the rubric"
        return NoAnswer("invalid", words, answer.responses)
    return answer


def _with_cut(detail: str, what: Shown) -> str:
    if what.cut is None:
        return detail
    shown_of, there = what.cut
    told = f"cut: {shown_of:,} of {there:,} characters shown" if shown_of < there else "cut: turns left out"
    return f"{detail}; {told}" if detail else told
