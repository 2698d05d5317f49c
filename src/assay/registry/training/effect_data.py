"""What changed in the data between two versions, by the fields that items of an evaluation know as well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from assay.measure.drift.columns import digest_of
from assay.measure.drift.profile import Profile
from assay.registry.monitor.profiles import Profiles, read_from_rows

if TYPE_CHECKING:
    from assay.registry import Registry

_NEVER: Final = frozenset(("split", "opening", "kind"))
"""Features of rows that items cannot share: they say how a row is stored, not what it is about."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Rows with one value: how many `came` and `went`, of how many `before` and `after`."""

    came: int
    went: int
    before: int
    after: int

    @property
    def changed(self) -> int:
        return self.came + self.went

    def as_json(self) -> dict[str, Any]:
        return {
            "changed": self.changed,
            "came": self.came,
            "went": self.went,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class Changes:
    """The rows of both versions, those that came and those that went."""

    before: Profile
    after: Profile
    came: Profile
    went: Profile

    @property
    def all(self) -> Moved:
        return Moved(self.came.rows, self.went.rows, self.before.rows, self.after.rows)

    def feature(self, tag: str) -> str | None:
        """The field of the rows that a tag of items is: called so, or like the end of one of them ("meta.topic")."""
        known = {
            name
            for profile in (self.before, self.after)
            for name, spread in profile.categories.items()
            if name not in _NEVER and (spread.values != 0).any()
        }
        if tag in known:
            return tag
        end = tag.rpartition(".")[2]
        return next((name for name in sorted(known) if name.rpartition(".")[2] == end), None)

    def moved(self, feature: str, value: str) -> Moved:
        """The rows with one value of a field."""
        came, went, before, after = (
            _count(p, feature, value) for p in (self.came, self.went, self.before, self.after)
        )
        return Moved(came, went, before, after)

    def elsewhere(self, feature: str, values: Iterable[str]) -> list[tuple[str, Moved]]:
        """Values of a field that rows changed in and that are none of `values`, the most changed first."""
        seen = {digest_of(value) for value in values}
        names: dict[int, str] = {}
        for profile in (self.came, self.went):
            for digest in profile.category(feature).values.tolist():
                if digest and digest not in seen:
                    names[digest] = profile.called(feature, digest)
        found = [(name, self.moved(feature, name)) for name in names.values()]
        return sorted((one for one in found if one[1].changed), key=lambda one: (-one[1].changed, one[0]))


def changes(registry: Registry, a: str, b: str, by: str | None) -> Changes:
    """What leads from one version, or split, to another. `by`: one more field of the rows. Raises NotFound."""
    old, new = registry.version(a), registry.version(b)
    profiles = Profiles(registry, read_from_rows(by))
    one, other = profiles.pieces(old), profiles.pieces(new)
    went, came = old.manifest.dataset, new.manifest.dataset
    return Changes(
        profiles.profile(one, went),
        profiles.profile(other, came),
        profiles.profile(profiles.only(other, one), came),
        profiles.profile(profiles.only(one, other), went),
    )


def _count(profile: Profile, feature: str, value: str) -> int:
    spread = profile.category(feature)
    at = (spread.values == digest_of(value)).nonzero()[0]
    return int(spread.counts[at[0]]) if len(at) else 0
