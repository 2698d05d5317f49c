"""The log as it was at a moment: every fold of it answers as of then."""

from __future__ import annotations

from collections.abc import Callable

from assay.errors import UsageError
from assay.model.operation import Operation
from assay.store.log import Log
from assay.store.storage import Storage


class LogView(Log):
    """The operations up to the last one whose time is at most `until` (compared as text, RFC 3339 in UTC)."""

    def __init__(self, storage: Storage, until: str) -> None:
        super().__init__(storage)
        self.until = until
        self._whole = Log(storage)

    @property
    def whole(self) -> Log:
        return self._whole

    def entries(self) -> list[Operation]:
        found = super().entries()
        # Clocks of two machines may differ: the order of the log is what happened, so the view is a prefix of it.
        end = max((n for n, one in enumerate(found, 1) if one.time <= self.until), default=0)
        return found[:end]

    def head(self) -> tuple[int, str | None]:
        shown, everything = len(self.entries()), super().entries()
        return shown, everything[shown].prev if shown < len(everything) else super().head()[1]

    def since(self, seq: int) -> list[Operation]:
        return self.entries()[seq:]

    def try_append(self, build: Callable[[int, str | None], Operation]) -> Operation | None:
        raise UsageError(
            "the past cannot be changed", "leave the moment out to act on the registry as it is now"
        )
