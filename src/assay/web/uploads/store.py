"""Uploads on disk: one folder each, with a random name. What was acknowledged is synchronised and survives a kill."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from threading import Lock
from typing import Any, Final

from assay.errors import BadInput, Conflict, NotFound, TooLarge, UsageError
from assay.web.access.identity import Identity
from assay.web.access.roles import Permission
from assay.web.jobs.files import keep, load, settle_folder
from assay.web.uploads.inflating import check_inflated
from assay.web.uploads.upload import Upload, clean_name, file_of

_RUNNING: Final = 64
"""Digests under way that are kept in memory; another one is made again from the file."""


class Uploads:
    """The uploads of one registry. Safe for many threads; one upload is written by one request at a time.

    `most`: bytes of one upload; a person may have `count` of them. `inflated`: bytes that a packed one may unpack to.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        *,
        most: int,
        count: int = 100,
        inflated: int = 200 << 30,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder, self._clock, self._entropy = folder, clock, entropy
        self.most, self._count, self._inflated = most, count, inflated
        self._digests: dict[str, tuple[int, Any]] = {}
        self._busy: set[str] = set()
        self._lock = Lock()

    def begin(self, who: Identity, name: str, length: int | None) -> Upload:
        """A new, empty upload. Raises TooLarge; UsageError where its sender has too many."""
        if length is not None:
            self._fits(length)
        held = sum(1 for one in self._all() if one.owner == who.actor)
        if held >= self._count:
            raise UsageError(f"{who.actor} has {held} uploads already", "delete some: /uploads")
        made = Upload(
            id=self._entropy(16).hex(),
            owner=who.actor,
            name=clean_name(name),
            created=self._clock(),
            length=length,
        )
        (self.folder / made.id).mkdir(mode=0o700)
        file_of(self.folder, made).touch(mode=0o600)
        self._keep(made)
        settle_folder(self.folder)
        return made

    def of(self, who: Identity, id: str) -> Upload:
        """An upload that one may see: one's own, or any as admin. Raises NotFound, whatever the reason."""
        found = self._read(id) if len(id) == 32 and id.isascii() and id.isalnum() else None
        if found is None or (found.owner != who.actor and not who.may(Permission.ADMINISTER)):
            raise NotFound(f"no upload {id[:40]!r}", "/uploads lists yours")
        return found

    def listed(self, who: Identity) -> list[Upload]:
        """The uploads that one may see, the newest first."""
        all = who.may(Permission.ADMINISTER)
        found = [one for one in self._all() if all or one.owner == who.actor]
        return sorted(found, key=lambda one: (-one.created, one.id))

    def path(self, upload: Upload) -> Path:
        """Where its bytes lie."""
        return file_of(self.folder, upload)

    def writer(self, upload: Upload) -> Writer:
        """Who writes on where it ends. Raises Conflict where somebody else is at it, or it is complete."""
        if upload.complete:
            raise Conflict(f"the upload {upload.id} is complete", "begin another one")
        with self._lock:
            if upload.id in self._busy:
                raise Conflict(
                    f"the upload {upload.id} is being written", "ask for its offset, and go on there"
                )
            self._busy.add(upload.id)
        try:
            fresh = self._read(upload.id) or upload
            return Writer(self, fresh, self._digest(fresh))
        except BaseException:
            self.leave(upload.id)
            raise

    def delete(self, who: Identity, id: str) -> Upload:
        """Delete an upload. Raises NotFound; Conflict while it is written."""
        found = self.of(who, id)
        with self._lock:
            if id in self._busy:
                raise Conflict(f"the upload {id} is being written", "wait until it is")
        rmtree(self.folder / id)
        self._digests.pop(id, None)
        return found

    def _fits(self, size: int) -> None:
        if size > self.most:
            raise TooLarge(f"an upload may have {self.most:,} bytes", "compress it, or send it in parts")

    def _digest(self, upload: Upload) -> Any:
        """The digest of the bytes so far; of the file, where they were written by a server that is gone."""
        known = self._digests.pop(upload.id, None)
        if known is not None and known[0] == upload.offset:
            return known[1]
        digest, left = hashlib.sha256(), upload.offset
        with self.path(upload).open("rb") as file:
            while left and (data := file.read(min(left, 1 << 20))):
                digest.update(data)
                left -= len(data)
        if left:
            raise BadInput(f"the upload {upload.id} has lost bytes", "delete it, and send the file again")
        return digest

    def leave(self, id: str) -> None:
        """Nobody writes it any more."""
        with self._lock:
            self._busy.discard(id)

    def store(self, upload: Upload, digest: Any) -> None:
        """Write down what is safe now."""
        self._keep(upload)
        with self._lock:
            while len(self._digests) >= _RUNNING:
                self._digests.pop(next(iter(self._digests)))
            if not upload.complete:
                self._digests[upload.id] = (upload.offset, digest)

    def checked(self, upload: Upload) -> None:
        """Raises BadInput for a bomb, which is deleted."""
        try:
            check_inflated(self.path(upload), self._inflated)
        except BadInput:
            rmtree(self.folder / upload.id, ignore_errors=True)
            raise

    def _keep(self, upload: Upload) -> None:
        keep(self.folder / upload.id / "upload.json", upload.model_dump())

    def _read(self, id: str) -> Upload | None:
        said = load(self.folder / id / "upload.json")
        return Upload(**said) if isinstance(said, dict) else None

    def _all(self) -> list[Upload]:
        with os.scandir(self.folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
        return [found for found in map(self._read, names) if found is not None]


class Writer:
    """Writes on where an upload ends; what was written and not yet safe when a server died is cut off first."""

    GRAIN: Final = 64 << 20
    """Bytes between two synchronisations within one request."""

    def __init__(self, uploads: Uploads, upload: Upload, digest: Any) -> None:
        self._uploads, self._digest = uploads, digest
        self.upload = upload
        self._at = upload.offset
        self._file = os.open(uploads.path(upload), os.O_WRONLY)
        os.ftruncate(self._file, upload.offset)
        os.lseek(self._file, upload.offset, os.SEEK_SET)

    def write(self, data: bytes | memoryview) -> None:
        """Take some bytes. Raises TooLarge, having taken none of them."""
        end = self._at + len(data)
        self._uploads._fits(end)
        if self.upload.length is not None and end > self.upload.length:
            raise TooLarge(
                f"more than the {self.upload.length:,} bytes that were announced", "begin another one"
            )
        self._digest.update(data)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self._at = end
        if self._at - self.upload.offset >= self.GRAIN:
            self.secure()

    def secure(self) -> Upload:
        """Make all that was taken safe, and say so."""
        if self._at != self.upload.offset:
            os.fsync(self._file)
            self.upload = self.upload.model_copy(update={"offset": self._at})
            self._uploads.store(self.upload, self._digest)
        return self.upload

    def finish(self) -> Upload:
        """It is all there. Raises BadInput for a bomb."""
        self.secure()
        os.close(self._file)
        self._file = -1
        self._uploads.checked(self.upload)
        done = {"length": self._at, "sha256": self._digest.hexdigest()}
        self.upload = self.upload.model_copy(update=done)
        self._uploads.store(self.upload, self._digest)
        return self.upload

    def close(self) -> None:
        """Let others write. What is not safe yet is not acknowledged."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._uploads.leave(self.upload.id)
