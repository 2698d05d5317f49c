"""One entry of the append-only log: who did what, when, after which entry."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from assay.model.canonical import canonical_json

RESERVED: Final = frozenset({"seq", "prev", "time", "actor", "action", "dataset", "sha256"})
"""Fields of an operation that a body may not use."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One log entry. `prev` is the SHA-256 (hex) of the bytes of the entry before it, None for the first.

    `time` is RFC 3339 in UTC, as the caller gave it; `dataset` is None for what concerns the registry;
    `body` holds whatever else the action needs, JSON values only.
    """

    seq: int
    prev: str | None
    time: str
    actor: str
    action: str
    dataset: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    def as_bytes(self) -> bytes:
        """The bytes of the log file: canonical JSON, with the digest of everything else in `sha256`.

        The digest finds a flipped bit in the newest entry, which no later `prev` covers yet. Raises
        ValueError when the body uses a reserved field or is not JSON.
        """
        clash = RESERVED & self.body.keys()
        if clash:
            raise ValueError(f"an operation's body cannot have the field {sorted(clash)[0]!r}")
        value = {
            **self.body,
            "seq": self.seq,
            "prev": self.prev,
            "time": self.time,
            "actor": self.actor,
            "action": self.action,
            "dataset": self.dataset,
        }
        return canonical_json(value | {"sha256": hashlib.sha256(canonical_json(value)).hexdigest()})

    @classmethod
    def from_bytes(cls, data: bytes) -> Operation:
        """The operation that `data` spells. Raises ValueError when a single byte is not as it was written."""
        value = orjson.loads(data)
        if not isinstance(value, dict) or not value.keys() >= RESERVED:
            raise ValueError("not a log entry: fields are missing")
        operation = cls(
            value["seq"], value["prev"], value["time"], value["actor"], value["action"], value["dataset"],
            {k: v for k, v in value.items() if k not in RESERVED},
        )  # fmt: skip
        if operation.as_bytes() != data:
            raise ValueError("the entry is not what its own digest says")
        return operation


def digest(data: bytes) -> str:
    """What the next entry's `prev` says of an entry with these bytes."""
    return hashlib.sha256(data).hexdigest()
