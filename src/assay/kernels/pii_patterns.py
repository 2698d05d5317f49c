"""Where personal data stands in a text: patterns in linear time, each confirmed by its own rules.

Patterns are matched by RE2, which never backtracks, on the text in one width with one byte for each character
(`?` for all that is not ASCII), so that a place in the bytes is the place in the text whatever its script.
What surrounds a match is looked at afterwards and not by `\\b`, because a letter of Chinese beside a digit
is no word boundary to a regular expression.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from assay.kernels import pii_cued, pii_phone
from assay.kernels.pii_checksums import (
    bank_card_valid,
    cn_id_card_valid,
    cn_old_id_card_plausible,
    iban_length,
    iban_valid,
)
from assay.kernels.pii_surroundings import cued, digits_of, narrow, stands_alone

TYPES: Final = (
    "email",
    "phone",
    "us_ssn",
    "bank_card",
    "iban",
    "ip",
    "mac",
    "passport",
    "driver_license",
    "cn_id_card",
    "cn_mobile",
    "cn_landline",
    "cn_account",
    "cn_plate",
)


@dataclass(frozen=True, slots=True)
class Hit:
    """Personal data of a type at text[start:end], in code points."""

    type: str
    start: int
    end: int


def placeholder(type: str) -> str:
    """What stands for a hit once it is redacted: `[EMAIL]`."""
    return f"[{type.upper()}]"


_PLACEHOLDER: Final = re.compile(r"\[(?:" + "|".join(name.upper() for name in TYPES) + r")\]")
_NEITHER_DIGIT_NOR_AT: Final = bytes(k for k in range(256) if chr(k) not in "0123456789@")
_WIDE_SIGNS: Final = "＠０１２３４５６７８９"


def worth_a_look(text: str) -> bool:
    """False where no type can occur: no `@`, fewer than 4 digits (3 beside other scripts), no WeChat name."""
    signs = text.encode("ascii", "replace").translate(None, _NEITHER_DIGIT_NOR_AT)
    if len(signs) >= 4 or b"@" in signs or "eChat" in text or "echat" in text:
        return True
    if text.isascii():
        return False
    return len(signs) == 3 or ("微" in text and "微信" in text) or bool([c for c in _WIDE_SIGNS if c in text])


def find(text: str, types: tuple[str, ...] = TYPES) -> list[Hit]:
    """All hits of the given types, by place. A stretch is reported as one type only: the most specific.

    Takes any Unicode, lone surrogates too. A placeholder is no hit, and no cue for one beside it.
    """
    if not worth_a_look(text):
        return []
    text = narrow(text)
    if "[" in text:
        text = _PLACEHOLDER.sub(lambda found: "\x00" * len(found[0]), text)
    taken = bytearray(len(text))
    hits = []
    for name, start, end in _candidates(text):
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\x01" * (end - start)
            if name in types:
                hits.append(Hit(name, start, end))
    return sorted(hits, key=lambda hit: hit.start)


def _candidates(text: str) -> Iterator[tuple[str, int, int]]:
    """Confirmed matches, the most specific type first."""
    plain = text.encode("ascii", "replace")
    which, rules = _compiled()
    for position in sorted(which.Match(plain) or ()):
        name, pattern, confirm = rules[position]
        if name == "cn_account":
            yield from ((name, start, end) for start, end in pii_cued.accounts(text))
            continue
        for match in pattern.finditer(plain):
            start, end = match.span()
            end = confirm(text, start, end)
            if end:
                yield name, start, end


def _email(text: str, start: int, end: int) -> int:
    local = text[start:end].partition("@")[0]
    return 0 if ".." in text[start:end] or local.endswith(".") else end


def _ssn(text: str, start: int, end: int) -> int:
    """The Social Security Administration never issued area 000, 666 or 9xx, group 00, serial 0000."""
    number = digits_of(text, start, end)
    area, group, serial = number[:3], number[3:5], number[5:]
    issued = area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"
    spelled_out = end - start == 11 or cued(text, start, _SSN_CUE)
    return end if issued and spelled_out and stands_alone(text, start, end) else 0


_SSN_CUE: Final = re.compile(r"(?:\bssn|social security)[^0-9.!?]{0,16}$", re.IGNORECASE)


def _bank_card(text: str, start: int, end: int) -> int:
    return end if stands_alone(text, start, end) and bank_card_valid(digits_of(text, start, end)) else 0


def _iban(text: str, start: int, end: int) -> int:
    """The match may run into the next word: the country says where the number ends."""
    length = iban_length(text[start : start + 2])
    number, at = "", start
    while at < end and len(number) < length:
        number += text[at] if text[at] != " " else ""
        at += 1
    return at if length and iban_valid(number) and stands_alone(text, start, at) else 0


def _ip(text: str, start: int, end: int) -> int:
    """A global address: loopback, private and documentation networks say nothing about a person."""
    if len(digits_of(text, start, end)) < 4 and ":" in text[start:end]:
        return 0
    if not stands_alone(text, start, end) or text[start - 1 : start] in (".", ":"):
        return 0
    if text[max(0, start - 9) : start].rstrip(" :=v").lower().endswith(("version", "release", " ver")):
        return 0
    if end - start == 7 and len(set(text[start:end:2])) > 1 and not cued(text, start, _IP_CUE):
        return 0  # 4.1.3.7 is a section far more often than a host
    try:
        return end if ipaddress.ip_address(text[start:end]).is_global else 0
    except ValueError:
        return 0


_IP_CUE: Final = re.compile(
    r"(?:\bips?|\bipv4|\bhost|\bping|\bserver|地址)(?![a-z])[^0-9]{0,16}$", re.IGNORECASE
)


def _mac(text: str, start: int, end: int) -> int:
    """IEEE 802: a single card's address (not a group's), not of the range kept for documentation (RFC 7042)."""
    spelled = text[start:end].lower().replace("-", ":")
    if int(spelled[1], 16) % 2 or spelled.startswith("00:00:5e:00:53") or len(set(spelled)) < 5:
        return 0
    beside = text[start - 1 : start], text[end : end + 1]
    alone = stands_alone(text, start, end) and ":" not in beside and "-" not in beside
    return end if alone and len(digits_of(text, start, end)) >= 4 else 0


_ID_CUE: Final = re.compile(r"(?:身份证|证件|\bid(?: card)?)[^0-9。！？]{0,12}$", re.IGNORECASE)


def _cn_id_card(text: str, start: int, end: int) -> int:
    if not stands_alone(text, start, end):
        return 0
    if end - start == 15:
        return end if cn_old_id_card_plausible(text[start:end]) and cued(text, start, _ID_CUE) else 0
    return end if cn_id_card_valid(text[start:end]) else 0


Confirm = Callable[[str, int, int], int]
"""Given text and span, where the hit ends, or 0 when it is none."""


def _nothing(text: str, start: int, end: int) -> int:
    return 0


_RULES: Final[tuple[tuple[str, str, Confirm], ...]] = (
    (
        "email",
        r"[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}@[A-Za-z0-9][A-Za-z0-9\-]{0,62}"
        r"(?:\.[A-Za-z0-9\-]{1,63}){0,8}\.[A-Za-z]{2,24}",
        _email,
    ),
    (
        "iban",
        r"[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{11,30}"
        r"|[A-Za-z]{2}[0-9]{2}(?: [A-Za-z0-9]{4}){2,7}(?: [A-Za-z0-9]{1,4})?",
        _iban,
    ),
    ("cn_id_card", r"[1-9][0-9]{16}[0-9Xx]|[1-9][0-9]{14}", _cn_id_card),
    (
        "bank_card",
        r"[0-9]{12,19}|[0-9]{4}[ \-][0-9]{4}[ \-][0-9]{4}[ \-][0-9]{4}(?:[ \-][0-9]{1,3})?"
        r"|3[0-9]{3}[ \-][0-9]{6}[ \-][0-9]{4,5}",
        _bank_card,
    ),
    ("us_ssn", r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{3} [0-9]{2} [0-9]{4}|[0-9]{9}", _ssn),
    (
        "mac",
        r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}",
        _mac,
    ),
    ("cn_mobile", pii_phone.CN_MOBILE, pii_phone.cn_mobile),
    ("driver_license", pii_cued.DRIVER_LICENSE, pii_cued.driver_license),
    ("passport", pii_cued.PASSPORT, pii_cued.passport),
    ("cn_account", "[Qq][Qq]|(?i:wechat|alipay)|\\?\\?", _nothing),
    ("cn_landline", pii_phone.CN_LANDLINE, pii_phone.cn_landline),
    ("phone", pii_phone.INTERNATIONAL, pii_phone.international),
    ("phone", pii_phone.AMERICAN, pii_phone.american),
    ("phone", pii_phone.TRUNK, pii_phone.trunk),
    (
        "ip",
        r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}",
        _ip,
    ),
    ("cn_plate", pii_cued.CN_PLATE, pii_cued.cn_plate),
    ("phone", pii_phone.WITH_CUE, pii_phone.with_cue),
)
"""The most specific first: an ID card's digits are no bank card, a mobile's no telephone number."""


@lru_cache(maxsize=1)
def _compiled() -> tuple[Any, tuple[tuple[str, Any, Confirm], ...]]:
    """The set that tells in one scan which patterns occur at all, and each pattern by itself."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    which = re2.Set.SearchSet(options)
    for _, pattern, _ in _RULES:
        which.Add(pattern)
    which.Compile()
    rules = tuple(
        (name, re2.compile(pattern.encode(), options), confirm) for name, pattern, confirm in _RULES
    )
    return which, rules
