"""What a text holds at a glance: one byte of bits that saves a closer look."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from assay.kernels import native
from assay.kernels.texts import Texts

WORDS: Final = 1
"""Something beside white space."""
CONTROLS: Final = 2
"""NUL or another control character but tab, line feeds, carriage return and escape."""
NOT_ASCII: Final = 4
AT: Final = 8
"""An at sign, of either width."""
DIGITS: Final = 16
"""Four digits or more, of either width."""
COLONS: Final = 32
"""Two colons or more, of either width."""

_CONTROLS = {chr(c) for c in (*range(9), 11, *range(14, 27), *range(28, 32), 127)}
_DIGITS = frozenset("0123456789０１２３４５６７８９")


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
    bits |= DIGITS if sum(c in _DIGITS for c in text) >= 4 else 0
    return bits | (COLONS if text.count(":") + text.count("：") >= 2 else 0)
