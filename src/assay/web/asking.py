"""What a page or an act is given: the registry, who asks, and how."""

from __future__ import annotations

from dataclasses import dataclass

from assay.errors import UsageError
from assay.registry import Registry
from assay.web.access.identity import Identity
from assay.web.desk import Desk
from assay.web.settings import Settings


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `language`: `en` or `zh`, of the interface. `desk`: jobs, uploads, collected examples."""

    registry: Registry
    identity: Identity
    language: str
    settings: Settings
    desk: Desk | None = None

    def desk_or_refuse(self) -> Desk:
        """Where jobs, uploads and collected examples lie. Raises UsageError where there is no place for them."""
        if self.desk is None:
            raise UsageError("this server has no place for jobs and uploads", "use the terminal")
        return self.desk
