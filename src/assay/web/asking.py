"""What a page or an act is given: the registry, who asks, and how."""

from __future__ import annotations

from dataclasses import dataclass

from assay.registry import Registry
from assay.web.access.identity import Identity
from assay.web.settings import Settings


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `language`: `en` or `zh`, of the interface."""

    registry: Registry
    identity: Identity
    language: str
    settings: Settings
