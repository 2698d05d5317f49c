"""What a text holds at a glance: one byte of bits that saves a closer look."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.kernels import native
from assay.kernels.counting import CJK
from assay.kernels.texts import Texts

WORDS: Final = 1
"""Something beside white space."""
CONTROLS: Final = 2
"""NUL or another control character but tab, line feeds, carriage return and escape."""
NOT_ASCII: Final = 4
AT: Final = 8
"""An at sign, of either width."""
NUMBER: Final = 16
"""A number of six digits or more, or of four with three points: digits of either width with at most two of
" .-()+" between one and the next."""
COLONS: Final = 32
"""A hexadecimal digit, a colon or hyphen, at most four such digits, a colon or hyphen, of either width."""
CUE: Final = 64
"""`echat`, `lipay` or `qq` in any case, or 微信, 威信, 付宝, 付寶: what an account's number stands beside."""
PLATE: Final = 128
"""A Han or kana character, a capital letter right behind it, and three digits within eight characters after that."""

_CONTROLS = {chr(c) for c in (*range(9), 11, *range(14, 27), *range(28, 32), 127)}
_DIGITS = frozenset("0123456789")
_NARROW = {point: point - 0xFEE0 for point in range(0xFF01, 0xFF5F)}
_RUN = re.compile(r"[0-9](?:[ .()+-]{0,2}[0-9])*")
_CUE = re.compile("(?i:echat|lipay|qq)|微信|威信|付宝|付寶", re.ASCII)
_PLATE = re.compile(f"[{CJK}][A-Z](?=(.{{0,8}}))", re.ASCII)
_HEX_COLONS = re.compile(r"[0-9A-Fa-f][:-][0-9A-Fa-f]{0,4}[:-]")


def glance(texts: Texts) -> npt.NDArray[np.uint8]:
    """uint8[n]: the bits of each text."""
    if native.available():
        return native.glance(texts)
    return np.fromiter(map(_bits, texts), np.uint8, len(texts))


def _bits(text: str) -> int:
    bits = WORDS if text.strip() else 0
    bits |= 0 if _CONTROLS.isdisjoint(text) else CONTROLS
    bits |= 0 if text.isascii() else NOT_ASCII
    bits |= AT if "@" in text or "＠" in text else 0
    plain = text.translate(_NARROW)
    if any(_is_long(run.group()) for run in _RUN.finditer(plain)):
        bits |= NUMBER
    bits |= CUE if _CUE.search(plain) else 0
    bits |= PLATE if any(sum(map(_DIGITS.__contains__, m[1])) >= 3 for m in _PLATE.finditer(plain)) else 0
    return bits | (COLONS if _HEX_COLONS.search(plain) else 0)


def _is_long(run: str) -> bool:
    digits = sum(c.isdigit() for c in run)
    return digits >= 6 or (digits >= 4 and run.count(".") >= 3)
