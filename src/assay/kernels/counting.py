"""Units of length that mean the same in every script."""

from __future__ import annotations

import re

CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Han and kana, as a regular expression's character class. Hangul is written with spaces and counts by words."""

_CJK_PUNCTUATION = "\u3000-\u3004\u3008-\u3020\u3030\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
_UNIT = re.compile(f"[{CJK}]|[^\\s{CJK}{_CJK_PUNCTUATION}]+")


def units(text: str) -> list[str]:
    """The words of scripts with spaces, and every Han or kana character by itself, in order."""
    return text.split() if text.isascii() else _UNIT.findall(text)


def count_units(text: str) -> int:
    """How many `units` a text has."""
    return len(units(text))
