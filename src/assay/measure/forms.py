"""The outward forms of an answer: list, code, JSON, heading, other Markdown; or plain prose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

FORMS: Final = ("list", "code", "json", "heading", "markdown")
OVERFIT: Final = 0.80
"""Above this share of one form a model learns the form instead of when to use it."""
JSON_CHARS: Final = 1_000_000

# Every pattern begins with a line feed and has bounded repeats: nothing to backtrack over.
_ITEM = re.compile(
    r"\n[ \t]{0,8}(?:[-*+•·][ \t]|•|\(?[0-9]{1,3}[.)][ \t]|[0-9]{1,3}[、．）]|[一二三四五六七八九十]{1,3}、)"
)
_HEADING = re.compile(r"\n#{1,6} \S")


@dataclass(frozen=True, slots=True)
class Forms:
    """Of `outputs`, how many show each of `FORMS` (an output may show several), and how many none (`plain`)."""

    outputs: int
    counts: Mapping[str, int]
    plain: int

    @property
    def largest(self) -> tuple[str, float]:
        """The most frequent form and its share; ("", 0.0) when there is none."""
        if not self.outputs or not any(self.counts.values()):
            return "", 0.0
        name = max(FORMS, key=lambda form: self.counts[form])
        return name, self.counts[name] / self.outputs


class FormCount:
    """Counts the forms of outputs."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._outputs = 0
        self._plain = 0

    def add(self, outputs: Iterable[str]) -> None:
        for output in outputs:
            found = forms_of(output)
            self._outputs += 1
            if found:
                self._counts.update(found)
            else:
                self._plain += 1

    def result(self) -> Forms:
        return Forms(self._outputs, {form: self._counts[form] for form in FORMS}, self._plain)


def forms_of(text: str) -> list[str]:
    """Which of `FORMS` a text shows.

    list: two lines or more that begin as items, with `-`, `*`, `1.`, `(2)`, `一、` and the like. code: a
    fence of three backticks. json: the whole text is one object or array. heading: a line that begins with
    `#`. markdown: bold, a table or a link.
    """
    found = []
    lines = "\n" in text
    head = text[:1]
    if lines and (first := _ITEM.search("\n" + text)) and _ITEM.search("\n" + text, first.end() - 1):
        found.append("list")
    if "```" in text:
        found.append("code")
    if head in "{[ \n\t" and _is_json(text):
        found.append("json")
    if "#" in text and _HEADING.search("\n" + text):
        found.append("heading")
    if "**" in text or "](" in text or ("|" in text and "|--" in text.replace(" ", "").replace(":", "")):
        found.append("markdown")
    return found


def _is_json(text: str) -> bool:
    text = text.strip() if len(text) <= JSON_CHARS else ""
    if not text or text[0] + text[-1] not in ("{}", "[]"):
        return False
    try:
        orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return False
    return True
