"""What a call to a language model is: a request, and a response or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from assay.errors import UsageError
from assay.model.canonical import canonical_json

Role = Literal["system", "user", "assistant"]

_NOT_PARAMETERS: Final = frozenset(
    [
        "model",
        "messages",
        "system",
        "n",
        "best_of",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "audio",
        "modalities",
        "prediction",
        "response_format",
        "output_config",
        "output_format",
        "max_completion_tokens",
        "service_tier",
        "speed",
        "inference_geo",
        "container",
        "web_search_options",
        "extra_headers",
        "extra_query",
        "extra_body",
        "timeout",
        "api_key",
        "authorization",
    ]
)
"""Fields of the wire that are the adapter's, or that change how many tokens are paid for or at which price."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `system` turns come first."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One call, spelled out: what determines the answer, and so what it is remembered under.

    `params` go to the server as they are; `max_tokens` is demanded, since nothing else bounds what a call costs.
    `schema` is a JSON schema that the server is asked to keep to. `draw` tells apart several answers to one request.
    Raises UsageError for a request without turns or limit, with a parameter that is not one,
    or with what JSON cannot carry.
    """

    model: str
    messages: tuple[Message, ...]
    params: Mapping[str, Any]
    schema: Mapping[str, Any] | None = None
    draw: int = 0

    def __post_init__(self) -> None:
        if not any(message.role != "system" for message in self.messages):
            raise UsageError("a request without a message", "give at least one message of the user")
        spoken = [message.role for message in self.messages]
        if "system" in spoken[spoken.count("system") :]:
            raise UsageError("a system message after another message", "put system messages first")
        limit = self.params.get("max_tokens")
        if type(limit) is not int or limit < 1:
            raise UsageError(
                f"max_tokens is {limit!r}, and nothing else bounds what a call costs",
                "give max_tokens as a whole number above 0",
            )
        if taken := sorted(_NOT_PARAMETERS & self.params.keys()):
            raise UsageError(
                f"not a parameter of a request: {', '.join(taken)}",
                "they change what a call is or costs; leave them out",
            )
        try:
            canonical_json(self.as_json())
        except ValueError as error:
            raise UsageError(
                f"a request that cannot be sent: {error}", "give values that JSON can carry"
            ) from None

    @property
    def max_tokens(self) -> int:
        """Most tokens that the answer may have."""
        limit: int = self.params["max_tokens"]
        return limit

    def as_json(self) -> dict[str, Any]:
        """The request as a JSON value; what is not said is left out."""
        told: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": turn.role, "content": turn.content} for turn in self.messages],
            "params": dict(self.params),
        }
        if self.schema is not None:
            told["schema"] = dict(self.schema)
        return told | ({"draw": self.draw} if self.draw else {})


@dataclass(frozen=True, slots=True)
class Response:
    """What a model said, and what it took. Tokens are None where the server does not say.

    `stop_reason`: `end` (it was done), `length` (cut at max_tokens), `refusal`, or the server's own word. `created` is
    RFC 3339, UTC: when the answer came. `cached`: it was paid for earlier.
    """

    text: str
    model: str
    request_id: str | None
    input_tokens: int | None
    output_tokens: int | None
    stop_reason: str
    created: str
    cached: bool = field(default=False, compare=False)


FailureKind = Literal[
    "rate_limited",
    "overloaded",
    "server",
    "connection",
    "timeout",
    "bad_request",
    "unauthorized",
    "not_found",
    "refused",
    "malformed",
    "budget",
]
_RETRYABLE: Final = frozenset({"rate_limited", "overloaded", "server", "connection", "timeout"})
_SAME_FOR_ALL: Final = frozenset({"unauthorized", "not_found", "budget"})
_PERHAPS_PAID: Final = frozenset({"connection", "timeout", "malformed"})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no response. A value and no exception: a call that failed is an outcome to be recorded.

    `retry_after`: seconds that the server asked to wait. `status`: of HTTP, where there was one.
    """

    kind: FailureKind
    message: str
    retry_after: float | None = None
    status: int | None = None
    request_id: str | None = None

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind in _RETRYABLE

    @property
    def fatal(self) -> bool:
        """Whether every other call would fail in the same way: a wrong key, an unknown model, a spent budget."""
        return self.kind in _SAME_FOR_ALL

    @property
    def perhaps_paid(self) -> bool:
        """Whether the server may have charged for it: the answer was lost on its way."""
        return self.kind in _PERHAPS_PAID


Reply = Response | Failure


class Client(Protocol):
    """Whoever answers requests: an adapter, or a layer around one."""

    async def complete(self, request: Request) -> Reply:
        """The response, or why there is none. Raises only what is no outcome of a call (a full disk, a bug)."""
        ...
