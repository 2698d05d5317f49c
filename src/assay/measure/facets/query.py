"""What is looked for in a version: words, values of fields, ranges; and how that is written in a search box.

intent:refund lang:zh 退款 -origin:synthetic score>=4 "exact phrase"
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from dataclasses import field as described
from typing import Final, Literal, TypeVar

from assay.errors import UsageError

LONGEST: Final = 2_000
"""Characters of a query."""
MOST: Final = 64
"""Words and conditions of one query."""

Sign = Literal[">=", "<=", ">", "<"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Picked:
    """A field has a value: a word, a number, or a range `a..b` (from a up to, not including, b). "" is no value.

    `out`: it has not. `at`: where it stands in the text it was read from, from 1; 0 for nowhere.
    """

    field: str
    value: str
    out: bool = False
    at: int = described(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Compared:
    """A field's number is at least, at most, above or below another."""

    field: str
    sign: Sign
    number: float
    out: bool = False
    at: int = described(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Query:
    """All of `words` stand in the text, none of `without` does; and the conditions on fields hold.

    A word is found as `search` finds it: at word boundaries, Chinese exactly, blanks and signs as they are. Of several
    values of one field any will do; all else must hold together.
    """

    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    picked: tuple[Picked, ...] = ()
    compared: tuple[Compared, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that conditions name, in order, once each."""
        return _once((*(one.field for one in self.picked), *(one.field for one in self.compared)))

    def of(self, name: str) -> Query:
        """The conditions on one field."""
        return Query(
            picked=tuple(one for one in self.picked if one.field == name),
            compared=tuple(one for one in self.compared if one.field == name),
        )

    def together(self, other: Query) -> Query:
        """Both queries as one."""
        return replace(
            self,
            words=_once(self.words + other.words),
            without=_once(self.without + other.without),
            picked=_once(self.picked + other.picked),
            compared=_once(self.compared + other.compared),
        )

    @property
    def text(self) -> str:
        """How it is written: `parse` makes the same query of it."""
        parts = [_quoted(word) for word in self.words]
        parts += ["-" + _quoted(word) for word in self.without]
        parts += [f"{'-' * p.out}{_name(p.field)}:{_quoted(p.value, value=True)}" for p in self.picked]
        parts += [f"{'-' * c.out}{_name(c.field)}{c.sign}{spelled_number(c.number)}" for c in self.compared]
        return " ".join(parts)


def _once(values: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))


# Writing

_BARE: Final = re.compile(r'[^\s":<>=\\-][^\s":<>=]*')
_BARE_VALUE: Final = re.compile(r'[^\s"]+')


def spelled_number(number: float) -> str:
    """A number as people write it."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _quoted(text: str, value: bool = False) -> str:
    if (_BARE_VALUE if value else _BARE).fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _name(name: str) -> str:
    return name if _NAME.fullmatch(name) else _quoted(name)


# Reading

_NAME: Final = re.compile(r'[^\s":<>=\\-][^\s":<>=]*')
_SIGN: Final = re.compile(r":|>=|<=|>|<|=")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_SIGNS: Final[dict[str, Sign]] = {">=": ">=", "<=": "<=", ">": ">", "<": "<"}


def parse(text: str) -> Query:
    """The query that a text writes; blank text is one that everything matches. Linear in the text's length.

    Raises UsageError, saying at which character, for what is no query. Which fields there are is asked later.
    """
    if len(text) > LONGEST:
        raise UsageError(
            f"a query has at most {LONGEST:,} characters; this one has {len(text):,}", "shorten it"
        )
    reader = _Reader(text)
    while reader.skip_blanks():
        reader.read_part()
        if reader.parts > MOST:
            raise reader.error(f"there are more than {MOST} words and conditions", "leave some out")
    return Query(_once(reader.words), _once(reader.without), _once(reader.picked), _once(reader.compared))


class _Reader:
    """Goes through a text from left to right, each character once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._began = 0
        self.words: tuple[str, ...] = ()
        self.without: tuple[str, ...] = ()
        self.picked: tuple[Picked, ...] = ()
        self.compared: tuple[Compared, ...] = ()

    @property
    def parts(self) -> int:
        return len(self.words) + len(self.without) + len(self.picked) + len(self.compared)

    def error(self, what: str, hint: str) -> UsageError:
        return UsageError(f"at character {self._began + 1} of the query: {what}", hint)

    def skip_blanks(self) -> bool:
        """Whether anything is left."""
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        self._began = self._at
        return self._at < len(self._text)

    def read_part(self) -> None:
        out = self._text[self._at] == "-"
        self._at += out
        quoted = self._peek() == '"'
        name = self._quoted() if quoted else self._match(_NAME)
        sign = None if name is None else _SIGN.match(self._text, self._at)
        if name is not None and sign is not None:
            self._at = sign.end()
            self._condition(name, sign.group(), out)
            return
        if quoted and not self._ended():
            raise self.error("something follows the closing quote", "put a blank behind it")
        word = (name or "") + self._rest()
        if not word.strip():
            raise self.error("there is no word" + " behind the minus" * out, 'quote what is meant: "-"')
        if out:
            self.without += (word,)
        else:
            self.words += (word,)

    def _condition(self, name: str, sign: str, out: bool) -> None:
        at = self._began + 1
        value = self._quoted() if self._peek() == '"' else self._match(_BARE_VALUE)
        if value is None:
            raise self.error(
                f"{name}{sign} has no value", f'write {name}{sign}VALUE, or quote it all to find it: "…"'
            )
        if not self._ended():
            raise self.error(f"something follows the value of {name}", "put a blank behind the closing quote")
        if sign in (":", "="):
            self.picked += (Picked(name, value, out, at),)
        elif _NUMBER.fullmatch(value) and math.isfinite(float(value)):
            self.compared += (Compared(name, _SIGNS[sign], float(value), out, at),)
        else:
            raise self.error(f"{value[:40]!r} is no number", f"{name}{sign} wants one, such as {name}{sign}4")

    def _quoted(self) -> str:
        """The text between two quotes; `\\"` and `\\\\` stand for a quote and a backslash."""
        out: list[str] = []
        self._at += 1
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == '"':
                return "".join(out)
            if char == "\\" and self._peek() in ('"', "\\"):
                char = self._peek()
                self._at += 1
            out.append(char)
        raise self.error("a quote is opened and never closed", 'close it: "…"')

    def _match(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found.group()

    def _rest(self) -> str:
        start = self._at
        while not self._ended():
            self._at += 1
        return self._text[start : self._at]

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _ended(self) -> bool:
        return self._at >= len(self._text) or self._text[self._at].isspace()
