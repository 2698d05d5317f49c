"""Answers of `compare` as plain values, kept once they were made, under all that they depend on."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from assay.govern.facts import FACT
from assay.govern.run_results import ACTION as RESULTS
from assay.govern.runs import ACTION as RUN
from assay.registry.kept_json import KeptJson
from assay.registry.training.effect_results import Effect

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.training.effects import Options
    from assay.registry.version import Version

_FORM: Final = 1


def answers(registry: Registry) -> KeptJson:
    """Where they are kept: beside those of drift."""
    return KeptJson(registry, "quality", 500)


def asked(registry: Registry, a: Version, b: Version, options: Options) -> tuple[Any, ...]:
    """What an answer depends on: both versions, their runs and results, facts about their rows, and what was asked."""
    sides = [(one.name, one.manifest.name) for one in (a, b)]
    datasets = {one.manifest.dataset for one in (a, b)}
    said = (RESULTS, RUN, FACT)
    until = max(
        (e.seq for e in registry.store.log.entries() if e.action in said and e.dataset in datasets), default=0
    )
    return (
        _FORM,
        "effect",
        sides,
        until,
        sorted((key, str(value)) for key, value in asdict(options).items()),
    )


def told(found: Effect) -> dict[str, Any]:
    """The answer as `--json` prints it."""
    said: dict[str, Any] = _plain(found.as_json())
    return said


def _plain(value: Any) -> Any:
    """The same as JSON can say it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
