"""What an attack is, how the catalogue is kept, and what must hold of every answer.

Each file of this folder is one family: its attacks are data (`ATTACKS`), and each of them is the parameter of a test.
`test_catalogue.py` counts them and holds their ids against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import html5lib
import pytest

CANARY = "zqx"
"""In every text of an attacker: the function that his scripts call, and the attribute of his elements."""


@dataclass(frozen=True)
class Attack:
    """`id`: family/name. `what`: what is tried. `where`: through which entrance. `holds`: what must be true after it.
    `said`: what the test needs to know to try it."""

    id: str
    what: str
    where: str
    holds: str
    said: dict[str, Any] = field(default_factory=dict)


def each(attacks: Iterable[Attack]) -> pytest.MarkDecorator:
    """The test once for each attack."""
    return pytest.mark.parametrize("attack", [pytest.param(one, id=one.id) for one in attacks])


_ACTING = frozenset(
    [
        "iframe",
        "frame",
        "frameset",
        "object",
        "embed",
        "applet",
        "base",
        "math",
        "foreignobject",
        "animate",
        "set",
        "marquee",
        "video",
        "audio",
        "style",
        "template",
        "noscript",
        "plaintext",
        "xmp",
        "listing",
        "portal",
        "annotation-xml",
        "mglyph",
        "use",
        "image",
        "bgsound",
        "isindex",
        "keygen",
        "param",
        "source-set",
    ]
)
_LINKS = (
    "href",
    "src",
    "action",
    "formaction",
    "srcset",
    "data",
    "poster",
    "background",
    "cite",
    "ping",
    "manifest",
)
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_PILE = re.compile("[\u0300-\u036f]{8,}")


def foreign(html: str) -> list[str]:
    """What of a page came from somebody else than us: elements, attributes, addresses, characters that act. Raises
    html5lib's ParseError for a page that is not well formed."""
    found = [f"U+{ord(c):04X} in {_around(html, c)!r}" for c in sorted(set(_UNSEEN.findall(html)))]
    found += [f"a pile of {len(pile)} marks" for pile in _PILE.findall(html)]
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    for element in tree.iter():
        if isinstance(element.tag, str):
            found += _odd(element)
        elif CANARY in (element.text or ""):
            found.append(f"a comment: {element.text[:80]!r}")
    return found


def _odd(element: Any) -> Iterator[str]:
    tag = element.tag.rpartition("}")[2].lower()
    said = element.attrib
    if tag in _ACTING or CANARY in tag or "-" in tag:
        yield f"<{tag}>"
    if tag == "script" and (not said.get("src", "").startswith("/static/") or (element.text or "").strip()):
        yield f"<script {said}>"
    if tag == "meta" and not (
        "charset" in said or said.get("name") in ("viewport", "htmx-config", "form-token")
    ):
        yield f"<meta {said}>"
    if tag == "link" and not said.get("href", "").startswith("/static/"):
        yield f"<link {said}>"
    for name, value in said.items():
        plain = str(name).rpartition("}")[2].lower()
        if (
            (
                plain.startswith("on")
                or plain == "style"
                or CANARY in plain
                or plain in ("srcdoc", "ping", "nonce")
            )
            or (plain.startswith("hx-") and plain not in _OURS_OF_HTMX)
            or (plain in ("id", "class", "name", "for", "type", "target") and CANARY in value)
        ) or (plain in (*_LINKS, "hx-get", "hx-post") and not _leads_here(value)):
            yield f"<{tag} {plain}={value[:80]!r}>"


def _leads_here(address: str) -> bool:
    return address.startswith(("/", "#", "?")) and not address.startswith("//") and "\\" not in address


_OURS_OF_HTMX = frozenset(
    [
        "hx-get",
        "hx-post",
        "hx-target",
        "hx-push-url",
        "hx-boost",
        "hx-trigger",
        "hx-swap",
        "hx-select",
        "hx-include",
        "hx-indicator",
        "hx-sync",
    ]
)


def _around(text: str, char: str) -> str:
    at = text.index(char)
    return text[max(0, at - 60) : at + 30]


def strings(value: Any) -> Iterator[str]:
    """Every string of a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)
