"""registry.json: what says that a folder is a registry, and which format it has."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import orjson

from assay.errors import Damaged, NotFound, UsageError
from assay.model.canonical import canonical_json
from assay.store.storage import Storage

FORMAT: Final = 1
KEY: Final = "registry.json"


@dataclass(frozen=True, slots=True)
class Layout:
    """What registry.json says: the registry's own id and when it was made (RFC 3339)."""

    id: str
    created: str
    format: int = FORMAT


def create(storage: Storage, id: str, created: str) -> Layout:
    """Make an empty registry. Raises UsageError when there is one already."""
    value = {"format": FORMAT, "id": id, "created": created}
    data = canonical_json(value | {"sha256": hashlib.sha256(canonical_json(value)).hexdigest()})
    if not storage.put_if_absent(KEY, data):
        raise UsageError("there is a registry here already", "use it, or choose another folder")
    return Layout(id, created)


def open(storage: Storage) -> Layout:
    """What registry.json says. Raises NotFound, Damaged, or UsageError for a newer format."""
    try:
        data = storage.get(KEY)
    except NotFound:
        raise NotFound("there is no registry here", "make one with `assay init`") from None
    try:
        value = orjson.loads(data)
        rest = {k: v for k, v in value.items() if k != "sha256"}
        whole = canonical_json(rest | {"sha256": hashlib.sha256(canonical_json(rest)).hexdigest()}) == data
        layout = Layout(value["id"], value["created"], value["format"])
    except (ValueError, KeyError, AttributeError, TypeError):
        whole = False
    if not whole:
        raise Damaged(f"{KEY} is not what its own digest says", "restore it from a copy of the registry")
    if layout.format > FORMAT:
        raise UsageError(
            f"this registry has format {layout.format}; this program knows formats up to {FORMAT}",
            "install a newer assay",
        )
    return layout
