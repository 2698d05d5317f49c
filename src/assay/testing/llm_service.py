"""What a made-up provider says to each request: no sockets, no waiting."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from assay.testing.llm_answers import Seeded
from assay.testing.llm_anthropic import Anthropic
from assay.testing.llm_batches import Batch, Batches
from assay.testing.llm_call import Answer, Answerer, Api, Call, Identity, as_answer, digest, tokens
from assay.testing.llm_faults import Fault, Faults, no_faults, spoil
from assay.testing.llm_journal import Exchange, Journal
from assay.testing.llm_limit import Bucket, RateLimit
from assay.testing.llm_openai import OpenAI
from assay.testing.llm_wire import Refused, Wire, read_json, write_json

Fate = Literal["whole", "cut", "hang"]

_FAILURES: Mapping[Fault | None, Refused] = {
    "rate_limited": Refused("rate", "Rate limit reached. Please try again later."),
    "rate_limited_bare": Refused("rate", "Rate limit reached. Please try again later."),
    "server_error": Refused("server", "The server had an error while processing your request."),
    "overloaded": Refused("overloaded", "Overloaded"),
}


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take, in seconds, and which clocks tell.

    `retry_after` is what a 429 by a fault asks for, `slow` how much later a slow answer comes, `latency` what every
    answer takes. A batch has ended after its state was asked for `batch_polls` times.
    """

    retry_after: float = 1.0
    slow: float = 1.0
    latency: float = 0.0
    batch_polls: int = 1
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the provider answers, what goes wrong, how fast it may be asked, and what makes two requests the same."""

    answers: Answerer
    identity: Identity
    faults: Faults = no_faults
    rate: RateLimit | None = None
    key: str | None = field(default=None, repr=False)
    timing: Timing = field(default_factory=Timing)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; the names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    number: int
    arrived: float
    query: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send, after how many seconds, and how much of it; `exchange` is what to put on record."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    exchange: Exchange
    wait: float = 0.0
    fate: Fate = "whole"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a call: an answer, a refusal of the provider, or, with neither, silence."""

    call: Call
    fault: Fault | None
    answer: Answer | None = None
    refused: Refused | None = None

    @property
    def token(self) -> str:
        """Hex that makes the ids of this answer; another for every attempt."""
        return digest(f"{self.call.digest}:{self.call.attempt}")

    def on_record(self, exchange: Exchange) -> Exchange:
        """The exchange with what this outcome adds to it."""
        billed = self.answer is not None
        return replace(
            exchange,
            digest=self.call.digest,
            attempt=self.call.attempt,
            fault=self.fault,
            billed=billed,
            input_tokens=self.call.input_tokens if billed else 0,
            output_tokens=tokens(self.answer.text) if self.answer else 0,
        )


