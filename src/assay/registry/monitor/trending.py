"""trend: the versions of a line as series, and jumps traced to the operation that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assay.errors import NotFound, UsageError
from assay.measure.drift import style
from assay.measure.drift.bins import edges_for, labels, place
from assay.measure.drift.columns import digest_of
from assay.measure.drift.profile import Profile
from assay.measure.drift.spread import Spread
from assay.measure.drift.trend import WATCHED, Jump, Series, figures, jumps, shares
from assay.model.operation import Operation
from assay.model.ref import Ref
from assay.registry.monitor.profiles import Piece, Profiles, read_from_rows
from assay.registry.version import Version
from assay.store.heads import MAIN, Committed

if TYPE_CHECKING:
    from assay.registry import Registry

MOST: Final = 200
"""Versions of a line that are looked at, the newest."""


@dataclass(frozen=True, slots=True)
class Point:
    """One version of the line."""

    version: str
    rows: int
    operation: Operation

    def as_json(self) -> dict[str, Any]:
        one = self.operation
        return {
            "version": self.version, "rows": self.rows, "operation": one.seq, "action": one.action,
            "actor": one.actor, "time": one.time,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A jump, the version it came with, and the files and generators of the rows that came with this value then."""

    jump: Jump
    point: Point
    rows: int
    sources: tuple[tuple[str, int], ...]
    generators: tuple[tuple[str, int], ...]

    def as_json(self) -> dict[str, Any]:
        jump = self.jump
        return {
            "feature": jump.feature, "value": jump.value, "before": round(jump.before, 6),
            "after": round(jump.after, 6), "z": round(jump.z, 2), **self.point.as_json(), "rows_that_came": self.rows,
            "sources": dict(self.sources), "generators": dict(self.generators),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trend:
    """The line `name`, oldest version first; one series a feature, or one a value of the feature asked for. `shares`:
    the features that are watched for jumps, a series a value."""

    name: str
    feature: str | None
    points: tuple[Point, ...]
    left_out: int
    series: tuple[Series, ...]
    shares: dict[str, tuple[Series, ...]]
    anomalies: tuple[Anomaly, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.name, "feature": self.feature, "older_versions_left_out": self.left_out,
            "versions": [one.as_json() for one in self.points],
            "series": [one.as_json() for one in self.series],
            "anomalies": [one.as_json() for one in self.anomalies],
        }  # fmt: skip


def trend(registry: Registry, name: str, feature: str | None) -> Trend:
    """The trend of a dataset's main branch, or of the branch that NAME@BRANCH names. Raises NotFound, UsageError."""
    line, called = line_named(registry, name)
    known = line[-MOST:]
    profiles = Profiles(registry, read_from_rows(feature))
    versions = [
        Version(registry.store, registry.store.objects.manifest(c.manifest), c.operation) for c in known
    ]
    pieces = [profiles.pieces(version) for version in versions]
    dataset = versions[0].manifest.dataset
    made = [_slim(profiles.profile(one, dataset), feature) for one in pieces]
    points = tuple(Point(v.name, p.rows, v.operation) for v, p in zip(versions, made, strict=True))
    watched = [feature] if feature else list(WATCHED)
    by_value = {name: tuple(shares(made, name)) for name in watched}
    series = [one for those in by_value.values() for one in those]
    if feature and not any(one.states(feature) for one in made):
        stated = ", ".join(sorted({n for one in made for n in (*one.categories, *one.numbers)} - {feature}))
        raise UsageError(f"no row of {called} states {feature}", f"features that rows state: {stated}")
    found = [_anomaly(profiles, jump, made, pieces, points) for jump in jumps(series)]
    shown = series if feature else [*figures(made), *_style(profiles, pieces)]
    return Trend(called, feature, points, len(line) - len(known), tuple(shown), by_value, tuple(found))


def line_named(registry: Registry, name: str) -> tuple[Sequence[Committed], str]:
    """The versions of the branch that a ref names, oldest first, and what it is called. Raises NotFound, UsageError."""
    ref = Ref.parse(name)
    line = registry.store.lines().get(ref.dataset)
    if line is None:
        registry.version(ref.dataset)  # says what there is
        raise NotFound(f"no dataset {ref.dataset!r}")
    branch = ref.value if ref.kind == "name" and ref.value is not None else MAIN
    if ref.kind not in ("latest", "name") or ref.split is not None or branch not in line.heads:
        raise UsageError(
            f"{name!r} names no line of versions", f"name a dataset or a branch: {', '.join(line.heads)}"
        )
    return line.on(branch), ref.dataset if branch == MAIN else f"{ref.dataset}@{branch}"


def _slim(profile: Profile, feature: str | None) -> Profile:
    """Without what no series needs and much memory holds."""
    kept = {name: one for name, one in profile.categories.items() if name != "opening" or name == feature}
    return Profile(profile.rows, kept, profile.numbers, {n: profile.names[n] for n in kept})


def _style(profiles: Profiles, pieces: Sequence[Sequence[Piece]]) -> list[Series]:
    drawn = [profiles.drawn(one) for one in pieces]
    rows = min(len(one.ids) for one in drawn)
    found = [style.alone(one, rows) for one in drawn]
    return [
        Series(name, "", tuple(one[name] for one in found), f"blocks of {rows:,} rows")
        for name in style.MEASURES
    ]


def _anomaly(
    profiles: Profiles, jump: Jump, made: Sequence[Profile], pieces: Sequence[Sequence[Piece]], points: Sequence[Point]
) -> Anomaly:  # fmt: skip
    """The rows that came with the value that jumped up, or left with the one that jumped down."""
    now, then = (jump.at, jump.at - 1) if jump.after > jump.before else (jump.at - 1, jump.at)
    dataset = points[0].version.partition("@")[0]
    rows = profiles.only(pieces[now], pieces[then])
    counts: list[dict[str, int]] = [{}, {}]
    total = 0
    if rows:
        _, held = profiles.held(rows, [*dict.fromkeys((jump.feature, "source", "generator"))], dataset)
        own = _having(jump, made, held[jump.feature])
        total = int(own.sum())
        for k, name in enumerate(("source", "generator")):
            values = held[name][own]
            spread = Spread.counted(values, np.ones(len(values), np.int64))
            told = Profile(total, {name: spread}, {}, made[now].names)
            counts[k] = dict(told.shares(name, 3))
    return Anomaly(jump, points[jump.at], total, tuple(counts[0].items()), tuple(counts[1].items()))


def _having(jump: Jump, made: Sequence[Profile], values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Which rows have the value, or lie in the bin, that jumped."""
    if values.dtype == np.uint64:
        same: np.ndarray[Any, Any] = values == np.uint64(digest_of(jump.value))
        return same
    every = Spread.together([one.number(jump.feature) for one in made])
    edges = edges_for(every)
    wanted = labels(edges, every.values).index(jump.value)
    here = ~np.isnan(values)
    out = np.zeros(len(values), np.bool_)
    out[here] = place(values[here], edges) == wanted
    return out
