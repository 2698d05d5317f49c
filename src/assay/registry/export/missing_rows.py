"""Which rows of a version were forgotten since it was made: they count in its manifest, and are in no file of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from assay.kernels.ids import contains
from assay.model.version import Manifest
from assay.store.erased import erased, forgets

if TYPE_CHECKING:
    from assay.registry import Registry


@dataclass(frozen=True, slots=True)
class Missing:
    """`counts`: split → forgotten examples in it. `digest`: of their ids by split, in hex; "" where none is missing."""

    counts: Mapping[str, int]
    digest: str


NONE: Final = Missing({}, "")


def missing_rows(registry: Registry, manifest: Manifest) -> Missing:
    """What is missing of a version; costs nothing where nothing was ever forgotten."""
    entries = registry.store.everything()
    if not forgets(entries):
        return NONE
    gone = erased(registry.store.objects, entries).ids
    counts: dict[str, int] = {}
    digest = hashlib.sha256(b"assay.missing.v1\n")
    for split in sorted(manifest.counts):
        ids = np.ascontiguousarray(registry.store.split_ids(manifest, split)).view("V32")
        here = gone[contains(ids, gone)]
        if len(here):
            counts[split] = len(here)
            digest.update(f"{split}\n".encode() + here.tobytes())
    return Missing(counts, digest.hexdigest()) if counts else NONE
