"""Anthropic's Messages API through its official SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from assay.errors import MissingExtra, UsageError
from assay.llm.client import Failure, Reply, Request, Response
from assay.llm.wire import ApiKey, answered, count, failure_of_status

T = TypeVar("T")

ADDRESS: Final = "https://api.anthropic.com"
_STOPS: Final = {
    "end_turn": "end",
    "stop_sequence": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}


class AnthropicClient:
    """Answers requests at `address`. `now` tells the time as RFC 3339, UTC.

    The SDK's own retries are off; `timeout` (seconds) bounds one call. Use it as `async with`, which closes its
    connections. Raises MissingExtra without the SDK, UsageError for a key that is none.
    """

    def __init__(
        self, key: str, now: Callable[[], str], *, address: str = ADDRESS, timeout: float = 600.0
    ) -> None:
        try:
            import anthropic
        except ImportError:
            raise MissingExtra(
                "calling Anthropic's models needs the anthropic package", "pip install 'assay-data[judge]'"
            ) from None
        self.address = address.rstrip("/")
        self._key, self._now, self._sdk = ApiKey(key), now, anthropic
        self._client = anthropic.AsyncAnthropic(
            api_key=self._key.reveal(), base_url=self.address, max_retries=0, timeout=timeout
        )

    def __repr__(self) -> str:
        return f"AnthropicClient({self.address})"

    def __reduce__(self) -> Any:
        return self._key.__reduce__()

    async def __aenter__(self) -> AnthropicClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def complete(self, request: Request) -> Reply:
        """The response, or why there is none."""
        rest = self.body(request)
        known = {name: rest.pop(name) for name in ("model", "max_tokens", "messages")}
        return await self.through(lambda sdk: sdk.messages.create(**known, extra_body=rest), self.read)

    async def through(self, call: Callable[[Any], Any], read: Callable[[Any], T]) -> T | Failure:
        """What `read` makes of a call through the SDK's client, or why there is nothing to read."""
        return await answered(self._sdk, self._key, lambda: call(self._client), read)

    def body(self, request: Request) -> dict[str, Any]:
        """The body of a call, as JSON values. Raises UsageError for a schema that the SDK does not know."""
        body = {name: value for name, value in request.params.items() if name != "max_tokens"}
        system = "\n\n".join(turn.content for turn in request.messages if turn.role == "system")
        if system:
            body["system"] = system
        if "stop" in body:
            stop = body.pop("stop")
            body["stop_sequences"] = [stop] if isinstance(stop, str) else stop
        config = {"effort": body.pop("effort")} if "effort" in body else {}
        if request.schema is not None:
            # The server refuses bounds such as `minimum`; the SDK turns them into words. They are checked by us.
            try:
                schema = self._sdk.transform_schema(dict(request.schema))
            except (ValueError, TypeError) as error:
                raise UsageError(
                    f"Anthropic's SDK cannot say the schema of a request: {error}",
                    "give every part of the schema a `type`, or choices that have one",
                ) from None
            config["format"] = {"type": "json_schema", "schema": schema}
        if config:
            body["output_config"] = config
        turns = [
            {"role": turn.role, "content": turn.content} for turn in request.messages if turn.role != "system"
        ]
        return {"model": request.model, "max_tokens": request.max_tokens, "messages": turns} | body

    def failure(self, status: int, body: object) -> Failure:
        """What an error body that came without HTTP means, which stands for this status."""
        return failure_of_status(status, {}, body, self._key)

    def read(self, message: Any) -> Reply:
        """The response that a message of the SDK is."""
        if not isinstance(message.content, list) or not message.model:
            return Failure("malformed", "the server's answer has no content")
        usage = message.usage
        fresh = None if usage is None else count(usage.input_tokens)
        of_cache = ("cache_creation_input_tokens", "cache_read_input_tokens")
        kept = sum(count(getattr(usage, name, None)) or 0 for name in of_cache)
        stop = str(message.stop_reason)
        return Response(
            text="".join(block.text for block in message.content if block.type == "text"),
            model=str(message.model),
            request_id=getattr(message, "_request_id", None) or message.id,
            input_tokens=None if fresh is None else fresh + kept,
            output_tokens=None if usage is None else count(usage.output_tokens),
            stop_reason=_STOPS.get(stop, stop),
            created=self._now(),
        )
