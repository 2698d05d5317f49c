"""A receipt: what a training run was given, taken down when it began and again when it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Self

from assay.errors import Damaged

STATES: Final = ("started", "finished", "failed")
_TEXTS: Final = ("run", "version", "fingerprint", "started", "state")
_OPTIONAL: Final = ("split", "transform", "chat_template", "ended", "checkpoint", "program")
_MAPS: Final = ("environment", "trackers", "metrics")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What run `run` learned from: a version, or one split of it, by name and by content.

    `rows`: how many examples it was given. `transform` and `chat_template`: SHA-256 of what was done to the rows
    and of the template that made text of them ("sha256:…"), None when nothing was said of it. `environment`: what
    it ran on, by name. `trackers`: tracker → the run's id there. `checkpoint`: the log's checkpoint when the run
    began, which ties the run to a history (RFC 6962 tree). `metrics`: what came out, by name. Times are RFC 3339 in
    UTC.
    """

    run: str
    version: str
    fingerprint: str
    rows: int
    started: str
    split: str | None = None
    transform: str | None = None
    chat_template: str | None = None
    seed: int | None = None
    program: str | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    trackers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    checkpoint: str | None = None
    state: str = "started"
    ended: str | None = None
    metrics: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def ref(self) -> str:
        """`helpdesk@v2:train`."""
        return f"{self.version}:{self.split}" if self.split else self.version

    def as_json(self) -> dict[str, Any]:
        """The fields that say something."""
        spelled = {
            name: dict(value) if isinstance(value, Mapping) else value for name, value in _fields(self)
        }
        return {name: value for name, value in spelled.items() if value is not None and value != {}}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """The receipt that `as_json` spelled. Raises Damaged, naming the field."""
        for name in _TEXTS:
            _check(name, found.get(name), str)
        for name in _OPTIONAL:
            _check(name, found.get(name), str | None)
        for name in _MAPS:
            _check(name, found.get(name, {}), dict)
        _check("rows", found.get("rows"), int)
        _check("seed", found.get("seed"), int | None)
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in found.items() if name in known})


def tracker_digest(fingerprint: str) -> str:
    """The 32 hexadecimal digits that stand for a fingerprint where a tracker has room for no more."""
    return fingerprint.removeprefix("sha256:")[:32]


def _fields(receipt: Receipt) -> list[tuple[str, Any]]:
    return [(name, getattr(receipt, name)) for name in receipt.__dataclass_fields__]


def _check(name: str, value: Any, type_: Any) -> None:
    if not isinstance(value, type_) or isinstance(value, bool):
        raise Damaged(f"field {name!r} of a receipt holds no such value")
