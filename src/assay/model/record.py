"""A record on its way from a source to an example: raw, parsed, or malformed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EXCERPT_BYTES = 256
"""How many of a malformed record's bytes the ledger keeps."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as its container gives it, before anybody looked inside.

    `number` is 1-based: the line of a JSONL, CSV or text file on which the record starts, the element of a
    JSON array, the row of a Parquet file. `offset` is the byte at which it starts in the decompressed
    stream (None for Parquet). `data` is the record's own bytes (JSON text), or a mapping where the
    container already has fields (CSV, Parquet).
    """

    number: int
    offset: int | None
    data: bytes | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that cannot become an example, and why. `length` is in bytes; `excerpt` is its beginning."""

    number: int
    offset: int | None
    length: int
    code: str
    message: str
    excerpt: bytes = b""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record understood: what the model is trained on, and all that is left over.

    `payload` is one of the four kinds of `assay.model.example`. `extra` holds the source's fields that no
    payload field carries, as they were. `hint` is whatever else the shape needs to write the very same
    record again (None in the common case). `provenance` holds the columns of
    `assay.model.provenance.COLUMNS` that the record itself states.
    """

    payload: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)
    hint: Any = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
