"""What a group of texts is about, in at most three terms that the other texts have less often.

Log-odds with an informative Dirichlet prior, in standard deviations (Monroe, Colaresi and Quinn, "Fightin' Words",
Political Analysis 16, 2008). Texts are counted, not occurrences, so that one text that repeats itself names nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from assay.measure.map.words import is_han, may_extend, plain, words_of

SHOWN: Final = 3
_PRIOR: Final = 500.0
"""Texts' worth of words that the prior counts."""
SURE: Final = 1.96
_TRIED: Final = 24
_LONGEST: Final = 4
_STUCK: Final = 0.6
"""A neighbour that stands at this share of a pair's occurrences belongs to the word."""
_KEPT: Final = 6_000


@dataclass(frozen=True, slots=True)
class Common:
    """How many of `texts` hold a word; those of the most frequent 6,000."""

    texts: int
    holding: Mapping[str, int]


def common(texts: Sequence[str]) -> Common:
    """What a sample of a version's texts holds."""
    counts = Counter[str]()
    for text in texts:
        counts.update(words_of(plain(text)))
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:_KEPT]
    return Common(len(texts), dict(most))


def terms(texts: Sequence[str], among: Common, shown: int = SHOWN, sure: float = SURE) -> tuple[str, ...]:
    """The terms that set `texts`, some of the sample `among`, apart from the rest of it; the strongest first.

    `sure`: standard deviations from which a term is one. Only what two texts hold (three of ten or more) is a term. A
    pair of Chinese characters grows to the word that it is a part of, to four characters; what is a part of something
    longer yet is taken where nothing better is left.
    """
    read = [plain(text) for text in texts]
    counts = Counter[str]()
    for text in read:
        counts.update(words_of(text))
    least = 2 if len(read) < 10 else 3
    scores = ((_score(word, n, among, len(read)), word) for word, n in counts.items() if n >= least)
    scored = sorted((one for one in scores if one[0] > sure), key=lambda one: (-one[0], one[1]))
    tried = [_whole(word, read) if is_han(word) else (word, True) for _, word in scored[:_TRIED]]
    found: list[str] = []
    for whole in (True, False):
        for term, is_whole in tried:
            if is_whole == whole and len(found) < shown and not any(_alike(term, other) for other in found):
                found.append(term)
    return tuple(found)


def _score(word: str, here: int, among: Common, texts: int) -> float:
    """How many standard deviations a word's odds in `texts` texts, `here` of which hold it, lie above the others'."""
    rest_texts = max(among.texts - texts, 1)
    rest = max(among.holding.get(word, 0) - here, 0)
    share = (here + rest + 0.5) / (texts + rest_texts + 1)
    prior = _PRIOR * share
    a, b = here + prior, rest + prior
    odds_a = a / max(texts + _PRIOR - a, 0.5)
    odds_b = b / max(rest_texts + _PRIOR - b, 0.5)
    return (math.log(odds_a) - math.log(odds_b)) / math.sqrt(1 / a + 1 / b)


def _whole(pair: str, texts: Iterable[str]) -> tuple[str, bool]:
    """The word that a pair of characters stands for in these texts; whether it is no part of something longer."""
    texts = [text for text in texts if pair in text]
    term = pair
    while True:
        before, after, seen = _neighbours(term, texts)
        side = after if after[1] >= before[1] and may_extend(after[0]) else before
        if not seen or side[1] < _STUCK * seen or not may_extend(side[0]):
            return term, True
        if len(term) == _LONGEST:
            return term, False
        term = side[0] + term if side is before else term + side[0]


def _neighbours(term: str, texts: Sequence[str]) -> tuple[tuple[str, int], tuple[str, int], int]:
    """The most frequent character before and after a term, how often each, and how often the term stands."""
    before, after, seen = Counter[str](), Counter[str](), 0
    for text in texts:
        at = text.find(term)
        while at >= 0:
            seen += 1
            before[text[at - 1] if at else " "] += 1
            after[text[at + len(term) : at + len(term) + 1] or " "] += 1
            at = text.find(term, at + 1)
    return _most(before), _most(after), seen


def _most(counts: Counter[str]) -> tuple[str, int]:
    return min(counts.items(), key=lambda one: (-one[1], one[0]), default=(" ", 0))


def _alike(a: str, b: str) -> bool:
    """Whether two terms say the same: one within the other, or words of one beginning."""
    if is_han(a) and is_han(b):
        return bool(set(_pairs(a)) & set(_pairs(b)))
    short, long = sorted((a, b), key=len)
    return long.startswith(short[: max(4, len(short) - 1)]) and len(long) - len(short) <= 3


def _pairs(term: str) -> list[str]:
    return [term[k : k + 2] for k in range(len(term) - 1)]
