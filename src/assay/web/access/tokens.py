"""Secrets that are handed out once: API tokens and session ids. What is kept of them is a hash."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "assay_"
_ID, _SECRET = 4, 24
_TOKEN: Final = re.compile(rf"{PREFIX}[0-9a-f]{{{2 * _ID}}}_[0-9a-f]{{{2 * _SECRET}}}")


@dataclass(frozen=True, slots=True)
class Secret:
    """A token as it is shown once. `id` names it for people; `hashed` is all that is kept (SHA-256: 192 random bits
    need no slow hash)."""

    text: str
    id: str
    hashed: str

    def __repr__(self) -> str:
        return f"Secret({self.id}…)"


def new_token(entropy: Callable[[int], bytes]) -> Secret:
    """A new API token: `assay_`, eight digits that name it, and the secret."""
    name, secret = entropy(_ID).hex(), entropy(_SECRET).hex()
    text = f"{PREFIX}{name}_{secret}"
    return Secret(text, name, hash_of(text))


def new_session(entropy: Callable[[int], bytes]) -> Secret:
    """A new session id, for a cookie."""
    text = entropy(32).hex()
    return Secret(text, text[:8], hash_of(text))


def looks_like_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def id_of(text: str) -> str:
    """The digits that name a token."""
    return text.removeprefix(PREFIX).partition("_")[0]


def hash_of(text: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(b"assay.access.v1\n" + text.encode()).hexdigest()


def form_token(secret: bytes, session: str) -> str:
    """What a form of a session carries, so that no other site can send it (OWASP: HMAC-based token pattern)."""
    return hmac.new(secret, b"form\n" + session.encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
