"""A source: a file that records were read from, and how it was understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """`uri` as it was named; `sha256` and `bytes` of the file as it lies on disk, compressed if it is."""

    uri: str
    sha256: str
    bytes: int
    container: str
    compression: str
    shape: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Source:
        return cls(**{name: value[name] for name in cls.__dataclass_fields__})
