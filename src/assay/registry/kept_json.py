"""Answers that took long, kept as JSON in the registry's cache: derived, deletable, never trusted over the log."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from assay import __version__
from assay.store.erased import forgets

if TYPE_CHECKING:
    from assay.registry import Registry


@dataclass(frozen=True)
class KeptJson:
    """Answers of one kind, under what they answer. `most` of them stay; what was not used for longest goes first.

    An answer counts for the program that made it, and until an example is forgotten: it may quote texts. The log is
    looked through once; make another for what is asked later.
    """

    registry: Registry
    kind: str
    most: int

    def get(self, *question: Any) -> dict[str, Any] | None:
        """What was kept, or None."""
        path = self._path(question)
        if path is None:
            return None
        try:
            data: dict[str, Any] = orjson.loads(path.read_bytes())
            os.utime(path)
        except (OSError, ValueError):
            return None
        return data

    def put(self, data: dict[str, Any], *question: Any) -> None:
        """Keep an answer; what a full disk does not take is made again when it is asked for."""
        path = self._path(question)
        if path is None:
            return
        part = path.with_suffix(f".{os.getpid()}.part")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(orjson.dumps(data))
            part.replace(path)
            self._trim(self.most)
        if self._count() != self._forgotten:
            self.drop()  # Somebody forgot an example meanwhile.

    def drop(self) -> None:
        """Delete all of them."""
        self._trim(0)

    def _trim(self, most: int) -> None:
        here = self._folder()
        if here is None:
            return
        with suppress(OSError):
            files = sorted(here.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in files[most:]:
                path.unlink(missing_ok=True)

    @cached_property
    def _forgotten(self) -> int:
        return self._count()

    def _count(self) -> int:
        return len(forgets(self.registry.store.everything()))

    def _folder(self) -> Path | None:
        root = self.registry.root
        return None if root is None else root / "cache" / self.kind

    def _path(self, question: tuple[Any, ...]) -> Path | None:
        here = self._folder()
        if here is None:
            return None
        key = orjson.dumps([__version__, self._forgotten, *question])
        return here / (hashlib.sha256(key).hexdigest() + ".json")
