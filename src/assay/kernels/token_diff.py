"""What leads from one text to another, token by token: words, Han and kana characters, marks, white space."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal

Kind = Literal["same", "del", "ins"]
Part = tuple[Kind, str]

LONGEST: Final = 2_000
"""Tokens of a text that are compared; what stands behind them is one token."""
COST: Final = 96
"""With more edits than this between two points, the furthest point reached is taken for a common one: then the answer
is right still, and may be longer than the shortest. It bounds the work to (tokens of both) × COST."""
ALIKE: Final = 0.1
"""Texts that share fewer of their tokens are shown as replaced."""

_TOKEN: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|\[[A-Z_]{2,30}\]|\s+|"
    r"[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+|."
)


def tokens(text: str) -> list[str]:
    """The text cut into tokens; joined they are the text. A mask such as `[EMAIL]` is one token."""
    found: list[str] = []
    at = 0
    for match in _TOKEN.finditer(text):
        if len(found) == LONGEST:
            break
        found.append(match.group())
        at = match.end()
    return [*found, text[at:]] if at < len(text) else found


def token_diff(old: str, new: str) -> list[Part]:
    """(`same` | `del` | `ins`, text) from `old` to `new`: without insertions it spells `old`, without deletions `new`.

    Myers (1986), "An O(ND) difference algorithm and its variations", the variant in linear space, with bounded cost.
    """
    if old == new:
        return [("same", old)] if old else []
    a, b = tokens(old), tokens(new)
    if not _alike(a, b):
        whole: list[Part] = [("del", old), ("ins", new)]
        return [part for part in whole if part[1]]
    known: dict[str, int] = {}
    x = [known.setdefault(token, len(known)) for token in a]
    y = [known.setdefault(token, len(known)) for token in b]
    parts: list[Part] = []
    i = j = 0
    for start, other, length in [*_matches(x, y), (len(a), len(b), 0)]:
        _put(parts, "del", "".join(a[i:start]))
        _put(parts, "ins", "".join(b[j:other]))
        _put(parts, "same", "".join(a[start : start + length]))
        i, j = start + length, other + length
    return _tidy(parts)


def _alike(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether they share enough words to be compared."""
    one, other = (Counter(t for t in side if not t.isspace()) for side in (a, b))
    most = max(one.total(), other.total())
    return most == 0 or (one & other).total() >= ALIKE * most


def _put(parts: list[Part], kind: Kind, text: str) -> None:
    if not text:
        return
    if parts and parts[-1][0] == kind:
        parts[-1] = (kind, parts[-1][1] + text)
    else:
        parts.append((kind, text))


def _tidy(parts: Sequence[Part]) -> list[Part]:
    """A gap of white space between two changes belongs to them: a phrase reads better than single words."""
    out: list[Part] = []
    gone = came = ""
    for k, (kind, text) in enumerate(parts):
        between = kind == "same" and text.isspace() and 0 < k < len(parts) - 1 and (gone or came)
        if kind == "del" or between:
            gone += text
        if kind == "ins" or between:
            came += text
        if kind == "same" and not between:
            _flush(out, gone, came)
            gone = came = ""
            _put(out, "same", text)
    _flush(out, gone, came)
    return out


def _flush(out: list[Part], gone: str, came: str) -> None:
    if gone == came:
        _put(out, "same", gone)
        return
    _put(out, "del", gone)
    _put(out, "ins", came)


def _matches(a: Sequence[int], b: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(place in `a`, place in `b`, length) of stretches that both share, in order, none crossing another."""
    waiting: list[tuple[int, int, int, int] | tuple[int, int, int]] = [(0, len(a), 0, len(b))]
    while waiting:
        box = waiting.pop()
        if len(box) == 3:
            yield box
            continue
        i, m, j, n = box
        head = 0
        while i + head < m and j + head < n and a[i + head] == b[j + head]:
            head += 1
        if head:
            yield i, j, head
        i, j, tail = i + head, j + head, 0
        while m - tail > i and n - tail > j and a[m - tail - 1] == b[n - tail - 1]:
            tail += 1
        m, n = m - tail, n - tail
        if tail:
            waiting.append((m, n, tail))
        if i < m and j < n and not set(a[i:m]).isdisjoint(b[j:n]):
            x, y = _middle(a[i:m], b[j:n])
            if (x, y) not in ((0, 0), (m - i, n - j)):
                waiting += [(i + x, m, j + y, n), (i, i + x, j, j + y)]


def _middle(a: Sequence[int], b: Sequence[int]) -> tuple[int, int]:
    """A point on a shortest way through the box, found from both ends at once; after COST edits the furthest one."""
    n, m = len(a), len(b)
    delta = n - m
    odd = delta % 2 == 1
    forth, back = {1: 0}, {1: 0}
    for d in range((n + m + 1) // 2 + 1):
        for k in range(-d + 2 * max(0, d - m), d - 2 * max(0, d - n) + 1, 2):
            x = (
                forth[k + 1]
                if k == -d or (k != d and forth.get(k - 1, -1) < forth.get(k + 1, -1))
                else forth[k - 1] + 1
            )
            y = x - k
            while x < n and y < m and a[x] == b[y]:
                x, y = x + 1, y + 1
            forth[k] = x
            if odd and -(d - 1) <= delta - k <= d - 1 and x + back.get(delta - k, -1) >= n:
                return x, y
        for k in range(-d + 2 * max(0, d - m), d - 2 * max(0, d - n) + 1, 2):
            x = (
                back[k + 1]
                if k == -d or (k != d and back.get(k - 1, -1) < back.get(k + 1, -1))
                else back[k - 1] + 1
            )
            y = x - k
            while x < n and y < m and a[n - x - 1] == b[m - y - 1]:
                x, y = x + 1, y + 1
            back[k] = x
            if not odd and -d <= delta - k <= d and x + forth.get(delta - k, -1) >= n:
                return n - x, m - y
        if d >= COST:
            x, k = max(
                ((x, k) for k, x in forth.items() if x <= n and 0 <= x - k <= m),
                key=lambda at: 2 * at[0] - at[1],
            )
            return x, x - k
    return n, m
