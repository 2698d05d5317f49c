"""A browser's trip to the identity provider and back: what ties the answer to the browser that asked.

The browser keeps one cookie (a random key, the time, where to go on). `state`, `nonce` and the PKCE verifier
are HMACs of that cookie under a secret of the server's: nothing is kept here for who only begins, no browser
can choose or read them, and a cookie that was changed fits no state.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from assay.web.access.tokens import same

LASTS: Final = 600
"""Seconds within which somebody has to come back."""
_COOKIE: Final = re.compile(r"([0-9a-f]{64})\.([0-9]{1,12})\.([A-Za-z0-9_-]{0,2800})")
_LONGEST: Final = 2_000
_NOT_AGAIN: Final = ("/login", "/logout", "/api", "/static")


@dataclass(frozen=True, slots=True)
class Trip:
    """One sign-in under way. `cookie`: what the browser keeps of it."""

    cookie: str
    begun: int
    onward: str
    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """The S256 challenge of the verifier (RFC 7636)."""
        return _spelled(hashlib.sha256(self.verifier.encode()).digest())


def begin(secret: bytes, key: bytes, now: float, onward: str) -> Trip:
    """A new trip. `key`: 32 random bytes."""
    where = _spelled(local_path(onward).encode())
    return _trip(secret, f"{key.hex()}.{int(now)}.{where}", int(now), local_path(onward))


def resume(secret: bytes, cookie: str, state: str, now: float) -> Trip | None:
    """The trip that a browser comes back from; None when its cookie and the state are not of one trip, or too old."""
    found = _COOKIE.fullmatch(cookie)
    if found is None:
        return None
    begun, where = int(found[2]), found[3]
    try:
        onward = base64.urlsafe_b64decode(where + "=" * (-len(where) % 4)).decode()
    except ValueError:
        return None
    trip = _trip(secret, cookie, begun, local_path(onward))
    return trip if same(trip.state, state) and 0 <= now - begun <= LASTS else None


def local_path(text: str) -> str:
    """A path of this server to go on to, else "/": never another host, a scheme, or what a browser reads as one."""
    if not text.startswith("/") or text.startswith("//") or len(text.encode("utf-8", "replace")) > _LONGEST:
        return "/"
    if "\\" in text or not text.isprintable():
        return "/"
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    first = "/" + parts.path.split("/")[1]
    if parts.scheme or parts.netloc or first in _NOT_AGAIN or "//" in parts.path:
        return "/"
    return text


def _trip(secret: bytes, cookie: str, begun: int, onward: str) -> Trip:
    def of(use: bytes) -> str:
        return _spelled(hmac.new(secret, use + b"\n" + cookie.encode(), hashlib.sha256).digest())

    return Trip(cookie, begun, onward, of(b"state"), of(b"nonce"), of(b"verifier"))


def _spelled(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
