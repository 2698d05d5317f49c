"""Texts of examples as HTML: what a mask put there is marked, differences are marked, and everything is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from markupsafe import Markup

from assay.kernels.pii_patterns import TYPES
from assay.model.escape import block

MASK: Final = re.compile(r"\[(?:" + "|".join(name.upper() for name in TYPES) + r")\]")
"""What stands for personal data that was taken out: `[EMAIL]`."""


def masked(text: object, limit: int = 6_000) -> Markup:
    """A text with its lines, cut at `limit` characters; masks are marked."""
    whole = str(text)
    head, out, at = whole[:limit], [], 0
    for found in MASK.finditer(head):
        out += [block(head[at : found.start()], limit), f"<mark>{found.group()}</mark>"]
        at = found.end()
    out.append(block(head[at:], limit))
    if len(whole) > limit:
        out.append(f'<span class="muted">… {len(whole) - limit:,} more characters</span>')
    return Markup("".join(out))  # noqa: S704 - `block` escapes, masks are ours


def dots(text: str) -> str:
    """As many dots as the text has characters, at most 40: what a mask removed is never shown."""
    return "•" * min(40, len(text))


def differing(parts: Iterable[tuple[str, str]], hidden: str, side: str = "both") -> Markup:
    """(`same` | `del` | `ins`, text) as HTML. What was removed where a mask came instead is shown as dots, which are
    read aloud as `hidden`. `side`: `old` leaves insertions out, `new` deletions."""
    found = list(parts)
    out = []
    for k, (kind, text) in enumerate(found):
        if kind == "same":
            out.append(block(text, 20_000))
        elif kind == "del" and side != "new":
            after = found[k + 1][1] if k + 1 < len(found) and found[k + 1][0] == "ins" else ""
            if MASK.search(after):
                said = f'<span class="vh">{block(hidden)}</span><span aria-hidden="true">{dots(text)}</span>'
                out.append(f"<del>{said}</del>")
            else:
                out.append(f"<del>{block(text, 20_000)}</del>")
        elif kind == "ins" and side != "old":
            out.append(f"<ins>{block(text, 20_000)}</ins>")
    return Markup("".join(out))  # noqa: S704 - `block` escapes
