"""What was forgotten on another machine must leave this one's copies too: of objects, caches and the index."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from assay.registry.derived import drop_derived
from assay.registry.indexing import drop_local_index
from assay.store.nearby import NearbyStorage

if TYPE_CHECKING:
    from assay.registry import Registry

MARK: Final = "near/erasures"


def follow(registry: Registry) -> None:
    """From now on empty what this machine keeps whenever the log has other erasures than when that was last done.

    `near/erasures` in the registry's folder says how many they were; it is written after the emptying, so that one that
    was interrupted is done again.
    """
    storage, root = registry.store.storage, registry.root
    assert isinstance(storage, NearbyStorage) and root is not None
    mark = root / MARK

    def heard(erasures: int) -> None:
        known = ""
        with suppress(OSError):
            known = mark.read_text("ascii")
        if known == str(erasures):
            return
        drop_derived(registry)
        drop_local_index(registry)
        storage.forget()
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(str(erasures), "ascii")

    registry.store.heard = heard
