"""Audit: the log asked, proven, signed and held against what was kept elsewhere."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError, Damaged, NotFound, StorageFailure, UsageError
from assay.govern.proofs import extract
from assay.govern.proofs.note import Checkpoint, Key, parse_checkpoint, parse_key
from assay.govern.proofs.registry_check import CHECKPOINTS, check_registry, origin_of, stored_name
from assay.govern.proofs.report import Report
from assay.govern.proofs.signing import HEAD, SigningKey, parse_signing_key
from assay.govern.proofs.standalone import standalone_source
from assay.govern.proofs.tree import Tree
from assay.model.dates import seconds_of
from assay.store.layout import KEY as LAYOUT_KEY
from assay.store.log import Log
from assay.store.log_view import LogView
from assay.store.nearby import straight
from assay.store.objects import Objects, object_key
from assay.store.reach import reachable
from assay.store.storage import Storage

if TYPE_CHECKING:
    from assay.model.operation import Operation
    from assay.registry import Registry

_DAY = 86_400.0


@dataclass(frozen=True)
class StorageFiles:
    """A registry's storage as the verifier reads it."""

    storage: Storage

    def names(self, prefix: str = "") -> list[str]:
        return [stat.key for stat in self.storage.list(prefix)]

    def read(self, name: str) -> bytes:
        try:
            return self.storage.get(name)
        except (NotFound, StorageFailure, UsageError) as error:
            raise ValueError(error.message) from None


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """A checkpoint that was made: what it says, and where it was written (empty in a dry run)."""

    checkpoint: Checkpoint
    files: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        one = self.checkpoint
        return {
            "origin": one.origin, "size": one.size, "root": one.root.hex(), "note": one.note.as_bytes().decode(),
            "signed_by": [f"{s.name}+{s.id.hex()}" for s in one.note.signatures], "files": list(self.files),
        }  # fmt: skip


