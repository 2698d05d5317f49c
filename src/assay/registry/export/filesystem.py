"""assay:// for fsspec: versions as folders of files that pandas, DuckDB, Polars and `datasets` read by themselves."""

from __future__ import annotations

import io
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from fsspec.spec import AbstractFileSystem

from assay.errors import NotFound, UsageError
from assay.registry import Registry
from assay.registry.export.kept_folder import KeptFile, KeptFolder, kept_folder
from assay.registry.opening import open as open_registry

Entry = dict[str, Any]


class AssayFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """`assay://helpdesk@v2/data/train-00000-of-00001.parquet`: README.md and the shards of a version, to read.

    `registry`: the folder of the registry (`storage_options={"registry": "…"}`). The first part of a path is any ref of
    a version: `helpdesk@v2`, a tag, a fingerprint, `helpdesk` for the newest. `info` has the file's SHA-256. Files are
    made when a version is first asked for and kept in the registry's cache, see `kept_folder`; a registry that is no
    folder needs `folder`, a place for them. Raises FileNotFoundError; Revoked for a version that was withdrawn.
    """

    protocol: ClassVar[str] = "assay"
    root_marker: ClassVar[str] = ""

    def __init__(self, registry: str | None = None, folder: str | None = None, **options: Any) -> None:
        super().__init__(registry=registry, folder=folder, **options)
        if not registry:
            raise UsageError(
                "assay:// does not say in which registry",
                'name its folder: storage_options={"registry": "…"}, or fsspec.config.conf["assay"]',
            )
        self._path = str(registry)
        self._files = None if folder is None else Path(folder)

    @cached_property
    def _registry(self) -> Registry:
        return open_registry(self._path)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """What lies in a folder: versions at the root, else files and folders of one version."""
        path = self._strip_protocol(path)
        if not path:
            found = [_folder(manifest.ref) for manifest in self._registry.all_versions()]
        else:
            found = self._listed(path)
        return found if detail else [entry["name"] for entry in found]

    def info(self, path: str, **_: Any) -> Entry:
        """Name, size, type, and of a file its SHA-256, which is its ETag too."""
        path = self._strip_protocol(path)
        if not path:
            return _folder("")
        ref, _slash, inside = path.partition("/")
        kept = self._kept(ref)
        for one in kept.files():
            if one.path == inside:
                return _file(ref, one)
        if not inside or any(one.path.startswith(f"{inside}/") for one in kept.files()):
            return _folder(path)
        raise FileNotFoundError(
            f"assay://{path}: {kept.version} has {', '.join(o.path for o in kept.files())}"
        )

    def ukey(self, path: str) -> str:
        """What changes when the file does: its SHA-256, of a folder its name."""
        found = self.info(path)
        return str(found.get("sha256", found["name"]))

    def modified(self, path: str) -> datetime:
        """When the version was made: its files never change."""
        ref = self._strip_protocol(path).partition("/")[0]
        self._kept(ref)
        return datetime.fromisoformat(self._registry.version(ref).operation.time)

    def created(self, path: str) -> datetime:
        """The same."""
        return self.modified(path)

    def checksum(self, path: str) -> int:
        return int(self.ukey(path)[:16], 16)

    def _open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        if mode != "rb":
            raise UsageError("assay:// is to read", "registry.register, or `assay import`, make versions")
        if self.info(path)["type"] != "file":
            raise IsADirectoryError(f"assay://{path}")
        ref, _slash, inside = path.partition("/")
        kept = self._kept(ref)
        return _Reader(kept.open(inside), kept.file(inside).bytes)

    def _listed(self, path: str) -> list[Entry]:
        here = self.info(path)
        if here["type"] == "file":
            return [here]
        ref, _slash, inside = path.partition("/")
        before = f"{inside}/" if inside else ""
        found: dict[str, Entry] = {}
        for one in self._kept(ref).files():
            if one.path.startswith(before):
                first, deeper, _rest = one.path.removeprefix(before).partition("/")
                name = f"{path}/{first}"
                found[name] = _folder(name) if deeper else _file(ref, one)
        return list(found.values())

    def _kept(self, ref: str) -> KeptFolder:
        try:
            return kept_folder(self._registry, self._registry.version(ref), self._files)
        except NotFound as error:
            raise FileNotFoundError(f"assay://{ref}: {error.message}; {error.hint}") from None


class _Reader(io.BufferedReader):
    """A file that says its size, as fsspec asks, and that is closed when it is let go of, as DuckDB does."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        super().__init__(file)  # type: ignore[arg-type]
        self.size = size

    def __del__(self) -> None:
        self.close()


def _folder(name: str) -> Entry:
    return {"name": name, "size": 0, "type": "directory"}


def _file(ref: str, one: KeptFile) -> Entry:
    return {
        "name": f"{ref}/{one.path}", "size": one.bytes, "type": "file",
        "sha256": one.sha256, "ETag": one.sha256, "rows": one.rows,
    }  # fmt: skip
