"""What was asked of a made-up language model: every request, with its times and its outcome, and never a key."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from assay.testing.llm_call import Api
from assay.testing.llm_faults import HARMLESS, Fault


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what became of it; neither texts nor headers are kept.

    `arrived` and `ended` are seconds since the server started. `digest` is empty for what is no request for an
    answer; `attempt` counts equal requests from 0, but for those that the rate limit turned away, which stay 0.
    Within a batch each request is an exchange of its own. `status` is 0 if no byte was sent. `fault` is what was
    done to it; `limited` says that the rate limit turned it away. `billed`: an answer was made, for which a provider
    charges the tokens, whether or not the client got it; `delivered`: all of it was sent to a client that was still
    there.
    """

    number: int
    api: Api
    path: str
    digest: str
    attempt: int
    arrived: float
    ended: float
    status: int
    request_id: str
    fault: Fault | None = None
    limited: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    billed: bool = False
    delivered: bool = True
    batch: str = ""

    @property
    def sound(self) -> bool:
        """Whether the client got an answer that it has no reason to ask for again."""
        return self.billed and self.delivered and self.fault in HARMLESS


class Journal:
    """The exchanges of a server, from any thread."""

    def __init__(self) -> None:
        self._exchanges: dict[int, Exchange] = {}
        self._attempts: Counter[str] = Counter()
        self._arrivals = 0
        self._lock = threading.Lock()

    def arrival(self) -> int:
        """The number of a request that just came, from 1."""
        with self._lock:
            self._arrivals += 1
            return self._arrivals

    def attempt(self, digest: str) -> int:
        """How often this request came before; counts this time too."""
        with self._lock:
            self._attempts[digest] += 1
            return self._attempts[digest] - 1

    def put(self, exchange: Exchange) -> None:
        """Keeps what is known of an exchange, in the place of what was known of it before."""
        with self._lock:
            self._exchanges[exchange.number] = exchange

    def exchanges(self) -> tuple[Exchange, ...]:
        """All whose outcome is settled, in the order of arrival."""
        with self._lock:
            return tuple(self._exchanges[number] for number in sorted(self._exchanges))
