"""What a page or an act is given: the registry, who asks, and how."""

from __future__ import annotations

from dataclasses import dataclass

from assay.errors import UsageError
from assay.registry import Registry
from assay.web.access.book import Book
from assay.web.access.identity import Identity
from assay.web.desk import Desk
from assay.web.settings import Settings


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `language`: `en` or `zh`, of the interface. `keys`: whether single keys act in a page. `book`: who
    may come in, None where nobody is asked. `now`: seconds since the epoch. `desk`: jobs, uploads, collections."""

    registry: Registry
    identity: Identity
    language: str
    settings: Settings
    keys: bool = True
    book: Book | None = None
    now: float = 0.0
    desk: Desk | None = None

    def desk_or_refuse(self) -> Desk:
        """Where jobs, uploads and collected examples lie. Raises UsageError where there is no place for them."""
        if self.desk is None:
            raise UsageError("this server has no place for jobs and uploads", "use the terminal")
        return self.desk
