"""Answers that were paid for: kept before they are used, found by what was asked."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

import orjson

from assay.errors import StorageFailure
from assay.llm.client import Client, Reply, Request, Response
from assay.model.canonical import canonical_json

_DOMAIN: Final = b"assay.answer.v1\n"


class Answers(Protocol):
    """Bytes by name. What it gives may be missing at any time, and is paid for again then."""

    def get(self, name: str) -> bytes | None:
        """The bytes under a name, whole, or None."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Keep bytes under a name. They are there when it returns. Raises StorageFailure."""
        ...


@dataclass(frozen=True, slots=True)
class FileAnswers:
    """Answers in a folder, one file each: the SHA-256 of the bytes, then the bytes. Safe for many processes.

    A file gets its name when it is whole and synced. One that is damaged counts as missing.
    """

    folder: Path

    def get(self, name: str) -> bytes | None:
        """The bytes under a name, checked, or None."""
        try:
            held = self._path(name).read_bytes()
        except OSError:
            return None
        data = held[32:]
        return data if hashlib.sha256(data).digest() == held[:32] else None

    def put(self, name: str, data: bytes) -> None:
        """Keep bytes under a name, synced. Raises StorageFailure."""
        path = self._path(name)
        part = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(8)}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as file:
                file.write(hashlib.sha256(data).digest() + data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise StorageFailure(
                f"an answer that was paid for cannot be kept: {path.parent}: {error.strerror}",
                "see to the disk and run the command again: answers that were kept are not paid for twice",
            ) from error

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name}.answer"


@dataclass(frozen=True, slots=True)
class MemoryAnswers:
    """Answers that last as long as the process."""

    held: dict[str, bytes] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> bytes | None:
        """The bytes under a name, or None."""
        return self.held.get(name)

    def put(self, name: str, data: bytes) -> None:
        """Keep bytes under a name."""
        self.held[name] = data


def request_key(request: Request, scope: str = "") -> str:
    """What an answer is kept under: SHA-256, hexadecimal, of the canonical JSON of the request and of who answers.

    Raises ValueError for what JSON cannot carry (a lone surrogate, NaN).
    """
    return hashlib.sha256(_DOMAIN + canonical_json([scope, request.as_json()])).hexdigest()


@dataclass(frozen=True, slots=True)
class Remembering:
    """A client that pays for no answer twice: of equal requests under way at once, one is made.

    `scope` says who answers (the adapter's address): one name may be another model elsewhere. An answer is kept before
    it is given out, so that a run that was killed finds all that it used. Failures are not kept. Raises StorageFailure.
    """

    inner: Client
    answers: Answers
    scope: str
    _under_way: dict[str, asyncio.Task[Reply]] = field(default_factory=dict, repr=False)

    def knows(self, request: Request) -> bool:
        """Whether the answer is there."""
        return remembered(self.answers, request_key(request, self.scope)) is not None

    async def complete(self, request: Request) -> Reply:
        """The response, remembered or new, or why there is none."""
        key = request_key(request, self.scope)
        while (leader := self._under_way.get(key)) is not None:
            await asyncio.wait([leader])
            if not leader.cancelled():
                reply = leader.result()
                return replace(reply, cached=True) if isinstance(reply, Response) else reply
        known = remembered(self.answers, key)
        if known is not None:
            return known
        task = self._under_way[key] = asyncio.ensure_future(self._pay(key, request))
        # The first callback, so that whoever waits for it finds it gone.
        task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await task

    async def _pay(self, key: str, request: Request) -> Reply:
        reply = await self.inner.complete(request)
        if isinstance(reply, Response):
            await keep(self.answers, key, reply)
        return reply


async def keep(answers: Answers, key: str, response: Response) -> None:
    """Keep a response under the key of its request. Raises StorageFailure."""
    told = {name: value for name, value in asdict(response).items() if name != "cached"}
    await asyncio.to_thread(answers.put, key, canonical_json(told))


def remembered(answers: Answers, key: str) -> Response | None:
    """The response that is kept under the key of a request, or None."""
    data = answers.get(key)
    if data is None:
        return None
    try:
        return Response(**orjson.loads(data), cached=True)
    except (ValueError, TypeError):  # bytes that are whole, and of another program
        return None
