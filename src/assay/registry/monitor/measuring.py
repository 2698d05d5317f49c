"""stats and report: the figures of a version, the verdicts on them, and the page that shows both."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from assay.measure.charts.funnel import Step
from assay.measure.health import DEDUP_STAGES, Curated, Health, health
from assay.measure.profile import Profile, profile
from assay.measure.rows import columns_for
from assay.registry.monitor.kept_statistics import keep
from assay.registry.results import FunnelStage
from assay.registry.version import Version

if TYPE_CHECKING:
    from assay.registry import Registry


@dataclass(frozen=True, slots=True)
class Statistics:
    """What `stats` answers. `read` and `malformed` are of the curation that made the version, 0 without one."""

    version: str
    fingerprint: str
    made: str
    splits: Mapping[str, int]
    profile: Profile
    health: tuple[Health, ...]
    read: int
    malformed: int
    funnel: tuple[FunnelStage, ...]
    dedup_rate: float | None

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "fingerprint": self.fingerprint,
            "splits": dict(self.splits),
            "health": [check.as_json() for check in self.health],
            "dedup_rate": None if self.dedup_rate is None else round(self.dedup_rate, 6),
            "read": self.read,
            "malformed": self.malformed,
            "stages": [stage.as_json() for stage in self.funnel],
            **self.profile.as_json(),
        }


def stats(registry: Registry, ref: str, by: str | None) -> Statistics:
    """The statistics of a version, or of one split of it, counted by `by`. Raises NotFound, UsageError."""
    version = registry.version(ref)
    curation = registry.store.curation(version.manifest)
    curated = _curated(version, curation) if curation else None
    found = profile(_tables(registry, version, by), by)
    malformed = sum((curation or {}).get("malformed_codes", {}).values())
    read = version.funnel[0].entered + malformed if version.funnel else malformed
    rate = curated.dedup_rate if curated is not None else None
    told = Statistics(
        version.name, version.fingerprint, version.operation.time, version.counts, found,
        health(found, curated), read, malformed, version.funnel, rate,
    )  # fmt: skip
    if by is None and version.name == version.manifest.ref:
        keep(registry, version.manifest, told)
    return told


def _tables(registry: Registry, version: Version, by: str | None) -> Iterator[pa.Table]:
    for split, table in registry.store.live_tables(version.manifest, columns_for(by)):
        if split in version.counts:
            yield table


def _curated(version: Version, curation: Mapping[str, Any]) -> Curated:
    funnel = version.funnel
    duplicates = {stage.stage: stage.rejected for stage in funnel if stage.stage in DEDUP_STAGES}
    return Curated(funnel[0].entered if funnel else 0, duplicates, _can_reject(curation.get("recipe") or {}))


def _can_reject(recipe: Mapping[str, Any]) -> bool:
    """Whether a stage of the recipe may take a record out; one whose action is `flag` may not."""
    for entry in recipe.get("stages", ()):
        for params in entry.values():
            if (params or {}).get("action") != "flag":
                return True
    return False


def report(registry: Registry, ref: str, by: str | None) -> str:
    """The report on a version as one HTML document. Raises NotFound, UsageError."""
    from assay.measure.report import Report, render

    found = stats(registry, ref, by)
    steps = steps_of(found)
    words = ["assay", "report", found.version, *(["--by", by] if by else [])]
    return render(
        Report(
            found.version, found.fingerprint, found.made, found.splits, found.profile, found.health,
            found.read, steps, shlex.join(words),
        )
    )  # fmt: skip


def steps_of(found: Statistics) -> list[Step]:
    """The curation's steps for the picture of the funnel, malformed records first."""
    steps, left = [], found.read
    if found.malformed:
        left -= found.malformed
        steps.append(Step("malformed", found.malformed, left, "not readable as an example"))
    for stage in found.funnel:
        left -= stage.rejected
        steps.append(Step(stage.stage, stage.rejected, left, _reasons(stage)))
    return steps


def _reasons(stage: FunnelStage) -> str:
    return ", ".join(f"{code.replace('_', ' ')} {count:,}" for code, count in stage.codes.items())
