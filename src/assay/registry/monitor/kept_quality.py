"""Answers of drift and trend as plain values, kept once they were made: pages show them and do not wait."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from assay.govern.facts import FACT
from assay.measure.drift.features import title
from assay.measure.drift.profile import Profile
from assay.registry.kept_json import KeptJson
from assay.registry.mapping.styles import GeneratorStyles
from assay.registry.monitor.drifting import Drift
from assay.registry.monitor.trending import Trend
from assay.registry.version import Version

if TYPE_CHECKING:
    from assay.registry import Registry

_FORM: Final = 1
_CURVED: Final = ("input", "output")


def answers(registry: Registry) -> KeptJson:
    """Where they are kept."""
    return KeptJson(registry, "quality", 500)


def drift_asked(registry: Registry, a: Version, b: Version, by: str | None) -> tuple[Any, ...]:
    """What an answer of drift depends on."""
    sides = [(one.name, one.manifest.name, one.manifest.dataset) for one in (a, b)]
    return (_FORM, "drift", by, sides, stated_until(registry, {name for *_, name in sides}))


def trend_asked(
    registry: Registry, called: str, feature: str | None, manifests: Iterable[str]
) -> tuple[Any, ...]:
    """What an answer of trend depends on: `manifests` are those of its line."""
    dataset = called.partition("@")[0]
    return (_FORM, "trend", feature, called, [*manifests], stated_until(registry, {dataset}))


def styles_asked(version: Version) -> tuple[Any, ...]:
    """What an answer about styles depends on."""
    return (_FORM, "styles", version.name, version.manifest.name)


def styles_told(found: GeneratorStyles) -> dict[str, Any]:
    """The answer as `--json` prints it."""
    told: dict[str, Any] = _plain(found.as_json())
    return told


def stated_until(registry: Registry, datasets: set[str]) -> int:
    """The newest operation that stated facts about examples of these datasets; 0 without one."""
    entries = registry.store.log.entries()
    return max((one.seq for one in entries if one.action == FACT and one.dataset in datasets), default=0)


def drift_told(found: Drift) -> dict[str, Any]:
    """The answer as `--json` prints it, with what its charts need: `titles` of features, and `curves` of lengths, their
    1st to 100th percentile before and after."""
    curves = {name: [_curve(side, name) for side in (found.before, found.after)] for name in _CURVED}
    said = {"titles": {one.name: title(one.name) for one in found.shifts}, "curves": curves}
    told: dict[str, Any] = _plain(found.as_json() | said)
    return told


def _curve(side: Profile, name: str) -> list[int]:
    spread = side.number(name)
    return [int(spread.quantile(p / 100)) for p in range(1, 101)] if spread.total else []


def trend_told(found: Trend) -> dict[str, Any]:
    """The answer as `--json` prints it, with the series that are watched for jumps, by feature."""
    watched = {name: [one.as_json() for one in those] for name, those in found.shares.items()}
    names = {one.feature for one in found.series} | watched.keys() | {a.jump.feature for a in found.anomalies}
    said = {"watched": watched, "titles": {name: title(name) for name in sorted(names)}}
    told: dict[str, Any] = _plain(found.as_json() | said)
    return told


def _plain(value: Any) -> Any:
    """The same as JSON can say it: no number that is none, no half of a surrogate pair."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_plain(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value
