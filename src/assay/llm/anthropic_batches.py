"""Anthropic's Message Batches API through its official SDK."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final

from assay.llm.anthropic import AnthropicClient
from assay.llm.batches import LISTED, BatchState, Keep, Undecided, token_in, unanswered
from assay.llm.client import Failure, Reply, Request
from assay.llm.wire import parsed

_PAGE: Final = 100
_STATUS: Final[Mapping[str, int]] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that an error of this type has outside of batches; any other type stands for 500."""


class AnthropicBatches:
    """Batches through the connections, and with the key, of an adapter, which whoever made it closes.

    Anthropic takes no note of ours with a batch. One that may have been made is recognised by the custom ids in its
    results; while others with as many requests run, it cannot be told.
    """

    def __init__(self, adapter: AnthropicClient) -> None:
        self._adapter = adapter

    def __repr__(self) -> str:
        return f"AnthropicBatches({self._adapter.address})"

    async def newest(self) -> str | Failure:
        """When the newest batch was made, RFC 3339; empty without any."""
        return await self._adapter.through(
            lambda sdk: sdk.messages.batches.list(limit=1),
            lambda page: page.data[0].created_at.isoformat() if page.data else "",
        )

    async def submit(self, token: str, requests: Sequence[tuple[str, Request]]) -> str | Failure:
        """Send requests as one batch; its id."""
        del token  # the custom ids carry it
        told = [{"custom_id": name, "params": self._adapter.body(request)} for name, request in requests]
        # As extra_body, because the SDK would walk through every field of every request.
        return await self._adapter.through(
            lambda sdk: sdk.messages.batches.create(requests=[], extra_body={"requests": told}), _id
        )

    async def find(
        self, token: str, requests: int, since: str, others: Collection[str]
    ) -> str | Undecided | Failure | None:
        """The batch whose custom ids carry this token."""

        async def seek(sdk: Any) -> str | Undecided | None:
            undecided, seen = None, 0
            async for batch in sdk.messages.batches.list(limit=_PAGE):
                if since and batch.created_at < datetime.fromisoformat(since):
                    break
                if (seen := seen + 1) > LISTED:
                    return Undecided(f"more than {LISTED} batches are newer", later=False)
                if batch.id in others or _total(batch) != requests:
                    continue
                if batch.archived_at is not None:
                    undecided = Undecided(f"the results of {batch.id} are not kept any more", later=False)
                elif batch.processing_status != "ended":
                    text = f"{batch.id} has {requests} requests too, and tells whose it is when it ends"
                    undecided = undecided or Undecided(text, later=True)
                elif await _first_token(sdk, batch.id) == token:
                    return str(batch.id)
            return undecided

        return await self._adapter.through(seek, lambda found: found)

    async def state(self, batch: str) -> BatchState | Failure:
        """How far a batch is."""
        return await self._adapter.through(lambda sdk: sdk.messages.batches.retrieve(batch), _state)

    async def results(self, batch: str, keep: Keep) -> Failure | None:
        """Hand over what each request came to."""

        async def fetch(sdk: Any) -> None:
            lines = await sdk.messages.batches.results(batch)
            try:
                async for line in lines:
                    await keep(str(getattr(line, "custom_id", "")), parsed(self._reply, line))
            finally:
                await lines.close()

        return await self._adapter.through(fetch, lambda _: None)

    async def cancel(self, batch: str) -> Failure | None:
        """Ask that no more requests be answered."""
        return await self._adapter.through(lambda sdk: sdk.messages.batches.cancel(batch), lambda _: None)

    def _reply(self, line: Any) -> Reply:
        result = line.result
        if result.type == "succeeded":
            return self._adapter.read(result.message)
        if result.type != "errored":
            return unanswered(str(result.type)[:20])
        error = result.error.error
        body = {"type": error.type, "message": error.message}
        return self._adapter.failure(_STATUS.get(error.type, 500), body)


def _id(batch: Any) -> str:
    if not isinstance(batch.id, str) or not batch.id:
        raise TypeError("a batch without an id")
    return batch.id


def _total(batch: Any) -> int:
    counts = batch.request_counts
    ended = counts.succeeded + counts.errored + counts.canceled + counts.expired
    return int(counts.processing + ended)


def _state(batch: Any) -> BatchState:
    total = _total(batch)
    if batch.archived_at is not None:
        return BatchState("gone", total, total)
    ended = batch.processing_status == "ended"
    return BatchState("ended" if ended else "running", total, total - int(batch.request_counts.processing))


async def _first_token(sdk: Any, batch: str) -> str:
    """The token in the custom id of a batch's first result; empty without one."""
    lines = await sdk.messages.batches.results(batch)
    try:
        async with aclosing(lines.__aiter__()) as every:
            async for line in every:
                return token_in(str(getattr(line, "custom_id", "")))
        return ""
    finally:
        await lines.close()
