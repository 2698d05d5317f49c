"""A word-by-word comparison of two texts, in time that hostile text cannot stretch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rich.text import Text

from assay.cli.render.text import ELLIPSIS, safe_text

LIMIT: Final = 800
"""Characters of each text that are compared; the work is at most the square of it."""
CONTEXT: Final = 6
"""Words shown on either side of a change."""

_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
# One CJK character (they are written without blanks), or a word, or a run of blanks, or one sign.
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+|\s+|.", re.DOTALL)

Tokens = Sequence[str]


def words(old: str, new: str) -> Text:
    """One text with what went in red as `[-gone-]` and what came in green as `{+new+}`.

    The marks stand with and without colour, so that a pipe and a colour-blind reader see the same. Long
    equal runs become `…`; of long texts the first `LIMIT` characters are compared, and it says so.
    """
    pieces = changes(_TOKEN.findall(old[:LIMIT]), _TOKEN.findall(new[:LIMIT]))
    out = Text(overflow="fold")
    for k, (gone, came, same) in enumerate(pieces):
        if gone:
            out.append(f"[-{_spell(gone)}-]", "red")
        if came:
            out.append(f"{{+{_spell(came)}+}}", "green")
        first = k == 0 and not gone and not came
        out.append(_context(same, first=first, last=k == len(pieces) - 1), "dim")
    if max(len(old), len(new)) > LIMIT:
        out.append(f" {ELLIPSIS} texts of {len(old):,} and {len(new):,} characters", "dim")
    return out


def changes(old: Tokens, new: Tokens) -> list[tuple[list[str], list[str], list[str]]]:
    """(gone, came, same after it), in order; changes with only a blank between them are one change."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    out: list[tuple[list[str], list[str], list[str]]] = [([], [], list(old[:head]))]
    for gone, came, same in _align(old[head : len(old) - tail], new[head : len(new) - tail]):
        last = out[-1]
        if last[0] + last[1] and (gone or came) and not "".join(last[2]).strip():
            out[-1] = (last[0] + last[2] + gone, last[1] + last[2] + came, same)
        elif gone or came or not out:
            out.append((gone, came, same))
        else:
            last[2].extend(same)
    out[-1][2].extend(old[len(old) - tail :] if tail else ())
    return out if any(out[0]) else out[1:]


def _align(old: Tokens, new: Tokens) -> list[tuple[list[str], list[str], list[str]]]:
    """A longest common subsequence by dynamic programming, as (gone, came, same)."""
    table = [[0] * (len(new) + 1)]
    for token in reversed(old):
        below, line = table[-1], [0] * (len(new) + 1)
        for j in range(len(new) - 1, -1, -1):
            line[j] = below[j + 1] + 1 if token == new[j] else max(below[j], line[j + 1])
        table.append(line)
    table.reverse()
    out: list[tuple[list[str], list[str], list[str]]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        gone: list[str] = []
        came: list[str] = []
        same: list[str] = []
        while (i < len(old) or j < len(new)) and not (i < len(old) and j < len(new) and old[i] == new[j]):
            if j == len(new) or (i < len(old) and table[i + 1][j] >= table[i][j + 1]):
                gone.append(old[i])
                i += 1
            else:
                came.append(new[j])
                j += 1
        while i < len(old) and j < len(new) and old[i] == new[j]:
            same.append(old[i])
            i, j = i + 1, j + 1
        out.append((gone, came, same))
    return out


def _context(tokens: Tokens, *, first: bool, last: bool) -> str:
    reach = 2 * CONTEXT  # every second token is a blank
    if len(tokens) <= (reach if first or last else 2 * reach) + 2:
        return _spell(tokens)
    head = "" if first else _spell(tokens[:reach]).rstrip() + " "
    tail = "" if last else " " + _spell(tokens[-reach:]).lstrip()
    return head + ELLIPSIS + tail


def _spell(tokens: Tokens) -> str:
    return safe_text("".join(tokens))
