"""Where unfinished work of a curation lies."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.registry import Registry


@contextmanager
def scratch_folder(registry: Registry, work: str) -> Iterator[Path]:
    """A folder that is gone afterwards, its name beginning with `work`: beside the registry where there is a folder, so
    that `gc` finds what a kill leaves."""
    parent = registry.scratch_root()
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{work}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
