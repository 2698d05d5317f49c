"""What stands beside a match, and the same text in one width.

Cue words are searched in at most 48 characters before a match, so that whatever a pattern does there is bounded.
"""

from __future__ import annotations

import re
from typing import Final

REACH: Final = 48

_NARROW: Final[dict[int, str]] = {
    **{0xFF01 + k: chr(0x21 + k) for k in range(94)},
    **dict.fromkeys([0x00A0, 0x2002, 0x2003, 0x2007, 0x2009, 0x202F, 0x3000], " "),
    **dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212], "-"),
}
_LETTERS_OR_DIGITS: Final = re.compile("[\uff10-\uff19\uff20-\uff3a\uff41-\uff5a]")
_SIGNS: Final = tuple((chr(k), v) for k, v in _NARROW.items() if not _LETTERS_OR_DIGITS.match(chr(k)))


def narrow(text: str) -> str:
    """Full-width letters, digits and signs, odd spaces and dashes as ASCII; every character keeps its place.

    Chinese punctuation is full-width in nearly every text, letters and digits rarely are: only then is the
    table looked up character by character.
    """
    if text.isascii():
        return text
    if _LETTERS_OR_DIGITS.search(text):
        return text.translate(_NARROW)
    for wide, sign in _SIGNS:
        if wide in text:
            text = text.replace(wide, sign)
    return text


def stands_alone(text: str, start: int, end: int) -> bool:
    """No ASCII letter or digit on either side, and no longer number that goes on behind a sign."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if (before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum()):
        return False
    if before in (".", ",", "-", "_", "/") and text[start - 2 : start - 1].isdigit():
        return False
    return not (after in (".", ",", "-", "_") and text[end + 1 : end + 2].isdigit())


def amid_numbers(text: str, start: int, end: int) -> bool:
    """Whether numbers are its neighbours, with a space between: one of a row of numbers, or of a table."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return (before[1:] == " " and before[:1].isdigit()) or (after[:1] == " " and after[1:].isdigit())


def digits_of(text: str, start: int, end: int) -> str:
    """The ASCII digits in text[start:end]."""
    return "".join(c for c in text[start:end] if "0" <= c <= "9")


def cued(text: str, start: int, cue: re.Pattern[str]) -> bool:
    """Whether the cue ends right before `start`; the pattern has to end in `$`."""
    return cue.search(text[max(0, start - REACH) : start]) is not None
