"""Where personal data stands in a text: patterns in linear time, each confirmed by its own rules.

Patterns are matched by RE2, which never backtracks. What surrounds a match is looked at afterwards and not
by `\\b`, because a letter of Chinese beside a digit is no word boundary to a regular expression.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

import re2

TYPES: Final = ("email", "phone", "us_ssn", "bank_card", "ip", "cn_id_card", "cn_mobile")


@dataclass(frozen=True, slots=True)
class Hit:
    """Personal data of a type at text[start:end], in code points."""

    type: str
    start: int
    end: int


_FULL_WIDTH: Final[dict[int, int | str]] = {
    **{0xFF10 + k: 0x30 + k for k in range(10)},
    0xFF20: "@",
    0xFF0E: ".",
    0xFF0D: "-",
    0xFF0B: "+",
    0xFF38: "X",
    0xFF58: "x",
}
_HAS_FULL_WIDTH = re.compile("[\uff0b-\uff20\uff38\uff58]")

_PATTERNS: Final = {
    "email": r"[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}@[A-Za-z0-9][A-Za-z0-9\-]{0,62}"
    r"(?:\.[A-Za-z0-9\-]{1,63}){0,8}\.[A-Za-z]{2,24}",
    "phone": r"\+[1-9][0-9]{0,2}[ .\-]?(?:\([0-9]{1,4}\)[ .\-]?)?[0-9]{1,5}(?:[ .\-]?[0-9]{2,5}){1,4}"
    r"|(?:1[ .\-])?(?:\([2-9][0-9]{2}\)[ .\-]?|[2-9][0-9]{2}[ .\-])[0-9]{3}[ .\-][0-9]{4}",
    "us_ssn": r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
    "bank_card": r"[0-9]{13,19}|[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}(?:[ -][0-9]{1,3})?"
    r"|3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5}",
    "ip": r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}"
    r"|[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}",
    "cn_id_card": r"[1-9][0-9]{16}[0-9Xx]",
    "cn_mobile": r"(?:\+?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}){2}",
}


@lru_cache(maxsize=1)
def _compiled() -> tuple[Any, dict[str, Any]]:
    """The gate that tells in one scan which patterns occur at all, and each pattern by itself."""
    gate = re2.Set.SearchSet()
    for name in TYPES:
        gate.Add(_PATTERNS[name])
    gate.Compile()
    return gate, {name: re2.compile(_PATTERNS[name]) for name in TYPES}


def find(text: str, types: tuple[str, ...] = TYPES) -> list[Hit]:
    """All hits of the given types, by type and then by place. A stretch is reported as one type only."""
    if _HAS_FULL_WIDTH.search(text):
        text = text.translate(_FULL_WIDTH)
    gate, patterns = _compiled()
    possible = {TYPES[k] for k in gate.Match(text) or ()}
    hits: list[Hit] = []
    taken: list[tuple[int, int]] = []
    for name in _ORDER:
        if name not in possible:
            continue
        for match in patterns[name].finditer(text):
            start, end = match.span()
            if not _CONFIRM[name](text, start, end):
                continue
            if any(start < b and a < end for a, b in taken):
                continue
            taken.append((start, end))
            if name in types:
                hits.append(Hit(name, start, end))
    return hits


_ORDER: Final = ("email", "cn_id_card", "bank_card", "us_ssn", "cn_mobile", "phone", "ip")
"""The most specific first: an ID card's digits are no bank card, a mobile's no telephone number."""


def _beside(text: str, start: int, end: int) -> tuple[str, str]:
    return text[start - 1 : start], text[end : end + 1]


def _stands_alone(text: str, start: int, end: int) -> bool:
    """No ASCII letter or digit on either side, and no decimal fraction."""
    before, after = _beside(text, start, end)
    if (before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum()):
        return False
    if before in (".", ",", "-", "_", "/") and text[start - 2 : start - 1].isdigit():
        return False
    return not (after in (".", ",", "-", "_") and text[end + 1 : end + 2].isdigit())


def _email(text: str, start: int, end: int) -> bool:
    return ".." not in text[start:end] and not text[start:end].partition("@")[0].endswith(".")


def _phone(text: str, start: int, end: int) -> bool:
    digits = sum(c.isdigit() for c in text[start:end])
    return _stands_alone(text, start, end) and (8 if text[start] == "+" else 10) <= digits <= 15


def _ssn(text: str, start: int, end: int) -> bool:
    """The Social Security Administration never issued area 000, 666 or 9xx, group 00, serial 0000."""
    area, group, serial = text[start:end].split("-")
    issued = area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"
    return issued and _stands_alone(text, start, end)


def _bank_card(text: str, start: int, end: int) -> bool:
    """ISO/IEC 7812: an issuer that banks use (2–6, or 9 for China's), Luhn's check digit, not one digit only."""
    digits = [int(c) for c in text[start:end] if c.isdigit()]
    if digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) < 2 or not 13 <= len(digits) <= 19:
        return False
    return luhn(digits) and _stands_alone(text, start, end)


def luhn(digits: list[int]) -> bool:
    """Luhn's check (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if position % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _ip(text: str, start: int, end: int) -> bool:
    """A global address: loopback, private and documentation networks say nothing about a person."""
    spelled = text[start:end]
    if not _stands_alone(text, start, end) or _beside(text, start, end)[0] in (".", ":"):
        return False
    if text[max(0, start - 9) : start].rstrip(" :=v").lower().endswith(("version", "release", " ver")):
        return False
    try:
        return ipaddress.ip_address(spelled).is_global
    except ValueError:
        return False


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _cn_id_card(text: str, start: int, end: int) -> bool:
    return _stands_alone(text, start, end) and cn_id_card_valid(text[start:end])


def cn_id_card_valid(number: str) -> bool:
    """GB 11643-1999: a date of birth that exists, and the MOD 11-2 check character."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(c) for weight, c in zip(_WEIGHTS, number, strict=False))
    return 1900 <= born.year <= 2100 and "10X98765432"[total % 11] == number[17].upper()


def _cn_mobile(text: str, start: int, end: int) -> bool:
    return _stands_alone(text, start, end)


_CONFIRM: Final[dict[str, Callable[[str, int, int], bool]]] = {
    "email": _email,
    "phone": _phone,
    "us_ssn": _ssn,
    "bank_card": _bank_card,
    "ip": _ip,
    "cn_id_card": _cn_id_card,
    "cn_mobile": _cn_mobile,
}
