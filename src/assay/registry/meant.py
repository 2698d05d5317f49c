"""From ids as people write them to ids."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.errors import BadInput, NotFound, UsageError
from assay.kernels.ids import IdArray, sorted_ids
from assay.store.members import all_ids
from assay.store.standing import disabled, member_ids, union

if TYPE_CHECKING:
    from assay.registry import Registry

_FULL = re.compile(r"[0-9a-f]{64}")
_BEGINNING = re.compile(r"[0-9a-f]{6,63}")
MOST_BYTES = 1 << 30


def ids_named(registry: Registry, dataset: str | None, ids: Iterable[str] | IdArray) -> IdArray:
    """The ids meant (V32, sorted, each once). A beginning is looked up in the newest version of `dataset` and among
    what is disabled there, then everywhere. Raises NotFound, UsageError."""
    if isinstance(ids, np.ndarray):
        return sorted_ids(one.tobytes() for one in ids)
    listed = [one.strip().lower() for one in ids]
    if not listed:
        raise UsageError("no example was named", "name some with --id, --ids or --where")
    known: list[str] = []
    if dataset is not None and any(not _FULL.fullmatch(one) for one in listed):
        manifest = registry.version(dataset).manifest
        store = registry.store
        here = member_ids(all_ids(store.objects, manifest))
        here = union(here, disabled(store.objects, store.log.entries(), manifest.dataset))
        known = [one.tobytes().hex() for one in here] if len(here) else []
    return sorted_ids(bytes.fromhex(_whole(registry, one, known)) for one in listed)


def _whole(registry: Registry, spelled: str, known: list[str]) -> str:
    if _FULL.fullmatch(spelled):
        return spelled
    if not _BEGINNING.fullmatch(spelled):
        raise UsageError(
            f"{spelled!r} is not an example id", "an id is 64 hexadecimal digits, or 6 of them at least"
        )
    from bisect import bisect_left

    at = bisect_left(known, spelled)
    found = [one for one in known[at : at + 5] if one.startswith(spelled)]
    if len(found) > 1:
        raise UsageError(f"several examples begin with {spelled!r}", f"give more digits: {', '.join(found)}")
    return found[0] if found else registry.example(spelled).name


def ids_in_file(path: str) -> list[str]:
    """The ids in a text file, one a line; empty lines and lines that begin with # do not count. Raises BadInput."""
    file = Path(path)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise BadInput(f"{path} is too large for a list of ids", "name at most a gigabyte of them")
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        raise NotFound(f"no file {path}", "name a text file with one id a line") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}", "name a text file with one id a line") from None
    found = []
    for number, line in enumerate(lines, 1):
        spelled = line.strip().lower()
        if not spelled or spelled.startswith("#"):
            continue
        if not _FULL.fullmatch(spelled):
            raise BadInput(f"{path}:{number} is not an example id", "write 64 hexadecimal digits a line")
        found.append(spelled)
    return found
