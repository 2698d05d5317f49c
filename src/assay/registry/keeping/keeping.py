"""What keeps a registry as it should be: which examples may stand, what is forgotten, and repair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import UsageError
from assay.kernels.ids import IdArray
from assay.registry.meant import ids_in_file, ids_named

if TYPE_CHECKING:
    from assay.registry import Registry, Tell
    from assay.registry.keeping.compacting import CompactResult
    from assay.registry.keeping.doctoring import Diagnosis
    from assay.registry.keeping.forgetting import Receipt
    from assay.registry.keeping.standing import StandingResult

Ids = Iterable[str] | IdArray
"""Ids in hexadecimal (a beginning that only one example has will do), or an array of them."""


@dataclass(frozen=True)
class Keeping:
    """`registry.keeping`: each method is one act, and one operation in the log."""

    registry: Registry

    def __post_init__(self) -> None:
        self.registry.check_writable()

    def disable(self, dataset: str, ids: Ids, reason: str, *, dry_run: bool = False) -> StandingResult:
        """Take examples out of the newest version, and keep them out of later curations until they are enabled.

        Raises NotFound, UsageError when all of them are disabled already.
        """
        from assay.registry.keeping.standing import stand

        return stand(self.registry, dataset, ids_named(self.registry, dataset, ids), reason, False, dry_run)

    def enable(self, dataset: str, ids: Ids, reason: str, *, dry_run: bool = False) -> StandingResult:
        """Let disabled examples stand again, in the split from which they were taken.

        Raises NotFound, UsageError when none of them is disabled.
        """
        from assay.registry.keeping.standing import stand

        return stand(self.registry, dataset, ids_named(self.registry, dataset, ids), reason, True, dry_run)

    def chosen(
        self, dataset: str, ids: Sequence[str], file: str | None, where: str | None, *, disabled: bool = False
    ) -> IdArray:
        """The examples that a command names: by id or in a file, or where an expression holds; with `disabled`, where
        it held of those that are disabled now. Raises NotFound, UsageError, BadInput."""
        if where is None:
            return ids_named(self.registry, dataset, [*ids, *(ids_in_file(file) if file else ())])
        if ids or file:
            raise UsageError("ids and --where were both given", "name the examples one way")
        from assay.registry.keeping.standing import disabled_where
        from assay.registry.querying.querying import matching

        found = (disabled_where if disabled else matching)(self.registry, dataset, where)
        if not len(found):
            raise UsageError(f"nothing in {dataset} is so", "`assay query` shows what there is")
        return found

    def forget(self, ids: Ids, reason: str, *, dry_run: bool = False) -> Receipt:
        """Destroy the texts of examples in all versions of all datasets; ids, fingerprints and proofs stay valid.

        Later curations reject records that are these examples. There is no way back. Raises NotFound, UsageError.
        """
        from assay.registry.keeping.forgetting import forget

        return forget(self.registry, ids_named(self.registry, None, ids), reason, dry_run)

    def compact(self, dataset: str, *, dry_run: bool = False) -> CompactResult:
        """Merge the small segments of the newest version; its number and fingerprint stay.

        Raises NotFound, Conflict.
        """
        from assay.registry.keeping.compacting import compact_newest

        return compact_newest(self.registry, dataset, dry_run)

    def doctor(
        self, other: str | None = None, *, dry_run: bool = False, progress: Tell | None = None
    ) -> Diagnosis:
        """Say what ails the registry and repair what can be, with the help of a copy of it in the folder `other`."""
        from assay.registry.keeping.doctoring import doctor

        return doctor(self.registry, other, dry_run, progress)