class Service:
    """Both providers behind one address. `url` is its own address, which batches name their results by."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour, self.journal, self.url = behaviour, Journal(), ""
        self.started = behaviour.timing.clock()
        self.mistakes: list[Exception] = []
        self.batches = Batches(self._batch_line, behaviour.timing.now, behaviour.timing.batch_polls)
        self._bucket = Bucket(behaviour.rate, behaviour.timing.clock) if behaviour.rate else None

    def too_large(self, request: Request) -> Reply:
        """The reply to a request whose body is too large, or of no stated length."""
        refused = Refused("too_large", "Request exceeds the maximum allowed number of bytes.")
        return self._refusal(_wire(request.path), refused, _exchange(request))

    def reply(self, request: Request) -> Reply:
        """The reply to a request, which it does not put on record yet."""
        wire, exchange = _wire(request.path), _exchange(request)
        try:
            self._admit(wire, request)
            if (request.method, request.path) in _ANSWERED:
                return self._answered(wire, wire.read(read_json(request.body)), exchange)
            if (request.method, request.path) == ("POST", "/v1/messages/count_tokens"):
                call = wire.read({"max_tokens": 1, **read_json(request.body)})
                return self._plain(wire, exchange, write_json({"input_tokens": call.input_tokens}))
            if request.method == "GET" and (
                listed := self.batches.listed(request.path, request.query, self.url)
            ):
                return self._plain(wire, exchange, listed)
            found = self.batches.serve(request.method, request.path, request.headers, request.body, self.url)
            return self._plain(wire, exchange, found)
        except Refused as refused:
            return self._refusal(wire, refused, exchange)
        except (
            Exception
        ) as mistake:  # of the answerer or the plan: `stop` raises it, a client must not retry it
            self.mistakes.append(mistake)
            return self._refusal(
                wire, Refused("invalid", "the test's own answers or faults failed"), exchange
            )

    def decide(self, call: Call) -> Outcome:
        """What becomes of a call; counts it as an attempt."""
        behaviour = self.behaviour
        same = digest(behaviour.identity(call))
        call = replace(call, digest=same, attempt=self.journal.attempt(same))
        fault = behaviour.faults(call)
        if fault in _FAILURES:
            return Outcome(call, fault, refused=_FAILURES[fault])
        if fault == "hang":
            return Outcome(call, fault)
        answer = as_answer(behaviour.answers(call))
        scale = behaviour.answers.scale if isinstance(behaviour.answers, Seeded) else (1, 5)
        spoiled = spoil(fault, call, answer, scale)
        if spoiled is None:
            fault, spoiled = None, answer
        return Outcome(call, fault, spoiled.within(call.max_tokens))

    def _admit(self, wire: Wire, request: Request) -> None:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        shown = (request.headers.get("x-api-key") or bearer) if wire.api == "anthropic" else bearer
        wanted = self.behaviour.key
        if not shown or (wanted is not None and not hmac.compare_digest(shown.encode(), wanted.encode())):
            raise Refused(
                "key", "invalid x-api-key" if wire.api == "anthropic" else "Incorrect API key provided."
            )
        if wire.api == "anthropic" and "anthropic-version" not in request.headers:
            raise Refused("invalid", "anthropic-version: header is required")

    def _answered(self, wire: Wire, call: Call, exchange: Exchange) -> Reply:
        timing = self.behaviour.timing
        limits: dict[str, str] = {}
        if self._bucket:
            taken, limit = self._bucket.take(), self._bucket.limit
            limits = wire.limits(limit.burst, taken.left, taken.full_in, timing.now())
            if not taken.passed:
                exchange = replace(exchange, limited=True, digest=digest(self.behaviour.identity(call)))
                refused = Refused(
                    "rate", f"This request would exceed the limit of {limit.per_second:g} a second."
                )
                return self._refusal(wire, refused, exchange, limits | wire.retry(taken.next_in))
        outcome = self.decide(call)
        exchange = outcome.on_record(exchange)
        if outcome.refused:
            headers = limits | (wire.retry(timing.retry_after) if outcome.fault == "rate_limited" else {})
            return self._refusal(wire, outcome.refused, exchange, headers)
        if outcome.answer is None:
            return Reply(0, {}, b"", replace(exchange, status=0, delivered=False), fate="hang")
        body = write_json(wire.spell(outcome.call, outcome.answer, outcome.token, timing.now()))
        reply = self._plain(wire, exchange, body, limits)
        wait = timing.latency + (timing.slow if outcome.fault == "slow" else 0)
        cut = outcome.fault == "cut"
        return replace(
            reply,
            wait=wait,
            fate="cut" if cut else "whole",
            exchange=replace(exchange, delivered=not cut),
        )

    def _batch_line(self, batch: Batch, params: Any) -> tuple[int, dict[str, Any], str] | None:
        """Status, body and request id of one request of a batch; None for one that nobody answered."""
        wire = _wire(batch.path)
        number, at = self.journal.arrival(), self.behaviour.timing.clock() - self.started
        request_id = _request_id(wire.api, number)
        exchange = Exchange(number, wire.api, batch.path, "", 0, at, at, 200, request_id, batch=batch.id)
        try:
            outcome = self.decide(wire.read(params if isinstance(params, dict) else {}))
        except Refused as refused:
            status, body = wire.error(refused, request_id)
            self.journal.put(replace(exchange, status=status))
            return status, body, request_id
        exchange = outcome.on_record(exchange)
        if outcome.refused:
            status, body = wire.error(outcome.refused, request_id)
            self.journal.put(replace(exchange, status=status))
            return status, body, request_id
        if outcome.answer is None or outcome.fault == "cut":  # a batch has no connection to lose: it expires
            self.journal.put(replace(exchange, status=0, delivered=False, billed=False))
            return None
        self.journal.put(exchange)
        now = self.behaviour.timing.now()
        return 200, wire.spell(outcome.call, outcome.answer, outcome.token, now), request_id

    def _plain(
        self, wire: Wire, exchange: Exchange, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Reply:
        return Reply(200, wire.headers(exchange.request_id) | dict(headers or {}), body, exchange)

    def _refusal(
        self, wire: Wire, refused: Refused, exchange: Exchange, headers: Mapping[str, str] | None = None
    ) -> Reply:
        status, body = wire.error(refused, exchange.request_id)
        all_headers = wire.headers(exchange.request_id) | dict(headers or {})
        return Reply(status, all_headers, write_json(body), replace(exchange, status=status))


def _wire(path: str) -> Wire:
    return Anthropic() if path.startswith("/v1/messages") else OpenAI()


def _request_id(api: Api, number: int) -> str:
    return ("req_011C" if api == "anthropic" else "req_") + digest(f"request:{number}")[:24]


def _exchange(request: Request) -> Exchange:
    api, at = _wire(request.path).api, request.arrived
    return Exchange(request.number, api, request.path, "", 0, at, at, 200, _request_id(api, request.number))


_ANSWERED = {("POST", "/v1/messages"), ("POST", "/v1/chat/completions")}
