"""How the C library divides the memory that the threads of a server ask for."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

import pyarrow as pa

_ARENA_MAX: Final = -8
"""M_ARENA_MAX of mallopt(3)."""
ARENAS: Final = 2


def few_arenas() -> bool:
    """Let all threads of this process, those of Arrow too, allocate from `ARENAS` arenas of glibc; whether that can be.

    By default each thread of a pool has one of its own in glibc and another in Arrow, and what was freed in one of
    them serves no other thread: a fifth of the memory of a server over a large version.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        done = bool(ctypes.CDLL(None).mallopt(_ARENA_MAX, ARENAS))
    except (AttributeError, OSError):  # another C library
        return False
    if done:
        pa.set_memory_pool(pa.system_memory_pool())
    return done
