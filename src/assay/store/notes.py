"""Notes: free text of people, beside the log, so that it can be erased without breaking it."""

from __future__ import annotations

from assay.errors import Damaged
from assay.store.objects import Objects, object_key

SALT_BYTES = 16
"""Enough that nobody finds a short text by trying all of them against the digest in the log."""


def write_note(objects: Objects, text: str, salt: bytes) -> str:
    """Write a text with its salt; the object's name, which is what the log says of it."""
    if len(salt) < SALT_BYTES:
        raise ValueError(f"a salt has at least {SALT_BYTES} bytes")
    return objects.put_json({"salt": salt.hex(), "text": text})


def read_note(objects: Objects, name: str) -> str | None:
    """The text; None once it was erased. Raises Damaged when the object is no note."""
    if objects.storage.stat(object_key(name)) is None:
        return None
    value = objects.get_json(name)
    text = value.get("text") if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise Damaged(f"{object_key(name)} is not a note")
    return text
