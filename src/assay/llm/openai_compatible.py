"""The Chat Completions API, which OpenAI, vLLM, Ollama and most gateways speak, through OpenAI's official SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeVar

from assay.errors import MissingExtra
from assay.llm.client import Failure, Reply, Request, Response
from assay.llm.wire import ApiKey, answered, count, failure_of_status

T = TypeVar("T")

ADDRESS: Final = "https://api.openai.com/v1"
NO_KEY: Final = "none"
"""What servers of one's own are given, which ask for no key."""

_STOPS: Final = {"stop": "end", "length": "length", "content_filter": "refusal"}


class OpenAICompatibleClient:
    """Answers requests at `address`, which ends in `/v1` with most servers. `now` tells the time as RFC 3339, UTC.

    `schemas`: whether the server knows `response_format` with a JSON schema; where it does not, the prompt has to say
    it. `limit` is the field for `max_tokens`: OpenAI's own servers want `max_completion_tokens`, others the older one.
    The SDK's own retries are off; `timeout` (seconds) bounds one call. Use it as `async with`, which closes its
    connections. Raises MissingExtra without the SDK, UsageError for a key that is none.
    """

    def __init__(
        self,
        key: str,
        now: Callable[[], str],
        *,
        address: str = ADDRESS,
        timeout: float = 600.0,
        schemas: bool = True,
        limit: Literal["max_tokens", "max_completion_tokens"] | None = None,
    ) -> None:
        try:
            import openai
        except ImportError:
            raise MissingExtra(
                "calling OpenAI-compatible servers needs the openai package",
                "pip install 'assay-data[judge]'",
            ) from None
        self.address = address.rstrip("/")
        self.schemas = schemas
        self.limit = limit or ("max_completion_tokens" if self.address == ADDRESS else "max_tokens")
        self._key, self._now, self._sdk = ApiKey(key), now, openai
        self._client = openai.AsyncOpenAI(
            api_key=self._key.reveal(), base_url=self.address, max_retries=0, timeout=timeout
        )

    def __repr__(self) -> str:
        return f"OpenAICompatibleClient({self.address})"

    def __reduce__(self) -> Any:
        return self._key.__reduce__()

    async def __aenter__(self) -> OpenAICompatibleClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def complete(self, request: Request) -> Reply:
        """The response, or why there is none."""
        rest = self.body(request)
        known = {name: rest.pop(name) for name in ("model", "messages")}
        return await self.through(
            lambda sdk: sdk.chat.completions.create(**known, extra_body=rest), self.read
        )

    async def through(self, call: Callable[[Any], Any], read: Callable[[Any], T]) -> T | Failure:
        """What `read` makes of a call through the SDK's client, or why there is nothing to read."""
        return await answered(self._sdk, self._key, lambda: call(self._client), read)

    def body(self, request: Request) -> dict[str, Any]:
        """The body of a call, as JSON values."""
        body = {name: value for name, value in request.params.items() if name != "max_tokens"}
        body[self.limit] = request.max_tokens
        if request.schema is not None and self.schemas:
            described = {"name": "answer", "schema": dict(request.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": described}
        turns = [{"role": turn.role, "content": turn.content} for turn in request.messages]
        return {"model": request.model, "messages": turns} | body

    def failure(self, status: int, body: object) -> Failure:
        """What an error body that came without HTTP means, which stands for this status."""
        return failure_of_status(status, {}, body, self._key)

    def read_body(self, body: Mapping[str, Any]) -> Reply:
        """The response that the body of a completion is."""
        return self.read(self._sdk.types.chat.ChatCompletion.model_construct(**body))

    def read(self, completion: Any) -> Reply:
        """The response that a completion of the SDK is."""
        choice = completion.choices[0]
        if not completion.model:
            return Failure("malformed", "the server's answer names no model")
        said, refused = choice.message.content, choice.message.refusal
        stop, usage = str(choice.finish_reason), completion.usage
        return Response(
            text=str(said or refused or ""),
            model=str(completion.model),
            request_id=getattr(completion, "_request_id", None) or completion.id,
            input_tokens=None if usage is None else count(usage.prompt_tokens),
            output_tokens=None if usage is None else count(usage.completion_tokens),
            stop_reason="refusal" if refused else _STOPS.get(stop, stop),
            created=self._now(),
        )
