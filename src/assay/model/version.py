"""A version as it is written down: splits made of shared segments, less the rows that are excluded."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import orjson
from pyroaring import BitMap, FrozenBitMap

from assay.model.canonical import canonical_json

FORMAT: Final = 1
"""The newest manifest format this program writes and reads."""


@dataclass(frozen=True, slots=True)
class SegmentRef:
    """A segment and what can be known of it without opening it. `bytes` is its size; ids are hex."""

    object: str
    rows: int
    bytes: int
    min_id: str
    max_id: str

    def as_json(self) -> dict[str, Any]:
        return {
            "object": self.object,
            "rows": self.rows,
            "bytes": self.bytes,
            "min_id": self.min_id,
            "max_id": self.max_id,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SegmentRef:
        return cls(value["object"], value["rows"], value["bytes"], value["min_id"], value["max_id"])


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one segment that stand in a split: all but those whose ordinal is in `excluded`."""

    segment: SegmentRef
    excluded: FrozenBitMap

    @classmethod
    def of(cls, segment: SegmentRef, excluded: Iterable[int] = ()) -> Part:
        """Raises ValueError when an ordinal is not a row of the segment."""
        rows = BitMap(excluded)
        if rows and rows.max() >= segment.rows:
            raise ValueError(f"row {rows.max()} excluded of {segment.rows} rows in {segment.object}")
        rows.run_optimize()
        return cls(segment, FrozenBitMap(rows))

    @property
    def live(self) -> int:
        """How many rows it contributes."""
        return self.segment.rows - len(self.excluded)

    def as_json(self) -> dict[str, Any]:
        """`excluded` is null or base64 of the portable Roaring serialisation, run-optimised."""
        if not self.excluded:
            return {"segment": self.segment.as_json(), "excluded": None}
        rows = BitMap(self.excluded)
        rows.run_optimize()  # one spelling per set
        return {"segment": self.segment.as_json(), "excluded": base64.b64encode(rows.serialize()).decode()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Part:
        segment, spelled = SegmentRef.from_json(value["segment"]), value["excluded"]
        if spelled is None:
            return cls(segment, FrozenBitMap())
        return cls.of(segment, BitMap.deserialize(base64.b64decode(spelled, validate=True)))


@dataclass(frozen=True)
class Manifest:
    """One version of one dataset.

    `parents` are object names of the manifests it was made from, the one it is a change of first. `change`
    names the change object (None for a first version); `curation` a JSON object that says how it came
    about. `counts` maps each split to its examples. Splits without examples are not listed.
    """

    dataset: str
    number: int
    parents: tuple[str, ...]
    splits: Mapping[str, tuple[Part, ...]]
    fingerprint: str
    counts: Mapping[str, int]
    change: str | None = None
    curation: str | None = None
    message: str = ""
    format: int = FORMAT

    def as_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "dataset": self.dataset,
            "number": self.number,
            "parents": list(self.parents),
            "splits": {name: [part.as_json() for part in parts] for name, parts in self.splits.items()},
            "fingerprint": self.fingerprint,
            "counts": dict(self.counts),
            "change": self.change,
            "curation": self.curation,
            "message": self.message,
        }

    @cached_property
    def as_bytes(self) -> bytes:
        """The canonical JSON of the manifest: the bytes of its object."""
        return canonical_json(self.as_json())

    @cached_property
    def name(self) -> str:
        """The name of its object: SHA-256 of `as_bytes`, "<64 hex>.json"."""
        return hashlib.sha256(self.as_bytes).hexdigest() + ".json"

    @property
    def ref(self) -> str:
        """How people write this version: "helpdesk@v2"."""
        return f"{self.dataset}@v{self.number}"

    def is_same(self, other: Manifest) -> bool:
        """Whether both describe one version: then they differ in their segments at most (`compact`)."""
        mine, theirs = (
            (m.dataset, m.number, m.fingerprint, m.change, m.curation, m.message) for m in (self, other)
        )
        return mine == theirs

    @property
    def rows(self) -> int:
        """Examples in all splits."""
        return sum(self.counts.values())

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """The manifest that `data` spells. Raises ValueError when it is none, or of a newer format."""
        try:
            value = orjson.loads(data)
            if value["format"] > FORMAT:
                raise ValueError(
                    f"manifest format {value['format']} is newer than {FORMAT}, the newest known"
                )
            return cls.from_json(value)
        except (KeyError, TypeError, AttributeError, binascii.Error, orjson.JSONDecodeError) as error:
            raise ValueError(f"not a manifest: {error!r}") from None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Manifest:
        return cls(
            dataset=value["dataset"],
            number=value["number"],
            parents=tuple(value["parents"]),
            splits={k: tuple(Part.from_json(p) for p in parts) for k, parts in value["splits"].items()},
            fingerprint=value["fingerprint"],
            counts=dict(value["counts"]),
            change=value["change"],
            curation=value["curation"],
            message=value["message"],
            format=value["format"],
        )
