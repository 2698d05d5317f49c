"""Which script a text is written in: what can be said of its language without a model."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Final

Language = Callable[[str], str]
"""Names the language of a text; the name is shown to people as it is."""

LOOKED_AT: Final = 150
"""Characters of a text that decide."""
MAIN: Final = 0.75
"""With a smaller share than this, no script is the text's own: it is mixed."""

_NAMES = {
    "LATIN": "Latin", "CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean",
    "CYRILLIC": "Cyrillic", "ARABIC": "Arabic", "HEBREW": "Hebrew", "GREEK": "Greek", "THAI": "Thai",
    "DEVANAGARI": "Devanagari", "BENGALI": "Bengali", "TAMIL": "Tamil",
}  # fmt: skip
_SYLLABIC = {"Chinese", "Japanese", "Korean"}
_WEIGHT: Final = 3
"""One sign of these scripts says about what three letters say."""


class _Scripts(dict[str, str]):
    def __missing__(self, char: str) -> str:
        found = ""
        if char.isalpha():
            word = unicodedata.name(char, "").partition(" ")[0].partition("-")[0]
            found = _NAMES.get(word, "other script" if word not in ("FULLWIDTH", "HALFWIDTH") else "Latin")
        self[char] = found
        return found


_SCRIPT = _Scripts()


def script_of(text: str) -> str:
    """`Latin`, `Chinese`, `Japanese`, `Korean`, `Cyrillic`, …, `mixed`, or `no letters`.

    Rules of script, no more: English and German are both `Latin`; Japanese is told from Chinese by its
    kana. The first 300 characters decide.
    """
    text = text[:LOOKED_AT]
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else "no letters"
    counts = Counter(map(_SCRIPT.__getitem__, text))
    counts.pop("", 0)
    if counts.get("Japanese", 0) * 10 >= counts.get("Chinese", 0) > 0:
        counts["Japanese"] += counts.pop("Chinese")
    weights = {name: count * (_WEIGHT if name in _SYLLABIC else 1) for name, count in counts.items()}
    if not weights:
        return "no letters"
    name, weight = max(weights.items(), key=lambda pair: (pair[1], pair[0]))
    return name if weight >= MAIN * sum(weights.values()) else "mixed"
