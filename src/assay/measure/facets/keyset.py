"""Pages by key: where a page begins is said by the last row before it, so that no row is skipped or read twice."""

from __future__ import annotations

import base64
import binascii
import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from assay.errors import UsageError

MOST: Final = 1_000
"""Rows of a page."""
_LONGEST: Final = 4_000
_CHECK: Final = 4

Key: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """At most `limit` rows, in the order `sort` (a field, `-` in front for the largest first), that come after the row
    of a key or before it; neither: the first ones."""

    limit: int = 20
    sort: str = ""
    after: str | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST:
            raise UsageError(f"a page of {self.limit} rows", f"ask for 1 to {MOST:,}")
        if self.after is not None and self.before is not None:
            raise UsageError("a page after one key and before another", "give one of them")


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of all that were chosen make a page: from `start` up to, not including, `stop`, of `total`."""

    start: int
    stop: int
    total: int


def window(rows: Sequence[int], key_of: Callable[[int], Key], page: Page, about: str) -> Window:
    """Where a page stands among `rows`, which are in the order of their keys. `about`: what keys are valid for.

    Reads a few keys: as many as halving the rows takes. Raises UsageError for a key that is none, or of another order.
    """
    total = len(rows)
    if page.before is not None:
        stop = bisect_left(rows, read_key(page.before, about), key=key_of)
        return Window(max(0, stop - page.limit), stop, total)
    start = 0
    if page.after is not None:
        start = bisect_right(rows, read_key(page.after, about), key=key_of)
    return Window(start, min(total, start + page.limit), total)


def write_key(key: Key, about: str) -> str:
    """A key as text that goes into an address or a command line; `about` goes into its check digits."""
    data = orjson.dumps(key)
    return base64.urlsafe_b64encode(_check(data, about) + data).rstrip(b"=").decode()


def read_key(text: str, about: str) -> Key:
    """The key that `write_key` wrote about the same. Raises UsageError."""
    try:
        raw = base64.urlsafe_b64decode(text[:_LONGEST] + "=" * (-len(text) % 4))
        if raw[:_CHECK] != _check(raw[_CHECK:], about):
            raise ValueError
        return tuple(orjson.loads(raw[_CHECK:]))
    except (ValueError, TypeError, binascii.Error):
        raise UsageError(
            f"{text[:40]!r} is no key of a page of this version in this order",
            "copy `next` or `previous` of an answer in the same order",
        ) from None


def _check(data: bytes, about: str) -> bytes:
    return hashlib.sha256(about.encode() + b"\n" + data).digest()[:_CHECK]
