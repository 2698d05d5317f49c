"""What can go wrong between a client and a language model, and a plan of when it does."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, cast, get_args

from assay.errors import UsageError
from assay.testing.llm_answers import Seeded, bounds, is_chinese, sentences
from assay.testing.llm_call import Answer, Call
from assay.testing.llm_wire import mapping

Fault = Literal[
    "rate_limited",  # 429 with Retry-After
    "rate_limited_bare",  # 429 without
    "server_error",  # 500
    "overloaded",  # 529; 503 from OpenAI, which has no 529
    "slow",  # a whole answer, late
    "hang",  # no answer at all
    "cut",  # the connection ends within the body; the answer was made, and costs
    "truncated_json",  # out of tokens before the last bracket
    "fenced",  # the JSON stands in a Markdown code fence
    "prose",  # words before and behind the JSON
    "out_of_range",  # one number beyond what the schema (or the scale) allows
    "missing_field",  # a required field is not there
    "wrong_language",  # the texts are Chinese where English was asked for, or the other way round
    "refusal",  # the model declines
    "duplicate",  # one and the same answer to all requests with this fault and schema
    "twice",  # the whole answer stands in the text two times
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
STATUS_FAULTS: frozenset[Fault] = frozenset(
    {"rate_limited", "rate_limited_bare", "server_error", "overloaded"}
)
HARMLESS: frozenset[Fault | None] = frozenset({None, "slow"})
"""Without a fault, or late: an answer as good as any."""

Faults = Callable[[Call], Fault | None]
"""A plan: says what goes wrong with a call, or None."""


def no_faults(call: Call) -> None:
    """The plan under which nothing goes wrong."""


class FaultScript:
    """Faults in the order in which requests arrive; None, and all after the last, go well."""

    def __init__(self, faults: Iterable[Fault | None]) -> None:
        self._faults = list(faults)
        _check(fault for fault in self._faults if fault is not None)
        self._next = 0
        self._lock = threading.Lock()

    def __call__(self, call: Call) -> Fault | None:
        with self._lock:
            self._next += 1
            return self._faults[self._next - 1] if self._next <= len(self._faults) else None


class SeededFaults:
    """Each kind of fault at its own rate, drawn from the seed, the request and how often it came before.

    The plan does not depend on the order of arrival, so the same requests meet the same faults however many come at
    once. `first` limits the faults to so many attempts of one request: with `first=1` every repetition goes well.
    Raises `UsageError` for an unknown fault, a negative rate, or rates that sum to more than 1.
    """

    def __init__(self, rates: Mapping[Fault, float], seed: int = 0, first: int | None = None) -> None:
        _check(rates)
        if any(rate < 0 for rate in rates.values()) or sum(rates.values()) > 1 + 1e-9:
            raise UsageError(
                "the rates of faults are negative or sum to more than 1", "use shares of all requests"
            )
        self.rates, self.seed, self.first = dict(rates), seed, first

    @classmethod
    def of_every_kind(cls, share: float, seed: int = 0, first: int | None = None) -> SeededFaults:
        """`share` of all requests go wrong, in all ways alike often."""
        return cls(dict.fromkeys(FAULTS, share / len(FAULTS)), seed, first)

    def __call__(self, call: Call) -> Fault | None:
        if self.first is not None and call.attempt >= self.first:
            return None
        at = _draw(self.seed, call).random()
        for fault, rate in self.rates.items():
            if at < rate:
                return fault
            at -= rate
        return None


def spoil(fault: Fault | None, call: Call, answer: Answer, scale: tuple[int, int] = (1, 5)) -> Answer | None:
    """The answer as a fault of its text leaves it; None where the fault cannot befall it.

    A text without JSON cannot lose a field, and one without numbers has none out of range. Faults that leave the
    text alone give the answer back. The same call and answer give the same result.
    """
    change = _CHANGES.get(fault) if fault is not None else None
    return change(call, answer, scale) if change else answer


def _truncated(call: Call, answer: Answer, scale: tuple[int, int]) -> Answer | None:
    return Answer(answer.text[: len(answer.text) * 2 // 3], "length") if len(answer.text) > 1 else None


def _fenced(call: Call, answer: Answer, scale: tuple[int, int]) -> Answer:
    return Answer(f"```json\n{answer.text}\n```", answer.stop)


def _prose(call: Call, answer: Answer, scale: tuple[int, int]) -> Answer:
    # The braces are there on purpose: who takes all from the first to the last brace gets no JSON.
    before, behind = ("好的，这是我的评估：", "如果需要{更多细节}，请告诉我。")
    if not is_chinese(call.prompt):
        before, behind = ("Sure! Here is my assessment:", "Let me know if you would like more {detail}.")
    return Answer(f"{before}\n\n{answer.text}\n\n{behind}", answer.stop)


def _twice(call: Call, answer: Answer, scale: tuple[int, int]) -> Answer:
    return Answer(f"{answer.text}\n{answer.text}", answer.stop)


def _out_of_range(call: Call, answer: Answer, scale: tuple[int, int]) -> Answer | None:
    value, draw = _object(answer), _draw(0, call)
    numbers = [
        key for key, one in value.items() if isinstance(one, (int, float)) and not isinstance(one, bool)
    ]
    if not numbers:
        return None
    key = draw.choice(numbers)
    part = mapping(call.schema or {}, "properties", key)
    allowed = [one for one in part.get("enum") or () if isinstance(one, (int, float))]
    low, high = (min(allowed), max(allowed)) if allowed else bounds(part, scale)
    return _json(value | {key: draw.choice([low - 1, high + 1, high * 10 + 10, -99 + min(low, 0)])}, answer)


def _missing_field(call: Call, answer: Answer, scale: tuple[int, int]) -> Answer | None:
    value = _object(answer)
    required = (call.schema or {}).get("required")
    keys = [key for key in value if key in required] if isinstance(required, list) else list(value)
    if not keys:
        return None
    gone = _draw(0, call).choice(keys)
    return _json({key: one for key, one in value.items() if key != gone}, answer)


def _wrong_language(call: Call, answer: Answer, scale: tuple[int, int]) -> Answer | None:
    draw = _draw(0, call)
    value = _object(answer)
    if not value:
        return Answer(sentences(draw, not is_chinese(answer.text)), answer.stop)
    fixed = {
        key
        for key in value
        if "enum" in (part := mapping(call.schema or {}, "properties", key)) or "const" in part
    }
    texts = {key: one for key, one in value.items() if isinstance(one, str) and one and key not in fixed}
    if not texts:
        return None
    return _json(value | {key: sentences(draw, not is_chinese(one)) for key, one in texts.items()}, answer)


def _refusal(call: Call, answer: Answer, scale: tuple[int, int]) -> Answer:
    text = (
        "抱歉，我无法协助处理这个请求。"
        if is_chinese(call.prompt)
        else "I'm sorry, but I can't help with that."
    )
    return Answer(text, "refusal")


def _duplicate(call: Call, answer: Answer, scale: tuple[int, int]) -> Answer:
    same = Call(call.api, call.model, "", (), call.schema, digest=json.dumps(call.schema, sort_keys=True))
    return Seeded(scale=scale)(same)


_CHANGES: Mapping[Fault, Callable[[Call, Answer, tuple[int, int]], Answer | None]] = {
    "truncated_json": _truncated,
    "fenced": _fenced,
    "prose": _prose,
    "twice": _twice,
    "out_of_range": _out_of_range,
    "missing_field": _missing_field,
    "wrong_language": _wrong_language,
    "refusal": _refusal,
    "duplicate": _duplicate,
}


def _draw(seed: int, call: Call) -> random.Random:
    return random.Random(f"fault:{seed}:{call.digest}:{call.attempt}")  # noqa: S311 -- a plan, not a secret


def _object(answer: Answer) -> dict[str, Any]:
    try:
        value = json.loads(answer.text)
    except (ValueError, RecursionError):
        return {}
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _json(value: Mapping[str, Any], answer: Answer) -> Answer:
    return Answer(json.dumps(value, ensure_ascii=False), answer.stop)


def _check(faults: Iterable[str]) -> None:
    for fault in faults:
        if fault not in FAULTS:
            raise UsageError(f"no fault is called {fault!r}", f"one of {', '.join(FAULTS)}")
