"""Batches that were sent and not read yet, written down so that no run loses one."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson

from assay.errors import Damaged, NotFound
from assay.llm.batches import custom_id
from assay.model.canonical import canonical_json
from assay.store.storage import Storage

_INTENT: Final = ".intent.json"
_BATCH: Final = ".batch.json"


@dataclass(frozen=True, slots=True)
class PendingBatch:
    """What is known of a batch. `token`: 32 hexadecimal digits, in its custom ids. `scope`: who answers, as in
    `Remembering`. `since`: when the provider's newest batch was made before this one. `requests`: the key of each
    request and the most that it can cost, in the order of the custom ids; US dollars, None without a price. `batch`:
    the provider's id; None until it is known that the batch was made.
    """

    token: str
    scope: str
    model: str
    since: str
    requests: tuple[tuple[str, Decimal | None], ...]
    batch: str | None = None

    @property
    def worst(self) -> Decimal:
        """The most that the batch can cost, where there is a price."""
        return sum((worst for _, worst in self.requests if worst is not None), Decimal(0))

    def names(self) -> dict[str, tuple[str, Decimal]]:
        """Key and worst cost of each request by its custom id."""
        return {
            custom_id(self.token, at): (key, worst or Decimal(0))
            for at, (key, worst) in enumerate(self.requests)
        }


@dataclass(frozen=True, slots=True)
class PendingBatches:
    """What is known of batches, in a storage of its own, such as the folder `cache/batches` of a registry.

    A batch has an intent, which is written before it is sent, and a file with its id, which is written when the
    provider has told it. Both hold digests and no texts, and are durable when a call returns. Raises StorageFailure.
    """

    storage: Storage

    def intend(
        self, scope: str, model: str, since: str, requests: Sequence[tuple[str, Decimal | None]]
    ) -> PendingBatch:
        """PendingBatch that a batch is about to be sent."""
        # A name that no other run has, whatever its randomness was begun with.
        pending = PendingBatch(secrets.token_hex(16), scope, model, since, tuple(requests))
        told = {
            "scope": scope,
            "model": model,
            "since": since,
            "requests": [[key, None if worst is None else f"{worst:f}"] for key, worst in pending.requests],
        }
        self._put(pending.token + _INTENT, told)
        return pending

    def made(self, pending: PendingBatch, batch: str) -> PendingBatch:
        """PendingBatch that the batch was made, and which id it has."""
        self._put(pending.token + _BATCH, {"batch": batch})
        return replace(pending, batch=batch)

    def drop(self, pending: PendingBatch) -> None:
        """Forget a batch: all that it came to is kept, or it was never made."""
        # The intent first: without it the other file means nothing.
        self.storage.delete(pending.token + _INTENT)
        self.storage.delete(pending.token + _BATCH)

    def of(self, scope: str) -> Iterator[PendingBatch]:
        """The batches of a scope that are not dropped, in no order. Raises Damaged."""
        for found in list(self.storage.list("")):
            token, dot, kind = found.key.partition(".")
            if dot + kind == _INTENT and (pending := self.read(token)) is not None and pending.scope == scope:
                yield pending
            elif dot + kind == _BATCH and self.storage.stat(token + _INTENT) is None:
                self.storage.delete(found.key)  # a run was killed as it dropped this one

    def read(self, token: str) -> PendingBatch | None:
        """A batch as it is known now, or None if it was dropped. Raises Damaged."""
        told = self._get(token + _INTENT)
        if told is None:
            return None
        known = self._get(token + _BATCH) or {"batch": None}
        try:
            requests = tuple(
                (str(key), None if worst is None else Decimal(worst)) for key, worst in told["requests"]
            )
            return PendingBatch(token, told["scope"], told["model"], told["since"], requests, known["batch"])
        except (KeyError, TypeError, ValueError, InvalidOperation):
            raise _damaged(token + _INTENT) from None

    def _put(self, key: str, told: dict[str, Any]) -> None:
        digest = hashlib.sha256(canonical_json(told)).hexdigest()
        self.storage.put(key, canonical_json({"digest": digest, "pending": told}))

    def _get(self, key: str) -> dict[str, Any] | None:
        try:
            data = self.storage.get(key)
        except NotFound:
            return None
        try:
            whole = orjson.loads(data)
            told: dict[str, Any] = whole["pending"]
            if whole["digest"] == hashlib.sha256(canonical_json(told)).hexdigest():
                return told
        except (ValueError, TypeError, KeyError):
            pass
        raise _damaged(key)


def _damaged(key: str) -> Damaged:
    return Damaged(
        f"the file of a pending batch is damaged: {key}",
        "a batch that was paid for may belong to it: look at the batches on the provider's page, then delete the file",
    )
