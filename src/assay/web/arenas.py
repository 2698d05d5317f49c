"""How the C library divides the memory that the threads of a server ask for."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_ARENA_MAX: Final = -8
"""M_ARENA_MAX of mallopt(3)."""
ARENAS: Final = 2


def few_arenas() -> bool:
    """Let all threads allocate from `ARENAS` arenas, where the C library is glibc; whether it is.

    By default each thread of a pool gets one, up to eight times the cores, and what was freed in one of them serves
    no other: a sixth of the memory of a server over a large version.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_ARENA_MAX, ARENAS))
    except (AttributeError, OSError):  # another C library
        return False
