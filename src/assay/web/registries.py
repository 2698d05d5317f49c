"""Open registries, each lent to one request at a time: they hold caches and an index, and are not for two threads.
What is laid out for exploring they share, so that the first look of one reader warms all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from queue import Empty, LifoQueue
from threading import Lock
from typing import Final

from assay.registry import Registry
from assay.web.arenas import give_back

OBJECT_BYTES: Final = 32 << 20
ID_BYTES: Final = 64 << 20
"""What all of them together hold of objects, and of the ids in them: a segment, and two million ids."""

OFTEN: Final = 12
"""Requests after which free memory is given back."""


class Busy(TimeoutError):
    """Every registry was in use for as long as somebody could be asked to wait."""


class Registries:
    """At most `most` registries; who comes when all are lent waits up to `patience` seconds, then Busy."""

    def __init__(self, open: Callable[[], Registry], most: int, patience: float = 30.0) -> None:
        self._open, self._most, self._patience = open, most, patience
        self._free: LifoQueue[Registry] = LifoQueue()
        self._made = 0
        self._lent = count(1)
        self._first: Registry | None = None
        self._lock = Lock()

    @contextmanager
    def lent(self, actor: str) -> Iterator[Registry]:
        """A registry in which `actor` acts."""
        registry = self._take()
        registry.actor = actor
        try:
            yield registry
        finally:
            self._free.put(registry)
            if next(self._lent) % OFTEN == 0:
                give_back()

    def _take(self) -> Registry:
        try:
            return self._free.get_nowait()
        except Empty:
            pass
        with self._lock:
            if self._made < self._most:
                self._made += 1
                try:
                    made = self._open()
                    if self._first is None:
                        self._first = made
                        made.store.objects.bound(OBJECT_BYTES, ID_BYTES)
                    else:
                        made.looking.share(self._first)  # the columns of a large version are held once
                    return made
                except BaseException:
                    self._made -= 1
                    raise
        try:
            return self._free.get(timeout=self._patience)
        except Empty:
            raise Busy("every registry is in use") from None
