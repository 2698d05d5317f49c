"""Telephone numbers: how they are written, and what tells them from other numbers.

A number is believed for its form (a country code, an area code in brackets, a leading 0 and groups) or, where
the form says little, for a cue word beside it. Lines that are nobody's own (toll-free and service numbers) are
left alone: they are in every second answer of customer support, and in every answer to somebody in distress.
"""

from __future__ import annotations

import re
from typing import Final

from assay.kernels.pii_surroundings import amid_numbers, cued, digits_of, stands_alone

_EXTENSION: Final = r"(?:[ ,]{0,2}(?:x|ext\.?|extension|#) ?[0-9]{1,6})?"

INTERNATIONAL: Final = (
    r"(?:\+|00)[1-9][0-9]{0,2}[ .\-]?(?:\([0-9]{1,4}\)[ .\-]?)?[0-9]{1,5}(?:[ .\-]?[0-9]{2,5}){1,4}"
    + _EXTENSION
)
AMERICAN: Final = (
    r"(?:1[ .\-])?(?:\([2-9][0-9]{2}\)[ .\-]?|[2-9][0-9]{2}[ .\-])[0-9]{3}[ .\-][0-9]{4}" + _EXTENSION
)
TRUNK: Final = (
    r"\(0[1-9][0-9]{0,3}\)[ .\-]?[0-9]{3,4}[ .\-]?[0-9]{3,4}"
    r"|0[1-9][0-9]{1,3}(?: [0-9]{2,7}){1,4}|0[1-9][0-9]{1,3}-[0-9]{3,4}[ \-]?[0-9]{3,4}"
    r"|0[1-9](?:\.[0-9]{2}){4}|0[1-9](?: [0-9]{2}){4}"
)
WITH_CUE: Final = (
    r"(?:[0-9]{7,13}|\([0-9]{2,5}\)[ .\-]?[0-9]{3,7}(?:[ .\-][0-9]{2,5}){0,2}"
    r"|[0-9]{2,5}(?: - |[ .\-/])[0-9]{2,7}(?:[ .\-/][0-9]{2,7}){0,3})" + _EXTENSION
)
CN_LANDLINE: Final = r"(?:\(0[0-9]{2,3}\)|0[0-9]{2,3})[ \-]?[2-9][0-9]{2,3}[ \-]?[0-9]{4}(?:-[0-9]{1,6})?"
CN_MOBILE: Final = r"(?:(?:\+|00)?86[ \-]?)?1[3-9][0-9](?:[ \-]?[0-9]{4}){2}"

_COUNTRY: Final = re.compile(
    r"1|7|2[07]|2[1-69][0-9]|3[0-469]|3[578][0-9]|4[013-9]|42[0-9]|5[1-8]|5[09][0-9]|6[0-6]|6[7-9][0-9]"
    r"|8[1246]|8[0578][0-9]|9[0-58]|9[679][0-9]"
)
_TOLL_FREE: Final = frozenset(("400", "800", "833", "844", "855", "866", "877", "888", "900"))
"""Of North America's plan, and 400, which is China's: its numbers are written 400-812-3456."""
_ALLOCATED: Final = re.compile(r"13[0-9]|14[5-9]|15[0-35-9]|16[2567]|17[0-8]|18[0-9]|19[0-35-9]")
_CN_AREA: Final = re.compile(r"010|02[0-9]|0[3-9][0-9]{2}")
_CUE: Final = re.compile(
    r"(?:(?<![a-z])(?:phone|tele?(?:ph|f)oo?n[a-z]{0,6}|mobile?|cell|tel|telefax|fax|whatsapp|sms|dial|puh|puhelin"
    r"|(?:call|text|ring|reach|contact|answering|messages?)(?: me| us| him| her| them)?(?: back)? (?:at|on|to)"
    r"|(?:desk|home|work|office|direct)(?= ?:))s?(?![a-z])"
    r"|电话|手机|座机|联系方式|致电|传真|電話|전화|тел|телефон|τηλ|โทร|هاتف|تلفن|טל)[^0-9!?。！？]{0,20}$",
    re.IGNORECASE,
)
_LABEL_AFTER: Final = re.compile(r"[ \-(,]{1,2}(?:office|fax|mobile|cell)(?![a-z])", re.IGNORECASE)
_DATE: Final = re.compile(
    r"(?:1[5-9]|20)[0-9]{2}(?:[ .\-/]| - )(?:[01]?[0-9][ .\-/][0-3]?[0-9]|(?:1[5-9]|20)[0-9]{2})(?![0-9])"
    r"|[0-3]?[0-9][ .\-/][0-3]?[0-9][ .\-/](?:19|20)[0-9]{2}(?![0-9])"
)