class Audit:
    """What an auditor asks of one registry's log."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._storage = straight(registry.store.storage)

    @cached_property
    def origin(self) -> str:
        """What this registry's checkpoints begin with: "assay/registry/" and its id."""
        return origin_of(self._storage.get(LAYOUT_KEY))

    def log(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        dataset: str | None = None,
        since: str | None = None,
        until: str | None = None,
        id: str | None = None,
    ) -> list[Operation]:
        """The operations that fit all that is asked, oldest first.

        `since`, `until`: days or RFC 3339 moments, both included, by the time the entry states. `id`: an example that
        the operation names, or that came into or left a dataset with it. Raises UsageError, NotFound.
        """
        from assay.registry.trace.audit_trail import about

        low, high = _moment(since, -inf, 0.0), _moment(until, inf, _DAY)
        found = [
            one
            for one in self.registry.store.log.entries()
            if (actor is None or one.actor == actor)
            and (action is None or one.action == action)
            and (dataset is None or one.dataset == dataset)
            and ((since is None and until is None) or low <= seconds_of(one.time) <= high)
        ]
        return found if id is None else about(self.registry, found, id)

    def verify(self, checkpoints: Sequence[str | Path] = (), keys: Sequence[str | Path] = ()) -> Report:
        """Check the log, and hold it against the registry's checkpoints and those in the files named.

        `keys`: files of keys, one of which must have signed each checkpoint named. Never raises on damage of the
        registry; raises UsageError for a key that cannot be read, StorageFailure for a file.
        """
        given = [(str(path), _read(path)) for path in checkpoints]
        return check_registry(
            StorageFiles(self._storage), [self._public(path) for path in keys], given, self._traces
        )

    def inclusion(self, seq: int, size: int | None = None) -> dict[str, Any]:
        """The proof (JSON) that entry `seq` is among the log's first `size`, by default all. Raises NotFound."""
        entries = self._entries()
        size = len(entries) if size is None else size
        if not 1 <= seq <= size <= len(entries):
            raise NotFound(f"no entry {seq} among the first {size}", f"the log has {len(entries)} entries")
        return extract.inclusion(Tree(entries[:size]), self.origin, seq, size)

    def consistency(self, first: int, second: int | None = None) -> dict[str, Any]:
        """The proof (JSON) that the log of `first` entries became that of `second`, by default all. Raises NotFound."""
        entries = self._entries()
        second = len(entries) if second is None else second
        if not 0 <= first <= second <= len(entries):
            raise NotFound(
                f"no log of {first} entries that became {second}", f"the log has {len(entries)} entries"
            )
        return extract.consistency(Tree(entries[:second]), self.origin, first, second)

    def checkpoint(
        self, key: str | Path | None = None, to: str | Path | None = None, dry_run: bool = False
    ) -> Checkpointed:
        """State what the log is now, signed with the private key in the file `key` if there is one.

        Written into the registry, and into the file `to`, which must not exist. Raises Damaged when the log, or a
        checkpoint in the registry, is not in order: nothing is stated over damage. Raises UsageError for a registry as
        of a day: that is not what the log is now.
        """
        if isinstance(self.registry.store.log, LogView):
            raise UsageError("a checkpoint states what the log is now", "leave the moment out")
        signer = None if key is None else self._signer(key)
        report = self.verify()
        if not report.ok:
            first = report.ordered()[0]
            raise Damaged(f"{first.file}: {first.message}", "run `assay audit verify`")
        made = Checkpoint.of(self.origin, report.size, report.root)
        if signer:
            made = Checkpoint(made.origin, made.size, made.root, signer.sign(made.note))
        if dry_run:
            return Checkpointed(made, ())
        data = made.note.as_bytes()
        name = stored_name(made.size, data)
        if to is not None:
            _write_new(Path(to), data, 0o644)
        self._storage.put_if_absent(name, data)
        return Checkpointed(made, (name,) if to is None else (name, str(to)))

    def make_key(self, path: str | Path, name: str | None = None, dry_run: bool = False) -> Key:
        """Make a key that signs: the private half into `path`, for its owner's eyes, the public one into `path`.pub.

        `name`: who signs, by default this registry's origin. Raises UsageError when a file exists, or would lie in the
        registry: a key there goes wherever the registry is copied.
        """
        private = Path(path)
        self._outside(private)
        try:
            signer = SigningKey(name or self.origin, self.registry.entropy(32))
        except ValueError as error:
            raise UsageError(f"cannot name a key {name!r}: {error}", "take another --name") from None
        public = signer.public
        if not dry_run:
            _write_new(private.with_name(f"{private.name}.pub"), f"{public}\n".encode(), 0o644)
            _write_new(private, f"{signer.as_text()}\n".encode(), 0o600)
        return public

    def verifier(self) -> str:
        """The source of the verifier: one file, Python alone."""
        return standalone_source()

    def evidence(
        self, seqs: Collection[int] | None = None, key: str | Path | None = None
    ) -> dict[str, bytes]:
        """Path → bytes of what an evidence pack holds of the log: entries, proofs, a new checkpoint, those before it.

        `seqs`: the entries to put in; None: all. `seal` makes the manifest once the pack's other files are known.
        Raises NotFound, Damaged.
        """
        made = self.checkpoint(key)
        entries, size = self._entries(), made.checkpoint.size
        missing = [seq for seq in seqs or () if not 1 <= seq <= size]
        if missing:
            raise NotFound(f"no entry {missing[0]}", f"the log has {size} entries")
        earlier = []
        for stat in self._storage.list(CHECKPOINTS):
            one = parse_checkpoint(self._storage.get(stat.key))
            if one.size <= size and stat.key not in made.files:
                earlier.append((stat.key, one))
        public = None if key is None else self._public(key)
        return extract.pack_files(entries, made.checkpoint, seqs, earlier, public)

    def seal(self, digests: Mapping[str, str], key: str | Path | None = None) -> bytes:
        """A pack's file `manifest`: path → SHA-256 (hex) of all its other files, signed if a key is named."""
        return extract.manifest(digests, None if key is None else self._signer(key))

    def _entries(self) -> list[bytes]:
        """The entries' bytes; the log's reader has checked that they are just these. Raises Damaged."""
        return [one.as_bytes() for one in self.registry.store.log.entries()]

    def _traces(self) -> str:
        """Objects that no entry names: what removed entries leave behind."""
        try:
            entries = Log(self._storage).entries()
            named = {object_key(name) for name in reachable(Objects(self._storage), entries, {})}
        except AssayError:
            return ""
        orphans = sum(stat.key not in named for stat in self._storage.list("objects/"))
        verb = "lies" if orphans == 1 else "lie"
        return (
            f"{orphans:,} object{'' if orphans == 1 else 's'} {verb} here that no entry names"
            if orphans
            else ""
        )

    def _outside(self, path: Path) -> None:
        root = self.registry.root
        if root is not None and path.resolve().is_relative_to(root.resolve()):
            raise UsageError(
                f"{path} lies in the registry",
                "keep keys elsewhere, or every copy of the registry has them",
            )

    def _signer(self, path: str | Path) -> SigningKey:
        self._outside(Path(path))
        try:
            return parse_signing_key(_read(path).decode("utf-8"))
        except ValueError as error:
            raise UsageError(f"{path}: {error}", "`assay audit key FILE` makes one") from None

    def _public(self, path: str | Path) -> Key:
        try:
            text = _read(path).decode("utf-8")
            return parse_signing_key(text).public if text.startswith(HEAD) else parse_key(text)
        except ValueError as error:
            raise UsageError(f"{path}: {error}", "name the file that ends in .pub") from None


def _moment(text: str | None, otherwise: float, day: float) -> float:
    """Seconds since 1970 of a moment; a day alone counts to its end with `day`."""
    if text is None:
        return otherwise
    seconds = seconds_of(text)
    if isnan(seconds):
        raise UsageError(f"{text!r} is no moment", "write 2026-11-01 or 2026-11-01T12:00:00Z")
    return seconds + day - 0.001 if day and len(text) <= 10 else seconds


def _read(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise NotFound(f"no file {path}", "check the path") from None
    except OSError as error:
        raise StorageFailure(
            f"cannot read {path}: {error.strerror}", "check the path and its permissions"
        ) from None


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that must not exist yet, synced; a write that failed leaves none behind."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        file = open(os.open(path, flags, mode), "wb")  # noqa: PTH123, SIM115
    except FileExistsError:
        raise UsageError(f"{path} exists", "it may be the only one of its kind: name another file") from None
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> StorageFailure:
    return StorageFailure(f"cannot write {path}: {error.strerror}", "check the folder and the free space")
