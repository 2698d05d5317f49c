"""Numbers of documents and accounts that only a word beside them tells from any other number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from assay.kernels.pii_surroundings import cued, digits_of, stands_alone

PASSPORT: Final = r"[A-Za-z]{1,2}[0-9]{7,8}|[0-9]{9}"
DRIVER_LICENSE: Final = r"[A-Za-z]{0,2}[0-9][0-9\-]{5,15}"
CN_PLATE: Final = r"\?[A-HJ-NP-Z][ .?\-]?[A-HJ-NP-Z0-9]{4,6}"

_PASSPORT_CUE: Final = re.compile(
    r"(?:passport|护照|護照)(?: no\.| nr\.)?[^0-9.!?。！？]{0,20}$", re.IGNORECASE
)
_LICENSE_CUE: Final = re.compile(
    r"(?:driv(?:er'?s?|er’s|ing) licen[cs]e|驾驶证|驾照)(?: no\.)?[^0-9.!?。！？]{0,16}$", re.IGNORECASE
)
_PROVINCE: Final = frozenset("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")
_PLATE_END: Final = frozenset("挂学警港澳")


def passport(text: str, start: int, end: int) -> int:
    """A letter or two and 7 or 8 digits, or 9 digits, right after the word."""
    return end if stands_alone(text, start, end) and cued(text, start, _PASSPORT_CUE) else 0


def driver_license(text: str, start: int, end: int) -> int:
    """At least 6 digits, right after the words."""
    while text[end - 1] == "-":
        end -= 1
    if len(digits_of(text, start, end)) < 6 or not stands_alone(text, start, end):
        return 0
    return end if cued(text, start, _LICENSE_CUE) else 0


def cn_plate(text: str, start: int, end: int) -> int:
    """GA 36: the province, a letter, and 5 characters (6 for new-energy cars), at least 3 of them digits."""
    if text[start] not in _PROVINCE or (text[start + 2] > "\x7f" and text[start + 2] not in "·•・"):
        return 0
    body = text[start + 2 : end].lstrip(" .-·•・")
    if len(body) == 4 and text[end : end + 1] in _PLATE_END and end < len(text):
        end += 1
    elif len(body) not in (5, 6):
        return 0
    after = text[end : end + 1]
    return end if len(digits_of(text, start, end)) >= 3 and not (after.isascii() and after.isalnum()) else 0


_SERVICES: Final = ("微信", "威信", "echat", "eChat", "ECHAT", "qq", "QQ", "Qq", "支付宝", "lipay")
_ACCOUNT_CUE: Final = re.compile("微信|威信|[Ww]e[Cc]hat|WECHAT|[Qq][Qq]|支付宝|[Aa]lipay")
_ACCOUNT: Final = re.compile(
    r"(?P<label>号码?|[账帐][号户]| ?(?:ID|id|Id|account|number|no\.?))?(?P<link> {0,2}(?:是|为|is )?[ :=]{0,3})"
    r"(?P<id>[A-Za-z0-9][A-Za-z0-9_\-]{4,19})(?![A-Za-z0-9])"
)
_NOT_A_NAME: Final = re.compile(" ?(?:[万亿个人名元年%]|users|people)")


def accounts(text: str) -> Iterator[tuple[int, int]]:
    """Where a WeChat, QQ or Alipay account stands right after the service's name.

    Digits are believed after the name alone. Letters are believed as a WeChat account after a word such as
    `微信号`, or after a colon when a digit, `_` or `-` is among them: `微信: android` names no person.
    """
    if not any(service in text for service in _SERVICES):
        return
    for cue in _ACCOUNT_CUE.finditer(text):
        before = text[cue.start() - 1 : cue.start()]
        found = _ACCOUNT.match(text, cue.end())
        if found is None or (before.isascii() and before.isalnum()) or _NOT_A_NAME.match(text, found.end()):
            continue
        if _is_account(cue[0].lower(), found["id"], bool(found["label"]), found["link"]):
            yield found.span("id")


def _is_account(service: str, name: str, labelled: bool, link: str) -> bool:
    if service in ("支付宝", "alipay"):
        return name.isdigit() and len(name) == 16 and name.startswith("2088")
    if name.isdigit():
        return 5 <= len(name) <= 11 and name[0] != "0" and len(set(name)) > 1
    if service == "qq" or not name[0].isalpha() or len(name) < 6 or len(set(name)) < 3:
        return False
    telling = any(c.isdigit() or c in "_-" for c in name)
    return (labelled and (telling or bool(link.strip()))) or (":" in link and telling)