def international(text: str, start: int, end: int) -> int:
    """A country code that exists; 11 digits after +1, 8 to 15 elsewhere. 00 instead of + needs groups."""
    number = digits_of(text, start, end)
    if text[start] != "+":
        if text[start:end].isdigit() or amid_numbers(text, start, end):
            return 0
        number = number[2:]
    if not _COUNTRY.match(number) or len(set(number)) < 3 or not stands_alone(text, start, end):
        return 0
    if number[0] == "1":
        return end if len(number) >= 11 and number[1:4] not in _TOLL_FREE else 0
    return end if 8 <= len(number) <= 15 else 0


def american(text: str, start: int, end: int) -> int:
    """The North American plan's 3-3-4, unless only spaces part it or the line is toll-free."""
    spelled = text[start:end]
    number = digits_of(text, start, end)
    area = number[1:4] if number[0] == "1" else number[:3]
    if area in _TOLL_FREE or not any(c in "(.-" for c in spelled[:13]):
        return 0
    return end if stands_alone(text, start, end) and not amid_numbers(text, start, end) else 0


def trunk(text: str, start: int, end: int) -> int:
    """A national number with its leading 0, in groups: 9 to 11 digits of at least four sorts."""
    number = digits_of(text, start, end)
    if not 9 <= len(number) <= 11 or len(set(number)) < 4:
        return 0
    return end if stands_alone(text, start, end) and not amid_numbers(text, start, end) else 0


def with_cue(text: str, start: int, end: int) -> int:
    """7 to 13 digits right after a word such as `phone:` or `call me on`, or before `office` or `fax`."""
    number = digits_of(text, start, end)
    if not 7 <= len(number) <= 19 or number.endswith("00000") or _DATE.match(text[start:end]):
        return 0
    if "/" in text[start:end] and number[0] != "0":
        return 0
    fictional = (len(number) == 7 and number.startswith("555")) or number in "12345678901234567890"
    area = number[1:4] if number[0] == "1" and len(number) == 11 else number[:3] if len(number) == 10 else ""
    if fictional or area in _TOLL_FREE or len(set(number)) < 3 or not stands_alone(text, start, end):
        return 0
    grouped = not text[start:end].isdigit()
    return end if cued(text, start, _CUE) or (grouped and _LABEL_AFTER.match(text, end)) else 0


def cn_landline(text: str, start: int, end: int) -> int:
    """An area code and 7 or 8 digits; without a hyphen or brackets between them only after a cue word."""
    spelled = text[start:end]
    area, local = _CN_AREA.match(spelled.lstrip("(")), spelled
    if area is None or not stands_alone(text, start, end):
        return 0
    local = spelled.lstrip("(")[area.end() :]
    subscriber = digits_of(local, 0, len(local)) if "-" not in local[1:] else ""
    if "-" in local[1:]:
        head, _, extension = local.lstrip(")- ").rpartition("-")
        both = digits_of(head + extension, 0, len(head + extension))
        subscriber = both if len(both) <= 8 else digits_of(head, 0, len(head))
    if not 7 <= len(subscriber) <= 8 or len(set(subscriber)) < 2:
        return 0
    return end if local[0] in ")-" or cued(text, start, _CUE) else 0


def cn_mobile(text: str, start: int, end: int) -> int:
    """An allocated prefix; 13000000000 is thirteen thousand million, and `= -13812345678` a result."""
    number = digits_of(text, start, end)[-11:]
    if text[start - 1 : start] == "-" and text[start - 2 : start - 1] in (" ", "=", "("):
        return 0
    allocated = _ALLOCATED.match(number) and not number.endswith("000000")
    return end if allocated and stands_alone(text, start, end) else 0
