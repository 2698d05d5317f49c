"""The Batch API of OpenAI, with the Files API that carries it, through the official SDK."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import aclosing
from typing import Any, Final

import orjson

from assay.llm.batches import LISTED, BatchState, Keep, Undecided, custom_id, unanswered
from assay.llm.client import Failure, Reply, Request
from assay.llm.openai_compatible import OpenAICompatibleClient
from assay.llm.wire import parsed

_ENDPOINT: Final = "/v1/chat/completions"
_TOKEN: Final = "assay_batch"  # noqa: S105 -- a field's name
_PAGE: Final = 100
_LONGEST_LINE: Final = 64 << 20


class OpenAIBatches:
    """Batches through the connections, and with the key, of an adapter, which whoever made it closes.

    The token stands in the batch's metadata. Where a server keeps none, the first bytes of the input file tell it.
    """

    def __init__(self, adapter: OpenAICompatibleClient) -> None:
        self._adapter = adapter

    def __repr__(self) -> str:
        return f"OpenAIBatches({self._adapter.address})"

    async def newest(self) -> str | Failure:
        """When the newest batch was made, in seconds since the epoch; empty without any."""
        return await self._adapter.through(
            lambda sdk: sdk.batches.list(limit=1),
            lambda page: str(int(page.data[0].created_at)) if page.data else "",
        )

    async def submit(self, token: str, requests: Sequence[tuple[str, Request]]) -> str | Failure:
        """Upload the requests as a file, and make a batch of it; its id."""
        data = b"\n".join(orjson.dumps(self._line(name, request)) for name, request in requests)

        async def send(sdk: Any) -> Any:
            file = await sdk.files.create(file=(f"{token}.jsonl", data), purpose="batch")
            return await sdk.batches.create(
                input_file_id=file.id,
                endpoint=_ENDPOINT,
                completion_window="24h",
                metadata={_TOKEN: token},
            )

        return await self._adapter.through(send, _id)

    async def find(
        self, token: str, requests: int, since: str, others: Collection[str]
    ) -> str | Undecided | Failure | None:
        """The batch that has this token in its metadata, or in its input file where it has no metadata."""

        async def seek(sdk: Any) -> str | Undecided | None:
            seen = 0
            async for batch in sdk.batches.list(limit=_PAGE):
                if since and int(batch.created_at) < int(since):
                    break
                if (seen := seen + 1) > LISTED:
                    return Undecided(f"more than {LISTED} batches are newer", later=False)
                if batch.id in others:
                    continue
                if (batch.metadata or {}).get(_TOKEN) == token:
                    return str(batch.id)
                if not batch.metadata and _counts(batch)[0] in (0, requests):
                    start = await _first_bytes(sdk, batch.input_file_id, _start(token))
                    if start == _start(token):
                        return str(batch.id)
            return None

        return await self._adapter.through(seek, lambda found: found)

    async def state(self, batch: str) -> BatchState | Failure:
        """How far a batch is."""
        return await self._adapter.through(lambda sdk: sdk.batches.retrieve(batch), self._state)

    async def results(self, batch: str, keep: Keep) -> Failure | None:
        """Hand over what each request came to."""

        async def fetch(sdk: Any) -> None:
            told = await sdk.batches.retrieve(batch)
            for file in filter(None, (told.output_file_id, told.error_file_id)):
                async with (
                    sdk.files.with_streaming_response.content(file) as answer,
                    aclosing(_lines(answer.iter_bytes())) as lines,
                ):
                    async for line in lines:
                        await keep(str(line.get("custom_id")), parsed(self._reply, line))

        return await self._adapter.through(fetch, lambda _: None)

    async def cancel(self, batch: str) -> Failure | None:
        """Ask that no more requests be answered."""
        return await self._adapter.through(lambda sdk: sdk.batches.cancel(batch), lambda _: None)

    def _line(self, name: str, request: Request) -> dict[str, Any]:
        return {"custom_id": name, "method": "POST", "url": _ENDPOINT, "body": self._adapter.body(request)}

    def _reply(self, line: dict[str, Any]) -> Reply:
        response = line.get("response")
        if response is None:
            return unanswered(str((line.get("error") or {}).get("code"))[:40])
        if response["status_code"] == 200:
            return self._adapter.read_body(response["body"])
        return self._adapter.failure(int(response["status_code"]), response["body"])

    def _state(self, batch: Any) -> BatchState:
        total, done = _counts(batch)
        if batch.status == "failed":
            found = (batch.errors.data if batch.errors else None) or [None]
            body = {"code": getattr(found[0], "code", ""), "message": getattr(found[0], "message", "")}
            return BatchState("failed", total, 0, self._adapter.failure(400, body))
        ended = batch.status in ("completed", "expired", "cancelled")
        return BatchState("ended" if ended else "running", total, done)


def _id(batch: Any) -> str:
    if not isinstance(batch.id, str) or not batch.id:
        raise TypeError("a batch without an id")
    return batch.id


def _counts(batch: Any) -> tuple[int, int]:
    counts = batch.request_counts
    return (0, 0) if counts is None else (int(counts.total), int(counts.completed + counts.failed))


def _start(token: str) -> bytes:
    """How the file of a batch with this token begins."""
    return b'{"custom_id":"' + custom_id(token, 0).encode() + b'"'


async def _first_bytes(sdk: Any, file: str, like: bytes) -> bytes:
    """As many of a file's first bytes."""
    start = b""
    async with (
        sdk.files.with_streaming_response.content(file) as answer,
        aclosing(answer.iter_bytes()) as chunks,
    ):
        async for chunk in chunks:
            start += chunk
            if len(start) >= len(like):
                break
    return start[: len(like)]


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncGenerator[dict[str, Any], None]:
    """The JSON objects of a file. Lines end at a line feed alone: an answer may hold U+2028 as it is."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise ValueError("a line of a result file is too long")
        for line in whole:
            if line.strip():
                yield _object(line)
    if rest.strip():
        yield _object(rest)


def _object(line: bytes) -> dict[str, Any]:
    value = orjson.loads(line)
    if not isinstance(value, dict):
        raise ValueError("a line of a result file is no object")
    return value
