"""Quality: the distribution profile of a version, drift between two, and the trend of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.measure.drift.profile import Profile
from assay.registry.drifting import Drift, drift
from assay.registry.profiles import Profiles, read_from_rows
from assay.registry.trending import Trend, trend

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
        return drift(self._registry, a, b, by)

    def trend(self, name: str, feature: str | None = None) -> Trend:
        """The versions of a dataset's main branch, or of NAME@BRANCH, as series, and where they jump. With `feature` a
        series a value. Raises NotFound, UsageError."""
        return trend(self._registry, name, feature)
