"""What a field's value is called when rows are put into groups by it."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from assay.model.canonical import canonical_json

LABEL_BYTES: Final = 64


def label_of(value: Any) -> str:
    """A text for any JSON value: a text as it is (white space at its ends aside), anything else as canonical JSON.

    `None` and blank texts are "", which means that there is no value. At most `LABEL_BYTES` bytes of UTF-8: a
    longer one is cut and ends with `…` and twelve digits of its SHA-256, so that different ones stay different.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.replace("\0", " ").strip()
    else:
        try:
            text = canonical_json(value).decode()
        except (TypeError, ValueError, RecursionError):
            text = repr(value)
    raw = text.encode("utf-8", "backslashreplace")
    if len(raw) <= LABEL_BYTES:
        return raw.decode()
    tail = "…" + hashlib.sha256(raw).hexdigest()[:12]
    return raw[: LABEL_BYTES - len(tail.encode())].decode("utf-8", "ignore") + tail
