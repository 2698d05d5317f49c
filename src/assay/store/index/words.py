"""How text becomes search tokens, and when a text really holds what was searched for.

Words of scripts with spaces are one token each; runs of Chinese, Japanese and Korean characters become
overlapping pairs, and the last character alone, so that any substring of a run is a phrase of tokens.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

_KANA: Final = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
"""Without the signs among the kana, such as the middle dot: SQLite's tokeniser takes them for blanks."""
_CJK: Final = f"\u3005\u3007{_KANA}\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUN: Final = re.compile(f"([{_CJK}]+)|((?:(?![{_CJK}])[^\\W_])+)")
_IS_CJK: Final = re.compile(f"[{_CJK}]")
_TERM: Final = re.compile(r'"([^"]*)"|(\S+)')
_PLAIN: Final = re.compile(f"[0-9a-z]+|[{_CJK}]+")


def fold(text: str) -> str:
    """Text as it is compared: without case, otherwise as it is."""
    return text.casefold()


def tokens(text: str) -> str:
    """The tokens of a text, joined by spaces, for a full-text index."""
    out: list[str] = []
    for found in _RUN.finditer(fold(text)):
        run = found.group(1)
        if run is None:
            out.append(found.group(2))
        else:
            out += [run[i : i + 2] for i in range(len(run))]
    return " ".join(out)


@cache
def _odd() -> re.Pattern[str]:
    """What may be no part of a word to SQLite, whose tokeniser knows Unicode 6.1, and is one here: every letter and
    digit that Unicode 3.2 did not have. `tests/store/test_words.py` holds it against the SQLite at hand."""
    old = unicodedata.ucd_3_2_0
    points = [p for p in range(0x80, 0x110000) if chr(p).isalnum() and old.category(chr(p))[0] not in "LN"]
    ranges: list[list[int]] = []
    for point in points:
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return re.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges) + "]")


def is_odd(text: str) -> bool:
    """Whether the index may take a text apart otherwise than `tokens` does, so that a hit must be looked at."""
    return not text.isascii() and _odd().search(fold(text)) is not None


def is_plain(term: str) -> bool:
    """Whether the index finds exactly the texts that hold the (folded) term, those aside that are odd: it is one word
    of ASCII letters and digits, or one run of CJK characters, whose pairs stand side by side nowhere else."""
    return _PLAIN.fullmatch(term) is not None and term.isalnum() and not is_odd(term)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that follow each other; `prefix`: the last one may be the beginning of another."""

    tokens: tuple[str, ...]
    prefix: bool


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: every term must occur. Text in double quotes is one term."""

    terms: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Query:
        """The terms of a query; any text is one. An unclosed quote is taken as a character."""
        found = ((a or b) for a, b in _TERM.findall(fold(text)))
        return cls(tuple(dict.fromkeys(term.strip() for term in found if term.strip())))

    def phrases(self) -> list[Phrase]:
        """The terms as an index has them, those aside that have no letter or digit; together they find every text that
        matches, and perhaps more."""
        return [p for p in map(_phrase, self.terms) if p.tokens]

    def matches(self, text: str) -> bool:
        """Whether every term stands in the text: as it is, but for case, and at word boundaries.

        CJK characters are words by themselves.
        """
        folded = fold(text)
        return all(_holds(folded, term) for term in self.terms)


def _phrase(term: str) -> Phrase:
    runs = list(_RUN.finditer(term))
    out: list[str] = []
    prefix = False
    for number, found in enumerate(runs):
        run = found.group(1)
        last = number == len(runs) - 1
        if run is None:
            out.append(found.group(2))
        elif last and len(run) > 1:
            out += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            out += [run[i : i + 2] for i in range(len(run))]
            prefix = last
    # One CJK character at the end begins a pair, or stands alone: a prefix finds both.
    return Phrase(tuple(out), prefix)


def _holds(text: str, term: str) -> bool:
    at = text.find(term)
    while at >= 0:
        end = at + len(term)
        if not (_joined(text, at, term[0]) or (end < len(text) and _joined(text, end, term[-1], after=True))):
            return True
        at = text.find(term, at + 1)
    return False


def _joined(text: str, at: int, edge: str, after: bool = False) -> bool:
    """Whether the term's edge continues a word of the text beyond the position `at`."""
    if not after and at == 0:
        return False
    beyond = text[at] if after else text[at - 1]
    return _in_word(edge) and _in_word(beyond)


def _in_word(character: str) -> bool:
    return character.isalnum() and not _IS_CJK.match(character)
