"""How much of an eval item stands in a training text, by word n-grams that count as they are rare.

For every item and every text, with weights idf(g) = ln((N + 1) / items that have gram g) among the N items of
the set,

    covered(part) = Σ idf of the part's grams that the text has / Σ idf of all its grams
    score         = 1 − (1 − covered) · max(1, 20 / grams of the part)

for the question, and for question and answer together; the larger of the two counts. In a part of few grams
what is missing weighs more: a question with one other word is another question when it is short and the same
one when it is long. A text that holds all of a part scores 1. After the "simple" detector of allenai/decon
(IDF weights, question and answer, stricter for short items).

A question too short for a single gram is found only where it is a whole line of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.kernels.wordgrams import Grams, Tokens, grams_of, tokens_of, windows

Positions = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

FULL_GRAMS = 20
"""From this many grams on a part is long: what is missing counts for what it is."""
_GATE_SHARE = 16
"""Places of the gate for each gram of the items: one gram in sixteen gets through for nothing."""
_BRIDGE = 8
"""Tokens between two matched stretches that are shown as one."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best item of each of n texts: `item`, int64[n], −1 where nothing overlaps; `score`, float64[n]."""

    item: Positions
    score: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """An index over the items of one eval set. Parts are numbered item · 2 for questions, + 1 for answers.

    `keys`: uint64[k], the grams, sorted; `idf`: float64[k]; `part`: int64, the parts that have each gram,
    those of gram j from `begin[j]` to `begin[j + 1]`. `mass`, `count`: per part, the sum of its idf and how
    many grams. `gate`: bool[2^b], by the top bits. `short`: hash of all tokens of a short question → item, by
    the number of tokens.
    """

    words: int
    characters: int
    keys: U64
    idf: npt.NDArray[np.float64]
    begin: Positions
    part: Positions
    mass: npt.NDArray[np.float64]
    count: Positions
    gate: npt.NDArray[np.bool_]
    short: dict[int, dict[int, int]]

    def __len__(self) -> int:
        return len(self.mass) // 2

    def best(self, texts: Sequence[str], tokens: Tokens, grams: Grams) -> Found:
        """The best item of each text. `tokens` and `grams` are those of `texts`, with this index's sizes."""
        text, key = self._matches(tokens, grams)
        found = self._scored(len(texts), text, key)
        for row, item in self._short_hits(texts, tokens):
            if found.score[row] < 1.0 or item < found.item[row]:
                found.item[row], found.score[row] = item, 1.0
        return found

    def evidence(self, text: str, item: int) -> str:
        """The longest stretch of `text` that it shares with an item, as it is written there."""
        tokens = tokens_of([text])
        grams = grams_of(tokens, self.words, self.characters)
        _, key, at = self._hits(tokens, grams)
        match, place = _spread(self.begin, key)
        at = at[np.unique(match[self.part[place] // 2 == item])]
        if not len(at):
            whole = [line for line in text.split("\n") if self._short_item(line) == item]
            return whole[0].strip() if whole else ""
        first, last = grams.first[at], grams.first[at] + grams.size[at] - 1
        reach = np.maximum.accumulate(last)
        breaks = np.flatnonzero(first[1:] > reach[:-1] + _BRIDGE) + 1
        lows, highs = first[np.r_[0, breaks]], reach[np.r_[breaks - 1, len(reach) - 1]]
        longest = int(np.argmax(highs - lows))
        return text[tokens.start[lows[longest]] : tokens.end[highs[longest]]]

    def _hits(self, tokens: Tokens, grams: Grams) -> tuple[Positions, Positions, Positions]:
        """Grams that some item has: their text, their key's position, their own position."""
        if not len(self.keys) or not len(grams.hash):
            none = np.empty(0, np.int64)
            return none, none, none
        shift = np.uint64(64 - (len(self.gate).bit_length() - 1))
        through = np.flatnonzero(self.gate[grams.hash >> shift])
        wanted = grams.hash[through]
        key = np.searchsorted(self.keys, wanted)
        key[key == len(self.keys)] = 0
        same = self.keys[key] == wanted
        at = through[same]
        return tokens.text[grams.first[at]], key[same], at

    def _matches(self, tokens: Tokens, grams: Grams) -> tuple[Positions, Positions]:
        """(text, key) of all matches, each pair once."""
        text, key, _ = self._hits(tokens, grams)
        if not len(text):
            return text, key
        pairs = np.unique(text * len(self.keys) + key)
        return pairs // len(self.keys), pairs % len(self.keys)

    def _scored(self, rows: int, text: Positions, key: Positions) -> Found:
        found = Found(np.full(rows, -1, np.int64), np.zeros(rows))
        if not len(text):
            return found
        match, place = _spread(self.begin, key)
        part = self.part[place]
        pair, inverse = np.unique(text[match] * len(self) + part // 2, return_inverse=True)
        weight = self.idf[key[match]]
        question = _sums(inverse, np.where(part % 2 == 0, weight, 0.0), len(pair))
        both = _sums(inverse, weight, len(pair))
        row, item = pair // len(self), pair % len(self)
        q, a = item * 2, item * 2 + 1
        score = np.maximum(
            _score(question, self.mass[q], self.count[q]),
            _score(both, self.mass[q] + self.mass[a], self.count[q] + self.count[a]),
        )
        order = np.lexsort((-item, score, row))  # the best comes last, of equals the first item
        last = np.r_[np.flatnonzero(np.diff(row[order])), len(order) - 1]
        chosen = order[last]
        found.item[row[chosen]] = np.where(score[chosen] > 0, item[chosen], -1)
        found.score[row[chosen]] = score[chosen]
        return found

    def _short_hits(self, texts: Sequence[str], tokens: Tokens) -> list[tuple[int, int]]:
        hits = []
        for size, known in self.short.items():
            hashes = windows(tokens.hash, size)
            fits = len(hashes) - size + 1
            for at in np.flatnonzero(
                np.isin(hashes[: max(fits, 0)], np.array(list(known), np.uint64))
            ).tolist():
                row = int(tokens.text[at])
                if int(tokens.text[at + size - 1]) == row and _is_line(texts[row], tokens, at, at + size - 1):
                    hits.append((row, known[int(hashes[at])]))
        return hits

    def _short_item(self, line: str) -> int:
        tokens = tokens_of([line])
        known = self.short.get(len(tokens.hash), {})
        return known.get(int(windows(tokens.hash, len(tokens.hash))[0]), -1) if known else -1


def index_items(items: Sequence[tuple[str, str]], words: int, characters: int) -> Items:
    """The index over (question, answer) pairs, with grams of `words` words or `characters` Han and kana."""
    texts = [text for pair in items for text in pair]
    tokens = tokens_of(texts)
    grams = grams_of(tokens, words, characters)
    owner = tokens.text[grams.first]
    keys, key = np.unique(grams.hash, return_inverse=True)
    pairs = np.unique(key.astype(np.int64) * max(len(texts), 1) + owner)
    key, part = pairs // max(len(texts), 1), pairs % max(len(texts), 1)
    of_item = np.unique(key * max(len(items), 1) + part // 2) // max(len(items), 1)
    idf = np.log((len(items) + 1) / np.maximum(np.bincount(of_item, minlength=len(keys)), 1))
    bits = min(26, max(16, (len(keys) * _GATE_SHARE).bit_length()))
    gate = np.zeros(1 << bits, np.bool_)
    gate[keys >> np.uint64(64 - bits)] = True
    return Items(
        words,
        characters,
        keys,
        idf,
        np.searchsorted(key, np.arange(len(keys) + 1)),
        part,
        _sums(part, idf[key], len(texts)),
        np.bincount(part, minlength=len(texts)),
        gate,
        _short_questions(tokens, owner, len(items)),
    )


def _short_questions(tokens: Tokens, with_grams: Positions, items: int) -> dict[int, dict[int, int]]:
    """Questions that have tokens and no gram, by the number of tokens and the hash of them all."""
    begin = np.searchsorted(tokens.text, np.arange(2 * items + 1))
    long = np.zeros(2 * items, np.bool_)
    long[with_grams] = True
    short: dict[int, dict[int, int]] = {}
    for item in range(items):
        low, high = int(begin[2 * item]), int(begin[2 * item + 1])
        if high > low and not long[2 * item]:
            whole = int(windows(tokens.hash[low:high], high - low)[0])
            short.setdefault(high - low, {}).setdefault(whole, item)
    return short


def _score(
    matched: npt.NDArray[np.float64], mass: npt.NDArray[np.float64], count: Positions
) -> npt.NDArray[np.float64]:
    missing = 1.0 - matched / np.maximum(mass, 1e-300)
    missing = np.where(missing < 1e-9, 0.0, missing)  # sums of the same terms in another order
    stretch = np.maximum(1.0, FULL_GRAMS / np.maximum(count, 1))
    score: npt.NDArray[np.float64] = np.where(count > 0, np.maximum(0.0, 1.0 - missing * stretch), 0.0)
    return score


def _sums(of: Positions, weights: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    return np.asarray(np.bincount(of, weights, n), np.float64)


def _spread(begin: Positions, key: Positions) -> tuple[Positions, Positions]:
    """As often as each key has parts: its position in `key`, and the place of one of its parts."""
    counts = begin[key + 1] - begin[key]
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return (
        np.repeat(np.arange(len(key)), counts),
        np.arange(total) - np.repeat(ends - counts - begin[key], counts),
    )


def _is_line(text: str, tokens: Tokens, first: int, last: int) -> bool:
    """Whether tokens `first` to `last` are all there is on their line or lines."""
    row = tokens.text[first]
    before = int(tokens.end[first - 1]) if first and tokens.text[first - 1] == row else -1
    behind = last + 1 < len(tokens.text) and tokens.text[last + 1] == row
    after = int(tokens.start[last + 1]) if behind else -1
    opens = before < 0 or "\n" in text[before : tokens.start[first]]
    return opens and (after < 0 or "\n" in text[tokens.end[last] : after])
