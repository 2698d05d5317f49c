"""How the C library divides the memory that the threads of a server ask for."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

import pyarrow as pa

_ARENA_MAX: Final = -8
"""M_ARENA_MAX of mallopt(3)."""
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
ARENAS: Final = 2
LARGE: Final = 256 << 10
"""Bytes from which a block is one of its own, which the system has back as soon as it is freed."""


def few_arenas() -> bool:
    """Let all threads of this process, those of Arrow too, allocate from `ARENAS` arenas of glibc, and give large
    blocks back at once; whether that can be.

    By default each thread of a pool has one of its own in glibc and another in Arrow, and what was freed in one of
    them serves no other thread: a fifth of the memory of a server over a large version. And by default glibc takes
    blocks of up to 32 MB from the arenas once some were freed, where the small ones between them keep all from the
    system.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
        done = bool(mallopt(_ARENA_MAX, ARENAS))
        mallopt(_MMAP_THRESHOLD, LARGE)
        mallopt(_TRIM_THRESHOLD, LARGE)
    except (AttributeError, OSError):  # another C library
        return False
    if done:
        pa.set_memory_pool(pa.system_memory_pool())
    return done


def give_back() -> None:
    """Let the system have what is free in the arenas, some milliseconds: only what is free at their ends goes back by
    itself."""
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except (AttributeError, OSError):  # another C library
            return
