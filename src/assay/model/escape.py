"""Content of strangers made fit for a page: markup escaped, and what would act unseen made visible."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any, Final

ELLIPSIS: Final = "…"

_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# What reorders, hides or takes no room: controls (escape sequences begin with one), bidi marks, zero-width
# and tag characters, private use, lone surrogates, noncharacters. Kept: U+200C and U+200D, which Persian and
# emoji need.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
_PILES = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4,}")


def spelled(text: str, limit: int = 200) -> str:
    r"""`text` on one line, at most `limit` characters of it, unsafe ones as `\u202e`; not yet escaped for HTML."""
    cut = len(text) > limit
    text = " ".join(_NEWLINES.sub("\n", text[:limit]).split())
    return _PILES.sub(_cut, _UNSAFE.sub(_spell, text)) + (ELLIPSIS if cut else "")


def visible(text: str) -> str:
    """`text` with its lines, all of it, unsafe characters spelled and piles of marks cut; not yet escaped for HTML."""
    return _PILES.sub(_cut, _UNSAFE.sub(_spell, _NEWLINES.sub("\n", text)))


def inline(text: str, limit: int = 200) -> str:
    """`spelled`, fit to stand in HTML, in an attribute as well."""
    return escape(spelled(text, limit))


def block(text: str, limit: int = 1_000) -> str:
    """`text` with its lines, at most `limit` characters, as HTML; what was unsafe stands in `<span class=esc>`."""
    head = _PILES.sub(_cut, _NEWLINES.sub("\n", text[:limit]))
    out = _UNSAFE.sub(lambda match: f'<span class="esc">{_spell(match)}</span>', escape(head))
    if len(text) > limit:
        out += f'<span class="muted">{ELLIPSIS} {len(text) - limit:,} more characters</span>'
    return out


def acts_unseen(text: str) -> bool:
    """Whether a text has characters that `block` would show as something else, so that it cannot be edited as shown."""
    return _UNSAFE.search(text) is not None or _PILES.search(text) is not None


def json_text(value: Any) -> str:
    """JSON for people to edit: indented, in their own letters, with unsafe characters as escapes. Not yet escaped for
    HTML; reading it gives `value` again."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    for unsafe in (_UNSAFE, _PILES):
        text = unsafe.sub(lambda match: json.dumps(match.group())[1:-1], text)
    return text


def _cut(pile: re.Match[str]) -> str:
    return pile.group()[:3] + ELLIPSIS


def _spell(match: re.Match[str]) -> str:
    point = ord(match.group())
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
