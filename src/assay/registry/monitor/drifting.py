"""drift: how one version differs from another, and which examples, brought by which operation, made the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from assay.errors import UsageError
from assay.kernels.ids import IdArray, contains, id_list
from assay.measure.drift.compare import Shift, compare, drifted
from assay.measure.drift.examples import Held, causes, gains, weight
from assay.measure.drift.features import ALPHA, LIMITS
from assay.measure.drift.profile import Profile
from assay.registry.monitor.profiles import Piece, Profiles, read_from_rows
from assay.registry.version import Version
from assay.store.change import ids_that_came
from assay.store.heads import Committed, Line

if TYPE_CHECKING:
    from assay.registry import Registry

_GROUPS: Final = 5
_BACK: Final = 1_000
"""Versions that rows are followed back over; what came before them is said to have come with the oldest."""
_TOLD: Final = ("source", "generator")


@dataclass(frozen=True, slots=True)
class Brought:
    """`rows` of those that made a feature drift came with one operation, from one source and generator."""

    version: str
    operation: int
    action: str
    actor: str
    time: str
    source: str
    generator: str
    rows: int

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version, "operation": self.operation, "action": self.action, "actor": self.actor,
            "time": self.time, "source": self.source, "generator": self.generator, "rows": self.rows,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cause:
    """The examples behind one feature's drift. `came`: they are in the second version only; else they left the first.
    `of`: how many rows came (or left) with values that gained (or lost). `examples`: (id, value, who brought it)."""

    came: bool
    of: int
    examples: tuple[tuple[str, str, Brought], ...]
    brought: tuple[Brought, ...]

    def as_json(self) -> dict[str, Any]:
        rows = [{"id": id, "value": value, **by.as_json()} for id, value, by in self.examples]
        for row in rows:
            del row["rows"]
        return {
            "came": self.came, "rows": self.of, "examples": rows,
            "brought_by": [one.as_json() for one in self.brought],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drift:
    """What leads from `a` to `b`: rows of both, how many came, went and stayed, every feature's shift, and the causes
    of those that drifted, by feature."""

    a: str
    b: str
    before: Profile
    after: Profile
    came: int
    went: int
    shifts: tuple[Shift, ...]
    causes: Mapping[str, Cause]

    @property
    def stayed(self) -> int:
        return self.after.rows - self.came

    @property
    def drifted(self) -> list[Shift]:
        """The features that drifted, the greatest effect in terms of its limit first; the source, which every new file
        changes, last."""
        return sorted(
            drifted(self.shifts), key=lambda s: (s.name == "source", -s.effect / LIMITS[s.kind].least, s.name)
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "a": self.a, "b": self.b, "rows": [self.before.rows, self.after.rows],
            "came": self.came, "went": self.went, "stayed": self.stayed,
            "correction": "holm", "alpha": ALPHA,
            "drifted": [one.name for one in self.drifted],
            "features": [one.as_json() for one in self.shifts],
            "causes": {name: cause.as_json() for name, cause in self.causes.items()},
        }  # fmt: skip


def drift(registry: Registry, a: str, b: str, by: str | None, examples: bool = True) -> Drift:
    """Compare two versions, or splits, of the same or of two datasets. Raises NotFound, UsageError."""
    old, new = registry.version(a), registry.version(b)
    profiles = Profiles(registry, read_from_rows(by))
    one, other = profiles.pieces(old), profiles.pieces(new)
    came, went = profiles.only(other, one), profiles.only(one, other)
    before = profiles.profile(one, old.manifest.dataset)
    after = profiles.profile(other, new.manifest.dataset)
    if by is not None and not any(one.states(by) for one in (before, after)):
        raise UsageError(f"no row of {old.name} or {new.name} states {by}", "name a field of the records")
    extra = profiles.profile(came, new.manifest.dataset)
    shifts = compare(before, after, after - extra, (profiles.drawn(one), profiles.drawn(other)))
    gone = sum(len(piece.rows) for piece in went)
    found = Drift(old.name, new.name, before, after, extra.rows, gone, shifts, {})
    if not examples:
        return found
    return Drift(
        old.name, new.name, before, after, extra.rows, gone, shifts,
        _causes(profiles, found, (new, came), (old, went)),
    )  # fmt: skip


Side = tuple[Version, Sequence[Piece]]


def _causes(profiles: Profiles, found: Drift, came: Side, went: Side) -> dict[str, Cause]:
    moved = [shift for shift in found.drifted if shift.kind != "style"]
    if not moved:
        return {}
    names = [shift.name for shift in moved]
    sides = []
    for version, pieces in (came, went):
        ids, held = profiles.held(pieces, [*dict.fromkeys((*names, *_TOLD))], version.manifest.dataset)
        sides.append((version, ids, held))
    out = {}
    for shift in moved:
        # What went is looked at when more rows of values that lost left than rows of values that gained came.
        counts = [weight(shift, held, k == 0) if held else 0 for k, (_, _, held) in enumerate(sides)]
        k = 0 if counts[0] >= counts[1] else 1
        version, ids, held = sides[k]
        if counts[k]:
            out[shift.name] = _cause(profiles.registry, found, shift, moved, (version, ids, held), k == 0)
    return out


def _cause(
    registry: Registry, found: Drift, shift: Shift, moved: Sequence[Shift], side: tuple[Version, IdArray, Held],
    came: bool,
) -> Cause:  # fmt: skip
    version, ids, held = side
    own = gains(shift, held[shift.name])
    gained = np.flatnonzero(own > 1e-9 if came else own < -1e-9)
    profile = found.after if came else found.before
    line = registry.store.lines()[version.manifest.dataset]
    by = origins(registry, line, version.manifest.number, ids[gained])
    told = [[profile.called(name, d) for d in held[name][gained].tolist()] for name in _TOLD]
    groups = Counter(zip(by.tolist(), *told, strict=True))
    ordered = sorted(groups.items(), key=lambda item: (-item[1], item[0]))[:_GROUPS]
    brought = tuple(_brought(line, *key, rows=rows) for key, rows in ordered)
    top = causes(shift, moved, ids, held, came)
    place = {row: k for k, row in enumerate(gained.tolist())}
    shown = []
    for row, id in zip(top.tolist(), id_list(ids[top]), strict=True):
        k = place[row]
        by_whom = _brought(line, int(by[k]), told[0][k], told[1][k], rows=1)
        shown.append((id.hex(), _said(profile, shift, held[shift.name][row]), by_whom))
    return Cause(came, len(gained), tuple(shown), brought)


def _said(profile: Profile, shift: Shift, value: Any) -> str:
    return profile.called(shift.name, int(value)) if shift.kind == "category" else f"{float(value):,g}"


def _brought(line: Line, number: int, source: str, generator: str, *, rows: int) -> Brought:
    operation = line.versions[number - 1].operation
    return Brought(
        f"{operation.dataset}@v{number}", operation.seq, operation.action, operation.actor, operation.time,
        source, generator, rows,
    )  # fmt: skip


def origins(registry: Registry, line: Line, number: int, ids: IdArray) -> npt.NDArray[np.int64]:
    """int64[ids]: the number of the version that brought each into the line that leads to version `number`.

    Read from the recorded changes, newest first: an example that came, left and came back is the newest one's.
    """
    out = np.zeros(len(ids), np.int64)
    at: Committed = line.versions[number - 1]
    for _ in range(_BACK):
        change = registry.store.objects.manifest(at.manifest).change
        open_ = np.flatnonzero(out == 0)
        if not len(open_):
            break
        if change is None or at.before is None:
            break
        brought = ids_that_came(registry.store.objects, change)
        if len(brought):
            out[open_[contains(brought, ids[open_])]] = at.number
        at = line.versions[at.before - 1]
    out[out == 0] = at.number
    return out
