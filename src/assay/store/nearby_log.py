"""Entries of a far log, kept in one file of this machine: so that opening a registry does not read them all again."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

import orjson

from assay.store.log import log_key

_SLACK: Final = 1_000


class NearbyLog:
    """What was read of a log, in `path`: a line for each entry, "KEY SHA256 BYTES". Entries are one line of JSON.

    A line that does not hold (torn, damaged) counts as missing. Several processes may add to the file at once, each
    what it fetched; a file that says most things twice is written anew. The file is a memory, no authority:
    `NearbyStorage` says how far the log as it lies there vouches for it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[str, bytes] | None = None

    def get(self, key: str) -> bytes | None:
        return self._entries().get(key)

    def add(self, key: str, data: bytes) -> None:
        """Keep an entry; what cannot be kept is read again next time."""
        if b"\n" in data or self._entries().get(key) == data:
            return
        self._entries()[key] = data
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(_line(key, data))

    def mark(self) -> tuple[int, int]:
        """Something that changes whenever any process of this machine adds an entry."""
        try:
            stat = self._path.stat()
        except OSError:
            return 0, 0
        return stat.st_size, stat.st_mtime_ns

    def length(self) -> int:
        """How many entries are held from the first on, without a gap."""
        held, number = self._entries(), 0
        while log_key(number + 1) in held:
            number += 1
        return number

    def leads_to(self, seq: int, data: bytes) -> bool:
        """Whether the entry that is held before number `seq` is the one that `data` follows."""
        before = self._entries().get(log_key(seq - 1), b"")
        try:
            return bool(orjson.loads(data)["prev"] == hashlib.sha256(before).hexdigest())
        except (ValueError, KeyError, TypeError):
            return False

    def drop(self) -> None:
        """Hold nothing any more."""
        self._held = {}
        with suppress(OSError):
            self._path.unlink()

    def _entries(self) -> dict[str, bytes]:
        if self._held is None:
            self._held = {}
            try:
                lines = self._path.read_bytes().split(b"\n")
            except OSError:
                lines = []
            for line in lines:
                key, _, rest = line.partition(b" ")
                digest, _, data = rest.partition(b" ")
                if hashlib.sha256(data).hexdigest().encode() == digest:
                    self._held[key.decode("ascii", "replace")] = data
            if len(lines) > 2 * len(self._held) + _SLACK:
                self._write_anew()
        return self._held

    def _write_anew(self) -> None:
        """Without the lines that say again what another said; what others add meanwhile is read again next time."""
        assert self._held is not None
        part = self._path.with_name(f"{token_hex(8)}.part")
        try:
            part.write_bytes(b"".join(_line(key, data) for key, data in self._held.items()))
            part.replace(self._path)
        except OSError:
            with suppress(OSError):
                part.unlink()


def _line(key: str, data: bytes) -> bytes:
    return b"%s %s %s\n" % (key.encode(), hashlib.sha256(data).hexdigest().encode(), data)
