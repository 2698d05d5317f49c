"""Log entries read strictly, with the standard library alone: canonical JSON (RFC 8785) and the entry's own digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

_FIELDS = {"seq", "prev", "time", "actor", "action", "dataset", "sha256"}
_SAFE_INTEGER = 2**53 - 1
_TEXT = json.JSONEncoder(ensure_ascii=False).encode


def spell(value: Any) -> str:
    """The RFC 8785 text of what `json.loads` gave. Raises ValueError for what JSON cannot carry without loss."""
    if isinstance(value, str):
        return _TEXT(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return str(value) if abs(value) <= _SAFE_INTEGER else _number(_double(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return f"[{','.join(map(spell, value))}]"
    return _braced(_members(value).values())


def parse_entry(data: bytes) -> dict[str, Any]:
    """The fields of a log entry. Raises ValueError when a single byte is not as it was written."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_distinct)
        if not isinstance(value, dict) or not value.keys() >= _FIELDS:
            raise ValueError("not a log entry: fields are missing")
        members = _members(value)
        whole = _braced(members.values())
        del members["sha256"]
        digest = hashlib.sha256(_braced(members.values()).encode()).hexdigest()
        if value["sha256"] != digest or whole.encode() != data:
            raise ValueError("the entry is not what its own digest says")
    except RecursionError:
        raise ValueError("the entry is nested too deeply") from None
    if type(value["seq"]) is not int or not isinstance(value["prev"], (str, type(None))):
        raise ValueError("not a log entry: seq or prev is of the wrong type")
    return value


def _members(value: dict[str, Any]) -> dict[str, str]:
    """Field → how it and its value are spelled, in the order of RFC 8785: by UTF-16 code units."""
    ordered = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return {name: f"{spell(name)}:{spell(value[name])}" for name in ordered}


def _braced(members: Iterable[str]) -> str:
    return "{" + ",".join(members) + "}"


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a field is there twice")
    return value


def _double(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a number is too large") from None


def _number(value: float) -> str:
    """A double as ECMAScript prints it; Python's repr has the same shortest digits and another form."""
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("not a number")
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + part) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{fraction}e{point - 1:+d}"
    return text if value > 0 else f"-{text}"
