"""A paper as Markdown. What comes from data cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from assay.govern.document import (
    BLANK,
    Answers,
    Block,
    Bullets,
    Document,
    Listing,
    Mono,
    Pairs,
    Paragraph,
    Table,
)
from assay.model.escape import spelled

CELL = 4_000
TEXT = 10_000

_MARKUP = re.compile(r"([\\`*_{}\[\]#|~!$^])")
_LIST = re.compile(r"^([0-9]{0,9})([.)+=-])")  # what would begin a list, a rule or a heading
_PLAIN = re.compile(r"[A-Za-z0-9:/._@+, =-]+")


def markdown(document: Document) -> str:
    """CommonMark with tables (GFM): title, lede, sections."""
    parts = [f"# {_text(document.title)}", _line_of(document.lede)]
    for section in document.sections:
        parts.append(f"## {_text(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def fragment(blocks: Sequence[Block]) -> str:
    """Blocks as Markdown, to stand inside another text."""
    return "\n\n".join(_block(block) for block in blocks)


def _block(block: Block) -> str:
    match block:
        case Paragraph(text):
            return _line_of(text)
        case Pairs(rows):
            return _table(("", ""), [(name, value or BLANK) for name, value in rows], ())
        case Table(heads, rows, right):
            return _table(heads, rows, right)
        case Bullets(items):
            return "\n".join(f"- {_line_of(item)}" for item in items)
        case Answers(rows):
            return "\n\n".join(f"**{_text(name)}.** {_said(texts)}" for name, texts in rows)
        case Listing(text):
            return _listing(text)


def _said(texts: Sequence[str]) -> str:
    if len(texts) < 2:
        return _text(texts[0]) if texts else f"*{BLANK}*"
    return "\n" + "\n".join(f"- {_line_of(text)}" for text in texts)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> str:
    rules = ["---:" if k in right else "---" for k in range(len(heads))]
    lines = [_row([_cell(head) for head in heads]), _row(rules)]
    lines += [_row([_cell(value) for value in row]) for row in rows]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: str) -> str:
    if isinstance(value, Mono) and _PLAIN.fullmatch(value) and len(value) <= CELL:
        return f"`{value}`"
    return _text(value, CELL)


def _text(value: str, limit: int = TEXT) -> str:
    """One line; every sign that Markdown or HTML could act on is escaped, what hides or reorders is spelled."""
    said = _MARKUP.sub(r"\\\1", escape(spelled(str(value), limit), quote=False))
    return said.replace("://", ":\\//").replace("www.", "www\\.")


def _line_of(value: str) -> str:
    """A text that begins a line, where it must not begin a list, a rule or a heading."""
    return _LIST.sub(r"\1\\\2", _text(value))


def _listing(text: str) -> str:
    """Indented by four: there is no fence that the text could close."""
    return "\n".join(f"    {spelled_line}" for spelled_line in map(_line, text.splitlines()))


def _line(line: str) -> str:
    indent = len(line) - len(line.lstrip(" "))
    return " " * indent + spelled(line, 400)
