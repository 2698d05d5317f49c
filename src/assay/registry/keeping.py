"""What keeps a registry as it should be: which examples may stand, what is forgotten, and repair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.kernels.ids import IdArray
from assay.registry.forgetting import Receipt, forget
from assay.registry.meant import ids_named
from assay.registry.standing import StandingResult, stand

if TYPE_CHECKING:
    from assay.registry import Registry

Ids = Iterable[str] | IdArray
"""Ids in hexadecimal (a beginning that only one example has will do), or an array of them."""


@dataclass(frozen=True)
class Keeping:
    """`registry.keeping`: each method is one act, and one operation in the log."""

    registry: Registry

    def disable(self, dataset: str, ids: Ids, reason: str, *, dry_run: bool = False) -> StandingResult:
        """Take examples out of the newest version, and keep them out of later curations until they are enabled.

        Raises NotFound, UsageError when all of them are disabled already.
        """
        return stand(self.registry, dataset, ids_named(self.registry, dataset, ids), reason, False, dry_run)

    def enable(self, dataset: str, ids: Ids, reason: str, *, dry_run: bool = False) -> StandingResult:
        """Let disabled examples stand again, in the split from which they were taken.

        Raises NotFound, UsageError when none of them is disabled.
        """
        return stand(self.registry, dataset, ids_named(self.registry, dataset, ids), reason, True, dry_run)

    def forget(self, ids: Ids, reason: str, *, dry_run: bool = False) -> Receipt:
        """Destroy the texts of examples in all versions of all datasets; ids, fingerprints and proofs stay valid.

        Later curations reject records that are these examples. There is no way back. Raises NotFound, UsageError.
        """
        return forget(self.registry, ids_named(self.registry, None, ids), reason, dry_run)
