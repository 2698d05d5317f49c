"""The words of a text that may name a cluster: no markup, no addresses, no little words; of Chinese, pairs of
characters."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from assay.kernels.counting import CJK
from assay.kernels.little_words import SCRIPTS, weights

READ: Final = 600
"""Characters of a text in which words are looked for."""

_MARKUP: Final = re.compile(
    r"<[^<>]{0,300}>|&#?\w{1,10};|\w{1,10}://\S{1,500}|www\.\S{1,500}|\S{1,100}@\S{1,100}"
)
_WORD: Final = re.compile(f"[^\\W\\d_{CJK}]{{3,30}}")
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\u30a1-\u30fa\u30fc]{2,}")
_NOISE: Final = (
    "nbsp amp quot div span href src img html http https www com br script style class font onclick onerror "
    "doesn don isn didn won can couldn wasn aren following given based provide would could should really "
    "want need know tell explain like going got using still without within"
)
_LITTLE_HAN: Final = frozenset(
    "的了是在我你您他她它们这那有和与就不也都而及或一个什么怎吗呢吧啊请被把对为以于之其可能会要很更最还但如果所因从到"
    "将让使着过没哪些每两给由并该此又只做等及用时上下中里来去说想得地样多少几次点好大小后前内呀嘛们谁何吃"
)
"""Characters that are grammar more often than they are part of a name."""
_NEVER: Final = frozenset("的了是在我你您他她它们这那和与就也都而及或吗呢吧啊呀嘛")
"""Those of them with which no word ends or begins."""


def plain(text: str) -> str:
    """The beginning of a text in lower case, markup and addresses gone."""
    return _MARKUP.sub(" ", text[:READ]).lower()


def words_of(text: str) -> frozenset[str]:
    """The different words of a `plain` text, and its pairs of Han or katakana characters without little ones."""
    found = {word for word in _WORD.findall(text) if word not in _little()}
    if not text.isascii():
        for run in _HAN.findall(text):
            found.update(
                run[k : k + 2]
                for k in range(len(run) - 1)
                if run[k] not in _LITTLE_HAN and run[k + 1] not in _LITTLE_HAN
            )
    return frozenset(found)


def is_han(term: str) -> bool:
    """Whether it is a term of Han or katakana characters."""
    return _HAN.fullmatch(term) is not None


def may_extend(character: str) -> bool:
    """Whether a pair of characters may grow by this one."""
    return _HAN.fullmatch(character * 2) is not None and character not in _NEVER


@cache
def _little() -> frozenset[str]:
    return frozenset(_NOISE.split()) | frozenset(word for script in SCRIPTS for word in weights(script)[1])
