"""Statistics of versions, kept once they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from assay.registry.curating.yields import yields
from assay.registry.kept_json import KeptJson

if TYPE_CHECKING:
    from assay.model.version import Manifest
    from assay.registry import Registry
    from assay.registry.monitor.measuring import Statistics

_FORM: Final = 1
_OPENINGS: Final = 8


def answers(registry: Registry) -> KeptJson:
    """Where they are kept."""
    return KeptJson(registry, "statistics", 500)


def kept(registry: Registry, manifest: Manifest) -> dict[str, Any] | None:
    """The statistics of a whole version as `told` spells them, or None where nothing kept them."""
    return kept_among(answers(registry), manifest)


def kept_among(held: KeptJson, manifest: Manifest) -> dict[str, Any] | None:
    """The same, for many versions: `held` are the `answers`."""
    return held.get(_FORM, manifest.name)


def keep(registry: Registry, manifest: Manifest, found: Statistics) -> None:
    """Keep the statistics of a whole version."""
    if registry.root is not None:
        answers(registry).put(told(registry, manifest, found), _FORM, manifest.name)


def told(registry: Registry, manifest: Manifest, found: Statistics) -> dict[str, Any]:
    """The statistics of a whole version as plain values: `health`, `profile` (without samples) and, by source, what
    became of its records (`sources`)."""
    profile = asdict(found.profile)
    del profile["samples"]
    profile["diversity"]["openings"] = profile["diversity"]["openings"][:_OPENINGS]
    for name in ("length", "input", "output"):
        if profile[name] is not None:
            del profile[name]["curve"]
    return {
        "health": [asdict(check) for check in found.health],
        "profile": profile,
        "sources": yields(registry, manifest),
    }


def worst_of(found: Mapping[str, Any]) -> str:
    """The worst verdict of kept statistics: warning, watch, healthy; `unknown` only when all of them are."""
    verdicts = {check["verdict"] for check in found["health"]}
    return next((one for one in ("warning", "watch", "healthy") if one in verdicts), "unknown")
