"""Where a text stops: at the end of a sentence, or in the middle of something.

The rules look for positive signs that more was to come. The mere lack of a full stop is none: headings,
lists, verses, code, formulas and one-line answers end without one.
"""

from __future__ import annotations

import re
from typing import Final

COMPLETE: Final = 0
OPEN_FENCE: Final = 1
OPEN_BRACKET: Final = 2
OPEN_QUOTE: Final = 3
DANGLING_WORD: Final = 4
DANGLING_MARK: Final = 5
MID_SENTENCE: Final = 6

REASONS: Final[dict[int, str]] = {
    OPEN_FENCE: "a code fence is never closed",
    OPEN_BRACKET: "a bracket is never closed",
    OPEN_QUOTE: "a quotation is never closed",
    DANGLING_WORD: "the last word calls for another",
    DANGLING_MARK: "it ends with a comma or its like",
    MID_SENTENCE: "the last sentence has no end, those before it do",
}
"""What each reason but `COMPLETE` means, for people."""

_FINAL: Final = frozenset(".!?…。！？．｡؟۔।॥։።᙮‼⁇⁈⁉~～;")
"""Marks that end a sentence, in the scripts that have one; a tilde closes many Chinese and Japanese messages."""

_CLOSERS: Final = "\"'”’»›)]}）】」』》〉＂＇*_`> \t"
"""What may stand after a sentence's final mark."""

_DANGLING_MARKS: Final = frozenset(",，、(（[【「『“‘《&")
"""Marks after which something must come. A colon is none: it ends the last line of many a question."""

_CLOSING_LINE: Final = 4
"""A last line of so few words with a comma is the close of a letter ("Yours sincerely,")."""

_DANGLING_WORD: Final = re.compile(
    "(?:^| )(?:an?|and|although|as|because|but|by|from|his|if|into|my|nor|of|or|our|per|than|that|the|their|these|to"
    r"|unless|until|upon|was|we|were|when|whereas|whether|which|while|whose|without|your)\Z"
)
"""English words that end no sentence, prepositions that often do (in, on, for, at, with) left out."""

_DANGLING_HAN: Final = (
    *("以及", "并且", "而且", "因为", "所以", "但是", "如果", "虽然", "或者", "例如", "比如", "通过", "由于"),
    *("和", "与", "及", "或", "把", "被", "从", "而", "但", "并", "且", "将"),
)
"""Chinese words that end no sentence."""

_HAN: Final = re.compile("[\u3400-\u9fff]\\Z")
_ENDED: Final = re.compile(r"[a-z0-9)\"”’][.!?][\"”’)]? +[A-Z]|[。！？]")
_LIST_ITEM: Final = re.compile(
    r"\s*(?:[-*•·|>#$+<\[{“\"'`(=]|\d+[.):、）]|[A-Za-z][.)、。]|[（(]?[一二三四五六七八九十]+[、.。）])"
)
_HASHTAG: Final = re.compile(r"[#＃][^\s#＃]+\Z")
_LONG: Final = 60
_PROSE_END: Final = re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}\Z")


def ending(text: str) -> int:
    """Why a text seems cut, one of this module's constants; `COMPLETE` when nothing says so.

    Any text is allowed. Time is linear in its length. Words are those of English and Chinese, marks those of
    all scripts.
    """
    text = text.rstrip()
    if not text:
        return COMPLETE
    if "```" in text and text.count("```") % 2:
        return OPEN_FENCE
    bare = text.rstrip(_CLOSERS)
    if bare[-1:] in _FINAL:
        return COMPLETE
    line = text[text.rfind("\n") + 1 :]
    if text[-1] in _DANGLING_MARKS:
        short = text[-1] == "," and len(line.split()) <= _CLOSING_LINE
        return COMPLETE if short or _looks_like_code(line) else DANGLING_MARK
    if text.endswith("```") or bare != text:
        return COMPLETE
    return _dangling(text, line)


def _dangling(text: str, line: str) -> int:
    """The same for a text, and its last line, whose last character is a letter, a digit or no final mark."""
    if _looks_like_code(line):
        return COMPLETE
    if _DANGLING_WORD.search(line[-16:]) and len(line.split()) > 4:
        return DANGLING_WORD
    if _HAN.search(line) and len(line) > 8 and line.endswith(_DANGLING_HAN):
        return DANGLING_WORD
    if _open(line, "“「『", "”」』") or (line.count('"') % 2 and line.rfind(' "') > 0):
        return OPEN_QUOTE
    if _open(line, "([（【", ")]）】"):
        return OPEN_BRACKET
    if _LIST_ITEM.match(line) or _HASHTAG.search(line):
        return COMPLETE
    prose = _PROSE_END.search(line[-_LONG:]) or _HAN.search(line)
    if prose and (_ENDED.search(line) or _follows_prose(text, line)):
        return MID_SENTENCE
    return COMPLETE


def _follows_prose(text: str, line: str) -> bool:
    """A long last line under a long paragraph that was properly ended."""
    before = text[: len(text) - len(line)].rstrip()
    above = before[before.rfind("\n") + 1 :]
    return len(line) > _LONG and len(above) > _LONG and before[-1:] in _FINAL and not _LIST_ITEM.match(above)


def _open(line: str, opening: str, closing: str) -> bool:
    """An opening mark with no closing one of any sort after it."""
    last = max(map(line.rfind, opening))
    return last >= 0 and max(map(line.rfind, closing)) < last


def _looks_like_code(line: str) -> bool:
    return any(
        sign in line for sign in ("{", "}", "==", "::", "->", "=>", "//", "\\", "|", "://", "()", '("', " = ")
    )
