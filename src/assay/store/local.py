"""Storage in a folder. Durable: file, then name, then folder are synced before a write returns."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from assay.errors import NotFound, StorageFailure
from assay.store.keys import check_key
from assay.store.oscalls import OsCalls
from assay.store.storage import Stat

_CHUNK = 4 << 20
_TEMPORARY = "tmp"
_HINTS = {
    errno.ENOSPC: "the disk is full: free some space and run the command again",
    errno.EDQUOT: "the disk quota is used up: free some space and run the command again",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "check who may write in this folder",
    errno.EPERM: "check who may write in this folder, and that its file system has hard links",
    errno.ENOTSUP: "a registry needs a file system with hard links",
    errno.EIO: "the disk reports a fault: check its health before going on",
}


class LocalStorage:
    """A registry's bytes under the folder `root`, which need not exist yet.

    A write goes to `<root>/tmp/`, is synced, gets its name by rename (`put`) or by hard link
    (`put_if_absent`, which exactly one of many processes wins), and then the folder is synced. When that
    last sync fails, StorageFailure is raised though the key may stand: it is whole, but perhaps not
    durable. Taking it back would be worse, since another process may have built upon it.
    """

    def __init__(self, root: Path, calls: OsCalls | None = None) -> None:
        self.root = Path(root)
        self._calls = calls or OsCalls()
        self._synced: set[Path] = set()

    def get(self, key: str) -> bytes:
        path = self._path(key)
        try:
            return self._calls.read(path)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"{key} is not in {self.root}") from None
        except OSError as error:
            raise _failure("read", path, error) from error

    def put(self, key: str, data: bytes) -> None:
        self._publish(key, [data])

    def put_file(self, key: str, path: Path) -> None:
        self._publish(key, _chunks(path))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        path = self._path(key)
        if path.exists():
            return False
        temporary = self._write([data])
        try:
            self._folder(path.parent)
            try:
                self._calls.link(temporary, path)
            except FileExistsError:
                return False
            self._calls.fsync_dir(path.parent)
            return True
        except OSError as error:
            raise _failure("write", path, error) from error
        finally:
            with suppress(OSError):
                self._calls.unlink(temporary)

    def stat(self, key: str) -> Stat | None:
        path = self._path(key)
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _failure("read", path, error) from error
        return Stat(key, found.st_size, found.st_mtime)

    def list(self, prefix: str) -> Iterator[Stat]:
        folder, slash, _ = prefix.rpartition("/")
        if folder:
            check_key(folder)
        yield from (s for s in self._walk(self.root / folder, folder + slash) if s.key.startswith(prefix))

    def delete(self, key: str) -> None:
        path = self.root / check_key(key)
        try:
            self._calls.unlink(path)
            self._calls.fsync_dir(path.parent)
            if path.is_relative_to(self.root / _TEMPORARY):
                _remove_empty(path.parent, self.root / _TEMPORARY)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _failure("delete", path, error) from error

    def leftovers(self) -> Iterator[Stat]:
        yield from self._walk(self.root / _TEMPORARY, _TEMPORARY + "/")

    def path_of(self, key: str) -> Path:
        return self._path(key)

    def _path(self, key: str) -> Path:
        if check_key(key).split("/")[0] == _TEMPORARY:
            raise NotFound(f"{key}: {_TEMPORARY}/ holds unfinished writes only")
        return self.root / key

    def _publish(self, key: str, chunks: Iterable[bytes]) -> None:
        path = self._path(key)
        temporary = self._write(chunks)
        try:
            self._folder(path.parent)
            self._calls.replace(temporary, path)
            self._calls.fsync_dir(path.parent)
        except OSError as error:
            with suppress(OSError):
                self._calls.unlink(temporary)
            raise _failure("write", path, error) from error

    def _write(self, chunks: Iterable[bytes]) -> Path:
        """A new temporary file with these bytes, synced."""
        folder = self.root / _TEMPORARY
        path = folder / f"{os.getpid()}-{secrets.token_hex(8)}"
        try:
            self._folder(folder)
            fd = self._calls.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0))
            try:
                for chunk in chunks:
                    rest = memoryview(chunk)
                    while len(rest):
                        rest = rest[self._calls.write(fd, rest) :]
                self._calls.fsync(fd)
            finally:
                self._calls.close(fd)
        except OSError as error:
            with suppress(OSError):
                self._calls.unlink(path)
            raise _failure("write", path, error) from error
        return path

    def _folder(self, path: Path) -> None:
        """Make a folder and its parents, and sync their names once a process: who made them may have died."""
        if path in self._synced:
            if path.exists():
                return
            self._synced.discard(path)
        if path != self.root:
            self._folder(path.parent)
        elif not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            self._calls.mkdir(path)
        self._calls.fsync_dir(path.parent)
        self._synced.add(path)

    def _walk(self, folder: Path, prefix: str) -> Iterator[Stat]:
        try:
            with os.scandir(folder) as entries:
                found = sorted(
                    ((e.name + "/" if e.is_dir() else e.name, e) for e in entries), key=lambda pair: pair[0]
                )
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise _failure("list", folder, error) from error
        for name, entry in found:
            if name.endswith("/"):
                if prefix or name != _TEMPORARY + "/":
                    yield from self._walk(folder / entry.name, prefix + name)
                continue
            try:
                stat = entry.stat()
            except FileNotFoundError:  # another process took it away meanwhile
                continue
            yield Stat(prefix + name, stat.st_size, stat.st_mtime)


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove `folder` and those above it, below `top`, as far as they are empty."""
    while folder != top:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _failure(verb: str, path: Path, error: OSError) -> StorageFailure:
    reason = error.strerror or str(error)
    hint = _HINTS.get(error.errno or 0, "run `assay verify`, then the command again")
    return StorageFailure(f"cannot {verb} {path}: {reason}", hint)
