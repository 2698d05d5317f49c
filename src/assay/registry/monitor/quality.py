"""Quality: the distribution profile of a version, drift between two, and the trend of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.measure.drift.profile import Profile
from assay.registry.mapping.styles import GeneratorStyles, generator_styles
from assay.registry.monitor.drifting import Drift, drift
from assay.registry.monitor.kept_quality import (
    answers,
    drift_asked,
    drift_told,
    styles_asked,
    styles_told,
    trend_asked,
    trend_told,
)
from assay.registry.monitor.profiles import Profiles, read_from_rows
from assay.registry.monitor.trending import Trend, line_named, trend

if TYPE_CHECKING:
    from assay.registry import Registry


class Quality:
    """How the rows of versions spread, and how that changes. What was measured of a segment is kept and not measured
    again."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def profile(self, ref: str, by: str | None = None) -> Profile:
        """The distribution profile of a version or a split; `by` names one more field to count. Raises NotFound."""
        version = self._registry.version(ref)
        profiles = Profiles(self._registry, read_from_rows(by))
        return profiles.profile(profiles.pieces(version), version.manifest.dataset)

    def drift(self, a: str, b: str, by: str | None = None) -> Drift:
        """How `b` differs from `a`, feature by feature, and the examples that made it so. Raises NotFound."""
        asked = drift_asked(self._registry, self._registry.version(a), self._registry.version(b), by)
        found = drift(self._registry, a, b, by)
        answers(self._registry).put(drift_told(found), *asked)
        return found

    def known_drift(self, a: str, b: str, by: str | None = None) -> dict[str, Any] | None:
        """The answer of `drift` as plain values where it is kept, else None. Raises NotFound."""
        registry = self._registry
        return answers(registry).get(*drift_asked(registry, registry.version(a), registry.version(b), by))

    def trend(self, name: str, feature: str | None = None) -> Trend:
        """The versions of a dataset's main branch, or of NAME@BRANCH, as series, and where they jump. With `feature` a
        series a value. Raises NotFound, UsageError."""
        asked = self._trend_asked(name, feature)
        found = trend(self._registry, name, feature)
        answers(self._registry).put(trend_told(found), *asked)
        return found

    def known_trend(self, name: str, feature: str | None = None) -> dict[str, Any] | None:
        """The answer of `trend` as plain values where it is kept, else None. Raises NotFound, UsageError."""
        return answers(self._registry).get(*self._trend_asked(name, feature))

    def styles(self, ref: str) -> GeneratorStyles:
        """How each generator of a version, or a split, writes: what sets its outputs apart from the others', and whose
        lie next to whose. Raises NotFound, Revoked."""
        found = generator_styles(self._registry, ref)
        answers(self._registry).put(styles_told(found), *styles_asked(self._registry.version(ref)))
        return found

    def known_styles(self, ref: str) -> dict[str, Any] | None:
        """The answer of `styles` as plain values where it is kept, else None. Raises NotFound, Revoked."""
        version = self._registry.version(ref)
        version.admit()
        return answers(self._registry).get(*styles_asked(version))

    def _trend_asked(self, name: str, feature: str | None) -> tuple[Any, ...]:
        line, called = line_named(self._registry, name)
        return trend_asked(self._registry, called, feature, [one.manifest for one in line])
