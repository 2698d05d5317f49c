"""Examples that no new version may hold, whatever an older one holds: what was disabled, what was forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final

from assay.kernels.ids import IdArray, as_ids, concat, contains, order

if TYPE_CHECKING:
    from assay.registry import Registry

BARS: Final[tuple[str, ...]] = ()
"""Who says what is barred: "module:function", looked up when a rollback or a merge asks. The function takes the
registry and the dataset's name and gives sorted ids (V32)."""


def barred(registry: Registry, dataset: str) -> IdArray:
    """The ids, sorted, that rollback and merge leave out."""
    found = [as_ids([])]
    for place in BARS:
        module, _, function = place.partition(":")
        found.append(getattr(import_module(module), function)(registry, dataset))
    ids = concat(found)
    return ids[order(ids)]


def without(splits: Mapping[str, IdArray], barred: IdArray) -> dict[str, IdArray]:
    """The same splits less the barred examples."""
    return {name: ids[~contains(barred, ids)] if len(barred) else ids for name, ids in splits.items()}
