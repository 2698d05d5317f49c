"""The files of a version that servers and file systems give out: made once a version and kept in the cache."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, BinaryIO, Final

import orjson

from assay.errors import Damaged, NotFound, StorageFailure, UsageError
from assay.formats.hub import hub_splits, shard_names, write_shards
from assay.govern.card_facts import Split
from assay.govern.header import between_dashes, data_header
from assay.model.version import Manifest
from assay.registry.export.hub import README, batches, stored_bytes, write_text
from assay.registry.export.placing import placed, standing
from assay.registry.export.row_types import RowTypes, look
from assay.registry.governing.describing import card_column
from assay.registry.version import Version

if TYPE_CHECKING:
    from assay.registry import Registry

SCHEME: Final = 1
"""Another one when the same version would give other files."""
INDEX: Final = "index.json"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file; `path` is relative to the folder, `split` the split's own name, None for a file that is no split's."""

    path: str
    rows: int
    bytes: int
    sha256: str
    split: str | None = None


@dataclass(frozen=True)
class KeptFolder:
    """README.md and data/SPLIT-NNNNN-of-NNNNN.parquet of one version, whole and never changed."""

    root: Path
    version: str
    fingerprint: str

    @cached_property
    def _files(self) -> dict[str, KeptFile]:
        try:
            listed = orjson.loads((self.root / INDEX).read_bytes())
            return {one["path"]: KeptFile(**one) for one in listed["files"]}
        except OSError as error:
            raise StorageFailure(
                f"the files of {self.version}: {error.strerror}", "ask for them again"
            ) from None
        except (ValueError, TypeError, KeyError):
            raise Damaged(f"{self.root / INDEX} is not what was written", "delete the folder") from None

    def files(self) -> tuple[KeptFile, ...]:
        """Every file, by path."""
        return tuple(self._files.values())

    def file(self, path: str) -> KeptFile:
        """One of them. Raises NotFound with what there is."""
        found = self._files.get(path)
        if found is None:
            raise NotFound(
                f"{self.version} has no file {path[:200]!r}", f"its files: {', '.join(self._files)}"
            )
        return found

    def place(self, path: str) -> Path:
        """Where a file lies on disk. Raises NotFound; a path never leads out of the folder."""
        return self.root / self.file(path).path

    def open(self, path: str) -> BinaryIO:
        """A file's bytes. Raises NotFound; StorageFailure when the cache was emptied meanwhile: ask for it again."""
        try:
            return self.place(path).open("rb")
        except OSError as error:
            raise StorageFailure(f"{self.version}/{path}: {error.strerror}", "ask for it again") from None


def kept_folder(registry: Registry, version: Version, temporary: Path | None = None) -> KeptFolder:
    """The files of a whole version. The first call makes them, in two passes over the rows and in bounded memory.

    They lie under `cache/hub/MANIFEST/`, which forgetting an example empties; where the registry is no folder, under
    `temporary`. Raises Revoked; UsageError for one split, or without a place to write to; StorageFailure.
    """
    manifest = version.manifest
    if version.name != manifest.ref:
        raise UsageError(f"{version.name} is one split", f"name the version: {manifest.ref}")
    version.admit()
    parent = temporary if registry.root is None else registry.root / "cache" / "hub"
    if parent is None:
        raise UsageError(
            "this registry is no folder, and has no place for files", "hand in a folder for them"
        )

    def fill(folder: Path) -> None:
        _write(registry, version, folder)

    root = placed(registry, parent / manifest.name.removesuffix(".json"), str(SCHEME), fill)
    return KeptFolder(root, manifest.ref, manifest.fingerprint)


def ready_folder(registry: Registry, manifest: Manifest) -> KeptFolder | None:
    """The same, at once, where it was made before; whether rows may be given out is asked by who calls."""
    if registry.root is None:
        return None
    parent = registry.root / "cache" / "hub" / manifest.name.removesuffix(".json")
    root = standing(registry, parent, str(SCHEME))
    return None if root is None else KeptFolder(root, manifest.ref, manifest.fingerprint)


def drop_kept(registry: Registry) -> None:
    """Delete the files of all versions; who asks next makes them anew."""
    if registry.root is not None:
        rmtree(registry.root / "cache" / "hub", ignore_errors=True)


def _write(registry: Registry, version: Version, folder: Path) -> None:
    found = look(registry, version)
    spelled = hub_splits(version.counts)
    files: list[KeptFile] = []
    for split, name in spelled.items():
        names = shard_names(name, found.rows[split], stored_bytes(version.manifest, split))
        shards = write_shards(folder, names, batches(version, split), found.columns, split)
        files += [KeptFile(one.path, one.rows, one.bytes, one.sha256, split) for one in shards]
    text = _readme(version, spelled, found)
    write_text(folder / README, text)
    data = text.encode("utf-8")
    files.append(KeptFile(README, 0, len(data), hashlib.sha256(data).hexdigest()))
    listed = {
        "version": version.manifest.ref,
        "fingerprint": version.fingerprint,
        "files": [asdict(one) for one in sorted(files, key=lambda one: one.path)],
    }
    write_text(folder / INDEX, orjson.dumps(listed, option=orjson.OPT_INDENT_2).decode() + "\n")


def _readme(version: Version, spelled: dict[str, str], found: RowTypes) -> str:
    """What loads the shards, and which version they are; nothing that changes after the version was made."""
    splits = [Split(split, found.rows[split], name, found.bytes[split]) for split, name in spelled.items()]
    header = data_header(splits, [card_column(column) for column in found.columns])
    return (
        f"{between_dashes(header)}\n# {version.manifest.ref}\n\nFingerprint `{version.fingerprint}`, "
        f"made {version.operation.time[:10]}. `assay card {version.manifest.ref}` tells what is known of it.\n"
    )
