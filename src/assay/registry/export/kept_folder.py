"""The data files of a version as others read them, Parquet shards, made once and kept in the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson
import pyarrow.compute as pc

from assay import __version__
from assay.errors import NotFound, UsageError
from assay.formats.hub import (
    PROVENANCE,
    Columns,
    HubColumn,
    HubRow,
    Shard,
    hub_splits,
    shard_names,
    write_shards,
)
from assay.model.version import Manifest
from assay.registry.exploring.row_facts import hub_rows
from assay.registry.export.missing_rows import Missing, missing_rows
from assay.store.segments import check_rows

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.version import Version

KEPT: Final = 8
"""Versions whose files stay; those of the one that was not read for longest go first."""
BATCH_ROWS: Final = 5_000
"""Rows that are decoded at once; a row group has as many."""
_INDEX: Final = "files.json"


@dataclass(frozen=True, slots=True)
class KeptFolder:
    """The shards of a version under `path`, and the columns that all of them have. `payload_bytes`: by split."""

    path: Path
    columns: tuple[HubColumn, ...]
    shards: tuple[Shard, ...]
    payload_bytes: Mapping[str, int]

    def files(self) -> tuple[Shard, ...]:
        """Path within the folder, rows, bytes and SHA-256 of each, in the order of their rows."""
        return self.shards

    def open(self, path: str) -> BinaryIO:
        """One of `files()`, to read. Raises NotFound for what is none of them, or was emptied from the cache."""
        if path in {one.path for one in self.shards}:
            with suppress(FileNotFoundError):
                return (self.path / path).open("rb")
        raise NotFound(f"no file {path!r} here", "files() has them")


def kept_folder(registry: Registry, version: Version) -> KeptFolder:
    """The files of a whole version, made when nobody asked for them before: two passes in bounded memory. They appear
    when all are written. Whether rows may be given out is asked by who calls. Raises UsageError where a registry has no
    folder to keep them in; NotExpressible."""
    missing = missing_rows(registry, version.manifest)
    folder = _place(registry, version.manifest)
    found = _kept(folder, missing)
    if found is not None:
        return found
    made = _made(registry, version.manifest, missing)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # somebody else was first, with the same bytes
            made.rename(folder)
    finally:
        rmtree(made, ignore_errors=True)
    if missing_rows(registry, version.manifest) != missing:
        rmtree(folder, ignore_errors=True)  # an example was forgotten meanwhile
        return kept_folder(registry, version)
    _trim(folder.parent)
    found = _kept(folder, missing)
    if found is None:
        raise NotFound(f"the files of {version.name} went away as they were made", "ask again")
    return found


def ready_folder(registry: Registry, manifest: Manifest) -> KeptFolder | None:
    """The same, if it was made before; None otherwise, at once."""
    return _kept(_place(registry, manifest), missing_rows(registry, manifest))


def planned(manifest: Manifest, missing: Missing) -> dict[str, dict[str, int]]:
    """Split → its shards with their rows, sized by what the rows take in the registry."""
    found: dict[str, dict[str, int]] = {}
    splits = hub_splits(manifest.counts)
    for split, rows in manifest.counts.items():
        parts = manifest.splits.get(split, ())
        size = sum(part.segment.bytes * part.live // max(1, part.segment.rows) for part in parts)
        found[split] = shard_names(splits[split], rows - missing.counts.get(split, 0), size)
    return found


def drop_folders(registry: Registry) -> None:
    """Delete all of them."""
    if registry.root is not None:
        rmtree(registry.root / "cache" / "hub", ignore_errors=True)


def _place(registry: Registry, manifest: Manifest) -> Path:
    if registry.root is None:
        raise UsageError(
            "a registry that is no folder has no place for a version's files", "export them instead"
        )
    return registry.root / "cache" / "hub" / manifest.name.replace("/", "-")


def _kept(folder: Path, missing: Missing) -> KeptFolder | None:
    """What lies there, if it is of this program and holds nothing that was forgotten since."""
    try:
        index: dict[str, Any] = orjson.loads((folder / _INDEX).read_bytes())
        if index["program"] != __version__ or index["missing"] != missing.digest:
            return None
        os.utime(folder / _INDEX)
        columns = tuple(map(_column, index["columns"]))
        shards = tuple(Shard(**one) for one in index["shards"])
        return KeptFolder(folder, columns, shards, index["payload_bytes"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _made(registry: Registry, manifest: Manifest, missing: Missing) -> Path:
    """A folder under a name of its own with all files in it."""
    scratch = registry.scratch_root()
    assert scratch is not None
    made = scratch / f"hub-{os.getpid()}-{token_hex(4)}"
    made.mkdir(parents=True)
    try:
        columns, payload_bytes = _looked(registry, manifest)
        shards: list[Shard] = []
        for split, names in planned(manifest, missing).items():
            shards += write_shards(made, names, _batches(registry, manifest, split), columns)
        index = {
            "program": __version__,
            "missing": missing.digest,
            "payload_bytes": payload_bytes,
            "columns": [asdict(one) for one in columns],
            "shards": [asdict(one) for one in shards],
        }
        (made / _INDEX).write_bytes(orjson.dumps(index))
    except BaseException:
        rmtree(made, ignore_errors=True)
        raise
    return made


def _looked(registry: Registry, manifest: Manifest) -> tuple[tuple[HubColumn, ...], dict[str, int]]:
    """The columns that all rows fit into, and the bytes of payloads by split."""
    found, payload_bytes = Columns(), dict.fromkeys(manifest.counts, 0)
    for split, table in registry.store.live_tables(manifest, ["id", "payload", "extra", *PROVENANCE]):
        for row in hub_rows(table):
            found.add(row)
        payload_bytes[split] += pc.sum(pc.binary_length(table.column("payload"))).as_py() or 0
    return found.result(), payload_bytes


def _batches(registry: Registry, manifest: Manifest, split: str) -> Iterator[list[HubRow]]:
    for table in registry.store.in_source_order(manifest, split):
        check_rows(table)
        for start in range(0, len(table), BATCH_ROWS):
            yield list(hub_rows(table.slice(start, BATCH_ROWS)))


def _column(value: dict[str, Any]) -> HubColumn:
    return HubColumn(value["name"], value["type"], tuple(map(_column, value["fields"])))


def _trim(cache: Path) -> None:
    with suppress(OSError):
        indexes = sorted(cache.glob(f"*/{_INDEX}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for index in indexes[KEPT:]:
            rmtree(index.parent, ignore_errors=True)
