"""Which keys storage accepts: names that mean the same on every file system and leave no folder."""

from __future__ import annotations

import re

from assay.errors import UsageError

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


def check_key(key: str) -> str:
    """`key`, when it is a relative POSIX path of plain ASCII names, none of which begins with a dot.

    Raises UsageError: for "..", absolute paths, empty names, backslashes, and anything else.
    """
    if not _KEY.fullmatch(key) or len(key) > 1024:
        raise UsageError(f"{key!r} is not a storage key", "keys look like objects/ab/abcd….json")
    return key
