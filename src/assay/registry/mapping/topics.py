"""Topics of two versions, where a map of each was made: the clusters, and what became of their shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.measure.map.alignment import Kind

if TYPE_CHECKING:
    from assay.registry import Registry


@dataclass(frozen=True, slots=True)
class Topic:
    """A cluster: its rows and shares in both versions; `cluster`: its number on the second's map, None of one that
    vanished."""

    name: str
    kind: Kind
    cluster: int | None
    rows: tuple[int, int]
    shares: tuple[float, float]

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "kind": self.kind, "cluster": self.cluster, "rows": list(self.rows),
            "shares": [round(share, 6) for share in self.shares],
        }  # fmt: skip


def topics(registry: Registry, a: str, b: str) -> tuple[Topic, ...]:
    """The topics of `a` and `b` by the kept map of `a` and that of `b` like it, the greatest change first; none where
    either was not made. Raises NotFound, Revoked."""
    maps = registry.maps
    after = maps.found(b, like=a)
    before = maps.found(a)
    if before is None or after is None:
        return ()
    names = {one.number: one.name for one in before.clusters}
    names_after = {one.number: one.name for one in after.clusters}
    found = [
        Topic(
            names_after[one.after] if one.after is not None else names.get(one.before or 0, ""),
            one.kind, one.after, one.rows, one.shares,
        )
        for one in maps.changes(before, after)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-abs(one.shares[1] - one.shares[0]), one.name)))
