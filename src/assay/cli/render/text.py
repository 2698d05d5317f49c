"""Hostile text made fit for a terminal, and cut to size."""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

ELLIPSIS: Final = "…"

_NEWLINES = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")

# What moves the cursor, recolours, reverses, hides, or takes no room. Kept on purpose: U+200C and U+200D,
# which Persian and emoji need, and the Arabic number signs, which are visible.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_PILES = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4,}")


def safe_text(text: str, *, lines: bool = False) -> str:
    r"""`text` with everything that could act on a terminal spelled out (`\x1b`, `\u202e`).

    Control characters, escape sequences, bidi overrides, invisible and tag characters and lone surrogates
    become their Python escapes; piles of combining marks are cut to three. Line ends become `↵`, or stay
    (as line feeds) with `lines`; tabs become blanks.
    """
    text = _NEWLINES.sub("\n" if lines else "↵ ", text).replace("\t", "    " if lines else " ")
    text = _UNSAFE.sub(_spell, text)
    return _PILES.sub(lambda pile: pile.group()[:3] + ELLIPSIS, text)


def _spell(match: re.Match[str]) -> str:
    char = match.group()
    if char == "\n":
        return char
    point = ord(char)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def clip(text: str, cells: int) -> str:
    """`text` on one line, safe, and at most `cells` columns wide (CJK counts two); `…` ends what was cut."""
    line = safe_text(text[: cells * 4 + 8])
    cut = len(text) > cells * 4 + 8
    if cell_len(line) <= cells and not cut:
        return line
    if cells < 1:
        return ""
    return set_cell_size(line, cells - 1).rstrip() + ELLIPSIS if cell_len(line) >= cells else line + ELLIPSIS


def block(text: str, *, limit: int = 600) -> Text:
    """`text` over several lines, safe, its first `limit` columns; says how many more characters there are."""
    if not text:
        return Text("(empty)", "dim")
    head = text[:limit]
    while cell_len(head) > limit:
        head = head[: len(head) - max(1, (cell_len(head) - limit) // 2)]
    shown = Text(safe_text(head, lines=True).rstrip("\n"), overflow="fold")
    if len(text) > len(head):
        shown.append(f" {ELLIPSIS} {len(text) - len(head):,} more characters", "dim")
    return shown


def short(digest: str) -> str:
    """The first 12 digits of an id or of a fingerprint ("sha256:…"): enough to recognise and to type."""
    return safe_text(digest.removeprefix("sha256:")[:12])


def plural(count: int, noun: str) -> str:
    """ "1 record", "12,000 records"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def counted(splits: dict[str, int]) -> str:
    """ "train 9,000 · test 471"; the largest first."""
    ordered = sorted(splits.items(), key=lambda item: (-item[1], item[0]))
    return " · ".join(f"{safe_text(name)} {count:,}" for name, count in ordered) or "nothing"
