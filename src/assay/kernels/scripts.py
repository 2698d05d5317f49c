"""Which script a text is written in, and the languages that the script alone gives away.

One look-up table for all code points, one pass of NumPy over the first `LIMIT` characters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

LIMIT: Final = 600
"""Characters of prose that are looked at; docs/stages/language.md has the study behind the number."""

# Position in this table is the class of a code point; 0 is everything that is no letter.
# Blocks follow the Unicode standard (Blocks.txt); marks inside a block count with its letters.
_BLOCKS: Final[dict[str, str]] = {
    "Latin": "0041-005A 0061-007A 00AA 00BA 00C0-00D6 00D8-00F6 00F8-024F 1E00-1EFF 2C60-2C7F A722-A7FF "
    "AB30-AB6F FF21-FF3A FF41-FF5A",
    "Han": "3005-3007 3400-4DBF 4E00-9FFF F900-FAFF 20000-3FFFD",
    "Kana": "3041-3096 30A1-30FA 30FC 31F0-31FF FF66-FF9D",
    "Hangul": "1100-11FF 3131-318E A960-A97C AC00-D7FB",
    "Cyrillic": "0400-052F 1C80-1C8F 2DE0-2DFF A640-A69F",
    "Arabic": "0620-065F 066E-06D3 06D5-06DC 06FA-06FF 0750-077F 08A0-08FF FB50-FDFB FE70-FEFC",
    "Greek": "0370-0373 0376-037D 0386 0388-03FF 1F00-1FFF",
    "Hebrew": "0591-05F2 FB1D-FB4F",
    "Thai": "0E01-0E3A 0E40-0E4E",
    "Devanagari": "0900-0963 0970-097F A8E0-A8FF",
    "Bengali": "0980-09E3 09F0-09F1",
    "Gurmukhi": "0A01-0A5E 0A70-0A75",
    "Gujarati": "0A81-0AE3",
    "Oriya": "0B01-0B63",
    "Tamil": "0B82-0BD7",
    "Telugu": "0C00-0C63",
    "Kannada": "0C80-0CE3",
    "Malayalam": "0D00-0D63",
    "Sinhala": "0D81-0DF3",
    "Lao": "0E81-0ECD 0EDC-0EDF",
    "Tibetan": "0F00 0F40-0FBC",
    "Myanmar": "1000-103F 1050-108F",
    "Georgian": "10A0-10FF 1C90-1CBF 2D00-2D2D",
    "Ethiopic": "1200-135F 1380-138F 2D80-2DDE",
    "Khmer": "1780-17D3",
    "Armenian": "0531-0556 0561-0587 FB13-FB17",
}
SCRIPTS: Final = ("", *_BLOCKS)

# Scripts that (nearly) one language of today uses. The commonest is named; see the limits in the docs.
_ONE_LANGUAGE: Final = {
    "Hangul": "ko", "Greek": "el", "Hebrew": "he", "Thai": "th", "Devanagari": "hi", "Bengali": "bn",
    "Gurmukhi": "pa", "Gujarati": "gu", "Oriya": "or", "Tamil": "ta", "Telugu": "te", "Kannada": "kn",
    "Malayalam": "ml", "Sinhala": "si", "Lao": "lo", "Tibetan": "bo", "Myanmar": "my", "Georgian": "ka",
    "Ethiopic": "am", "Khmer": "km", "Armenian": "hy",
}  # fmt: skip

# Letters of Latin that say about as much as one character of the script: an English word has five letters
# and a Chinese one about two, so `我的 iPhone Pro 打不开` is Chinese although most of its letters are Latin.
_WEIGHT: Final = {"Han": 3.0, "Kana": 2.0, "Hangul": 2.0}

KANA_SHARE: Final = 0.05
"""Kana among Han and kana from which a text is Japanese; less is a quoted name."""

LONE_KANA_SHARE: Final = 0.2
"""The same for a single kana, which in a Chinese text is an ornament (鲜の味)."""

LATIN: Final = SCRIPTS.index("Latin")
_HAN, _KANA = SCRIPTS.index("Han"), SCRIPTS.index("Kana")
_ASCII_LETTERS: Final = bytes(b for b in range(128) if chr(b).isalpha())
_NOT_ASCII_LETTERS: Final = bytes(b for b in range(256) if b not in _ASCII_LETTERS)


@dataclass(frozen=True, slots=True)
class Script:
    """The script that carries most of a text.

    `name`: one of `SCRIPTS`, "" without letters; Han and kana count together, under the name of Kana when the
    text is Japanese. `share`: its part of what the letters say, 0 to 1. `letters`: how much that is, in Latin letters.
    """

    name: str
    share: float
    letters: float


def script_of(text: str) -> Script:
    """The leading script of the first `LIMIT` characters of a text."""
    head = text[:LIMIT]
    if head.isascii():
        letters = len(head.encode().translate(None, _NOT_ASCII_LETTERS))
        return Script("Latin", 1.0, float(letters)) if letters else Script("", 0.0, 0.0)
    points = np.frombuffer(head.encode("utf-32-le", "surrogatepass"), np.uint32)
    table, weights = tables()
    counts = np.bincount(table[points], minlength=len(SCRIPTS))
    counts[0] = 0
    weighed = counts * weights
    kana, both = int(counts[_KANA]), int(counts[_KANA] + counts[_HAN])
    japanese = kana > 0 and kana >= (KANA_SHARE if kana > 1 else LONE_KANA_SHARE) * both
    into, out_of = (_KANA, _HAN) if japanese else (_HAN, _KANA)
    weighed[into] += weighed[out_of]
    weighed[out_of] = 0.0
    total = float(weighed.sum())
    if not total:
        return Script("", 0.0, 0.0)
    best = int(weighed.argmax())
    return Script(SCRIPTS[best], float(weighed[best]) / total, float(weighed[best]))


def language_of_script(name: str) -> str | None:
    """The language that a script alone gives away: zh for Han, ja for Kana, …; None for Latin, Cyrillic and Arabic."""
    if name == "Han":
        return "zh"
    return "ja" if name == "Kana" else _ONE_LANGUAGE.get(name)


@cache
def tables() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """uint8[0x110000]: place of each code point's script in `SCRIPTS`; float64[scripts]: what a letter of it weighs."""
    table = np.zeros(0x110000, np.uint8)
    for number, name in enumerate(SCRIPTS[1:], 1):
        for block in _BLOCKS[name].split():
            first, _, last = block.partition("-")
            table[int(first, 16) : int(last or first, 16) + 1] = number
    return table, np.array([_WEIGHT.get(name, 1.0) for name in SCRIPTS])
