"""JSON text as exports have it."""

from __future__ import annotations

import json
from typing import Any

import orjson


def spell(value: Any) -> bytes:
    """JSON in UTF-8; integers of any size stay integers."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
