"""Folders of a registry's cache that are made once, by whoever comes first, and appear whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import StorageFailure
from assay.store.erased import forgets

if TYPE_CHECKING:
    from assay.registry import Registry


def placed(registry: Registry, parent: Path, name: str, fill: Callable[[Path], None]) -> Path:
    """The folder that `fill` fills, below `parent`: made beside it and renamed when it is whole.

    Two processes may do so at once: one of both folders stays, and they hold the same. Its name carries how many
    times somebody forgot an example, so that what was made before is not taken for what holds now. Raises
    StorageFailure.
    """
    while True:
        count = forgotten(registry)
        folder = parent / f"{name}-{count}"
        if not folder.is_dir():
            _make(registry.scratch_root() or parent, folder, fill)
        if forgotten(registry) == count:
            return folder
        shutil.rmtree(folder, ignore_errors=True)  # Somebody forgot an example meanwhile.


def standing(registry: Registry, parent: Path, name: str) -> Path | None:
    """The folder that `placed` would give, where it was made before."""
    folder = parent / f"{name}-{forgotten(registry)}"
    return folder if folder.is_dir() else None


def forgotten(registry: Registry) -> int:
    """How many times examples were forgotten until now."""
    return len(forgets(registry.store.everything()))


def _make(scratch: Path, folder: Path, fill: Callable[[Path], None]) -> None:
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix="kept-", dir=scratch))
    except OSError as error:
        raise StorageFailure(f"{folder} cannot be made: {error.strerror}", "check the disk") from None
    try:
        fill(part)
        try:
            part.chmod(0o755)
            part.rename(folder)
        except OSError as error:
            if not folder.is_dir():
                raise StorageFailure(f"{folder} cannot be made: {error.strerror}", "check the disk") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
