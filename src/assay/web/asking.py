"""What a page or an act is given: the registry, who asks, and how."""

from __future__ import annotations

from dataclasses import dataclass

from assay.registry import Registry
from assay.web.access.book import Book
from assay.web.access.identity import Identity
from assay.web.settings import Settings


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `language`: `en` or `zh`, of the interface. `keys`: whether single keys act in a page. `book`: who
    may come in, None where nobody is asked. `now`: seconds since the epoch."""

    registry: Registry
    identity: Identity
    language: str
    settings: Settings
    keys: bool = True
    book: Book | None = None
    now: float = 0.0
