"""The files of a registry or an evidence pack, read within bounds: a folder or a zip, which is never unpacked."""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, Protocol

MAX_FILE = 64 << 20
MAX_TOTAL = 64 << 30
MAX_FILES = 10_000_000
_UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


class Files(Protocol):
    """Named bytes. Names are relative POSIX paths."""

    def names(self, prefix: str = "") -> list[str]:
        """All names that begin with `prefix` (a folder with its slash, or nothing), sorted."""
        ...

    def read(self, name: str) -> bytes:
        """All bytes of a file. Raises ValueError when it is missing, too large or cannot be read."""
        ...


def is_plain(name: str) -> bool:
    """Whether a name is ASCII letters, digits, `._-` and slashes, and leads nowhere else."""
    return len(name) <= 1024 and _PLAIN.fullmatch(name) is not None


class FolderFiles:
    """The files under a folder; links are not followed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self, prefix: str = "") -> list[str]:
        found = []
        for folder, _, files in os.walk(self.root / prefix):
            where = Path(folder).relative_to(self.root).as_posix()
            found += [file if where == "." else f"{where}/{file}" for file in files]
        return sorted(found)

    def read(self, name: str) -> bytes:
        path = self._path(name)
        try:
            if path.stat().st_size > MAX_FILE:
                raise ValueError(f"{name} has more than {MAX_FILE:,} bytes")
            return path.read_bytes()
        except OSError as error:
            raise ValueError(f"{name} cannot be read: {error.strerror}") from None

    def sha256(self, name: str) -> str:
        """The digest of a file of any size. Raises ValueError."""
        try:
            with self._path(name).open("rb") as file:
                return _digest(file)
        except OSError as error:
            raise ValueError(f"{name} cannot be read: {error.strerror}") from None

    def _path(self, name: str) -> Path:
        path = self.root / name
        if not is_plain(name) or path.is_symlink():
            raise ValueError(f"{name!r} is not a plain file")
        return path


class ZipFiles:
    """The files in a zip. Raises ValueError when it is none, or could fill a disk or hide a second file of a name."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is not a zip file: {error}") from None
        members = [info for info in self._zip.infolist() if not info.is_dir()]
        self._members = {info.filename: info for info in members}
        if len(self._members) < len(members):
            raise ValueError(f"{path} holds two files of one name")
        if len(members) > MAX_FILES or sum(info.file_size for info in members) > MAX_TOTAL:
            raise ValueError(f"{path} holds more than {MAX_FILES:,} files or {MAX_TOTAL >> 30} GiB")

    def names(self, prefix: str = "") -> list[str]:
        return sorted(name for name in self._members if name.startswith(prefix))

    def read(self, name: str) -> bytes:
        if name in self._members and self._members[name].file_size > MAX_FILE:
            raise ValueError(f"{name} has more than {MAX_FILE:,} bytes")
        with self._open(name) as file:
            try:
                return file.read()
            except _UNREADABLE as error:
                raise ValueError(f"{name} cannot be unpacked: {error}") from None

    def sha256(self, name: str) -> str:
        """The digest of a file of any size. Raises ValueError."""
        with self._open(name) as file:
            try:
                return _digest(file)
            except _UNREADABLE as error:
                raise ValueError(f"{name} cannot be unpacked: {error}") from None

    def _open(self, name: str) -> IO[bytes]:
        try:
            return self._zip.open(self._members[name])
        except KeyError:
            raise ValueError(f"{name} is missing") from None
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise ValueError(f"{name} cannot be unpacked: {error}") from None


def _digest(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while chunk := file.read(1 << 20):
        found.update(chunk)
    return found.hexdigest()
