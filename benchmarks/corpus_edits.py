"""Ways to make a second copy of a row, and how alike the two are.

Every edit takes (chance, asked, said, chinese, strength) and gives the copy's (asked, said). Strength is about the
share of the text that is touched; the similarity that comes of it is measured, never assumed.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from corpus_sentences import word

Edit = Callable[[random.Random, str, str, bool, float], tuple[str, str]]
FULL_WIDTH = str.maketrans(",.?!:;()", "，。？！：；（）")
HALF_WIDTH = str.maketrans("，。？！：；（）", ",.?!:;()")


def folded(asked: str, said: str) -> str:
    """The text that similarity is defined on: both sides, lower case, white space folded."""
    return " ".join(f"{asked}\n{said}".lower().split())


def shingles(text: str, size: int = 5) -> set[str]:
    """The set of character n-grams of a folded text; of a shorter text, the text itself."""
    return {text[at : at + size] for at in range(len(text) - size + 1)} or {text}


def jaccard(a: str, b: str) -> float:
    """|A ∩ B| / |A ∪ B| of the character 5-grams of two folded texts."""
    left, right = shingles(a), shingles(b)
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared)


def exact(chance: random.Random, asked: str, said: str, chinese: bool, strength: float) -> tuple[str, str]:
    """Equal after lower case and white-space folding, not always byte for byte."""
    recase = chance.choice((str, str.upper, str.lower))
    gap = chance.choice((" ", "  ", "\n"))
    return gap.join(recase(asked).split(" ")), gap.join(recase(said).split(" ")) + chance.choice(
        ("", " ", "\n")
    )


def replace_words(
    chance: random.Random, asked: str, said: str, chinese: bool, strength: float
) -> tuple[str, str]:
    return asked, _touch(chance, said, chinese, strength, lambda old: [word(chance, chinese)])


def insert_words(
    chance: random.Random, asked: str, said: str, chinese: bool, strength: float
) -> tuple[str, str]:
    return asked, _touch(chance, said, chinese, strength, lambda old: [old, word(chance, chinese)])


def delete_words(
    chance: random.Random, asked: str, said: str, chinese: bool, strength: float
) -> tuple[str, str]:
    return asked, _touch(chance, said, chinese, strength, lambda old: [])


def punctuation(
    chance: random.Random, asked: str, said: str, chinese: bool, strength: float
) -> tuple[str, str]:
    """Other marks (full width for half width and back, or none) and capitals where none were."""
    table = HALF_WIDTH if chinese else FULL_WIDTH
    bare = str.maketrans("", "", ",.?!:;()，。？！：；（）")
    change = chance.choice((table, bare))
    return asked.translate(change), chance.choice((str, str.upper, str.title))(said.translate(change))


def truncate(chance: random.Random, asked: str, said: str, chinese: bool, strength: float) -> tuple[str, str]:
    return asked, said[: max(10, round(len(said) * (1 - strength * 2.5)))]


def characters(
    chance: random.Random, asked: str, said: str, chinese: bool, strength: float
) -> tuple[str, str]:
    """Single characters replaced: typing errors, and in Chinese the edit that words are for English."""
    text = list(said)
    for _ in range(max(1, round(len(text) * strength / 4))):
        text[chance.randrange(len(text))] = word(chance, chinese)[0]
    return asked, "".join(text)


def _touch(
    chance: random.Random, text: str, chinese: bool, strength: float, change: Callable[[str], list[str]]
) -> str:
    """The text with some of its words (characters in Chinese) changed, at least one."""
    units, gap = (list(text), "") if chinese else (text.split(" "), " ")
    chosen = set(
        chance.sample(range(len(units)), max(1, round(len(units) * strength / (4 if chinese else 2))))
    )
    return gap.join(new for at, old in enumerate(units) for new in (change(old) if at in chosen else [old]))


NEAR: dict[str, Edit] = {
    "replace": replace_words,
    "insert": insert_words,
    "delete": delete_words,
    "punctuation": punctuation,
    "truncate": truncate,
    "characters": characters,
}
