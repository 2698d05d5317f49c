"""Sweeps, kept by the curation that they decide again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assay.registry.kept_json import KeptJson

if TYPE_CHECKING:
    from assay.model.version import Manifest
    from assay.registry import Registry
    from assay.registry.curating.sweeping import Sweep


def answers(registry: Registry) -> KeptJson:
    """Where they are kept."""
    return KeptJson(registry, "sweeps", 500)


def kept_sweep(
    registry: Registry, manifest: Manifest, stage: str, parameter: str, values: Sequence[float], samples: int
) -> dict[str, Any] | None:
    """What a sweep of the version answered, as `sweep --json` does, or None where nothing kept it.

    What stages look at beside the rows is part of the question: eval sets, facts and disabled examples, by the log.
    """
    return answers(registry).get(*_question(registry, manifest, stage, parameter, values, samples))


def keep_sweep(registry: Registry, manifest: Manifest, found: Sweep, samples: int) -> None:
    """Keep what a sweep answered."""
    values = [point.value for point in found.points]
    question = _question(registry, manifest, found.stage, found.parameter, values, samples)
    answers(registry).put(found.as_json(), *question)


def _question(
    registry: Registry, manifest: Manifest, stage: str, parameter: str, values: Sequence[float], samples: int
) -> list[Any]:
    entries = registry.store.log.entries()
    beside = sum(
        one.action == "freeze" or (one.action == "fact" and one.dataset == manifest.dataset)
        for one in entries
    )
    return [manifest.curation, beside, stage, parameter, [float(v) for v in values], samples]
