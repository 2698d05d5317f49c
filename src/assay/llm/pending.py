"""Batches that were paid for and not read yet, noted so that no run loses one."""

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
class Note:
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
    """Notes in a storage of their own, such as the folder `cache/batches` of a registry.

    A batch has an intent, which is written before it is sent, and a file with its id, which is written when the
    provider has told it. Both hold digests and no texts, and are durable when a call returns. Raises StorageFailure.
    """

    storage: Storage

    def intend(
        self, scope: str, model: str, since: str, requests: Sequence[tuple[str, Decimal | None]]
    ) -> Note:
        """Note that a batch is about to be sent."""
        # A name that no other run has, whatever its randomness was begun with.
        note = Note(secrets.token_hex(16), scope, model, since, tuple(requests))
        told = {
            "scope": scope,
            "model": model,
            "since": since,
            "requests": [[key, None if worst is None else f"{worst:f}"] for key, worst in note.requests],
        }
        self._put(note.token + _INTENT, told)
        return note

    def made(self, note: Note, batch: str) -> Note:
        """Note that the batch was made, and which id it has."""
        self._put(note.token + _BATCH, {"batch": batch})
        return replace(note, batch=batch)

    def drop(self, note: Note) -> None:
        """Forget a batch: all that it came to is kept, or it was never made."""
        # The intent first: without it the other file means nothing.
        self.storage.delete(note.token + _INTENT)
        self.storage.delete(note.token + _BATCH)

    def of(self, scope: str) -> Iterator[Note]:
        """The batches of a scope that are not dropped, in no order. Raises Damaged."""
        for found in list(self.storage.list("")):
            token, dot, kind = found.key.partition(".")
            if dot + kind == _INTENT and (note := self.read(token)) is not None and note.scope == scope:
                yield note
            elif dot + kind == _BATCH and self.storage.stat(token + _INTENT) is None:
                self.storage.delete(found.key)  # a run was killed as it dropped this one

    def read(self, token: str) -> Note | None:
        """The note of a batch as it is now, or None if it was dropped. Raises Damaged."""
        told = self._get(token + _INTENT)
        if told is None:
            return None
        known = self._get(token + _BATCH) or {"batch": None}
        try:
            requests = tuple(
                (str(key), None if worst is None else Decimal(worst)) for key, worst in told["requests"]
            )
            return Note(token, told["scope"], told["model"], told["since"], requests, known["batch"])
        except (KeyError, TypeError, ValueError, InvalidOperation):
            raise _damaged(token + _INTENT) from None

    def _put(self, key: str, told: dict[str, Any]) -> None:
        digest = hashlib.sha256(canonical_json(told)).hexdigest()
        self.storage.put(key, canonical_json({"digest": digest, "note": told}))

    def _get(self, key: str) -> dict[str, Any] | None:
        try:
            data = self.storage.get(key)
        except NotFound:
            return None
        try:
            whole = orjson.loads(data)
            told: dict[str, Any] = whole["note"]
            if whole["digest"] == hashlib.sha256(canonical_json(told)).hexdigest():
                return told
        except (ValueError, TypeError, KeyError):
            pass
        raise _damaged(key)


def _damaged(key: str) -> Damaged:
    return Damaged(
        f"the note of a batch is damaged: {key}",
        "a batch that was paid for may belong to it: look at the batches on the provider's page, then delete the file",
    )
