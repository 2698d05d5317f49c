"""Canonical JSON (RFC 8785): the one way to spell a value in bytes, so that equal values have equal digests."""

from __future__ import annotations

from typing import Any

import orjson
import rfc8785


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value (UTF-8, keys in UTF-16 order, ECMAScript numbers).

    Raises ValueError for what JSON cannot carry without loss: NaN, infinities, integers that no double is
    (2⁵³+1), lone surrogates, keys that are not strings, nesting deeper than Python's stack.
    """
    if _is_plain(value, 0):
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except TypeError as error:
            raise ValueError(str(error)) from None
    try:
        spelled: bytes = rfc8785.dumps(_as_doubles(value))
        return spelled
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f"not canonical JSON: {error}") from None


def _as_doubles(value: Any) -> Any:
    """The value with its large integers as the doubles that they are: 10¹⁶ and 1e16 are one number in JSON."""
    if type(value) is int and not -_SAFE_INTEGER <= value <= _SAFE_INTEGER and abs(value) < 2**1023:
        double = float(value)
        # Either exactly that double, or the digits that ECMAScript prints for it.
        return double if int(double) == value or rfc8785.dumps(double) == str(value).encode() else value
    if type(value) is list:
        return [_as_doubles(item) for item in value]
    if type(value) is dict:
        return {key: _as_doubles(item) for key, item in value.items()}
    return value


_SAFE_INTEGER = 2**53 - 1
_PLAIN_DEPTH = 64


def _is_plain(value: Any, depth: int) -> bool:
    """Whether orjson spells this value exactly as RFC 8785 does: ASCII keys, no floats, small integers."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return bool(-_SAFE_INTEGER <= value <= _SAFE_INTEGER)
    if depth >= _PLAIN_DEPTH:
        return False
    if kind is list:
        return all(_is_plain(item, depth + 1) for item in value)
    if kind is dict:
        return all(
            type(key) is str and key.isascii() and _is_plain(item, depth + 1) for key, item in value.items()
        )
    return False
