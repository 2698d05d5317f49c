"""Passwords: argon2id (RFC 9106), with the library's own parameters."""

from __future__ import annotations

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from assay.errors import UsageError

SHORTEST: Final = 12
LONGEST: Final = 1_000


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    """A hash of no password, so that an unknown name takes as long as a wrong password."""
    return _hasher().hash("nobody has this password")


def hashed(password: str) -> str:
    """What is kept of a password. Raises UsageError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(
            f"a password has {SHORTEST} to {LONGEST:,} characters", "several words make a good one"
        )
    return _hasher().hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether a password is the one that was kept; as slow where nothing was."""
    try:
        return _hasher().verify(kept or _nobodys(), password[:LONGEST]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
