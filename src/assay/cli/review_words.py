"""What reviewers write on a command line: tags, and payloads in files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from assay.errors import BadInput, NotFound, UsageError

LARGEST = 64 << 20
"""Bytes of a file with a payload."""


def read_tags(words: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE words. Raises UsageError."""
    tags: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not value:
            raise UsageError(f"{word[:60]!r} is not KEY=VALUE", "as in --tag reason=style")
        if key in tags:
            raise UsageError(f"tag {key[:60]!r} was given twice", "give one value")
        tags[key] = value
    return tags


def read_payload(file: str) -> dict[str, Any]:
    """The JSON object in a file, or on standard input (`-`); one that `show --json` or `next --json` printed gives its
    payload. Raises NotFound, BadInput."""
    try:
        data = sys.stdin.buffer.read(LARGEST + 1) if file == "-" else _bytes(Path(file))
        if len(data) > LARGEST:
            raise BadInput(f"{file} has more than {LARGEST >> 20} MiB", "a payload is one example")
        value = orjson.loads(data)
    except FileNotFoundError:
        raise NotFound(f"no file {file}", "write the payload into it: `assay show ID --json`") from None
    except OSError as error:
        raise BadInput(
            f"{file} cannot be read: {error.strerror}", "name a file with one JSON object"
        ) from None
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{file} is not JSON: {error}", "a payload is one JSON object") from None
    if not isinstance(value, dict):
        raise BadInput(
            f"{file} holds no JSON object", "a payload is one, such as `assay show ID --json` prints"
        )
    held = value.get("payload")
    return held if isinstance(held, dict) and "id" in value else value


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)
