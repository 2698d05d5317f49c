"""A map with what became of its clusters, and as the values that pictures are drawn of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from assay.measure.charts.scatter import Label
from assay.measure.map.alignment import Change
from assay.measure.map.document import Drawn
from assay.measure.map.styles import Style
from assay.measure.shares import percent
from assay.registry.mapping.values import SEED, VersionMap, Wanted

if TYPE_CHECKING:
    from assay.registry import Registry

LABELS: Final = 7
"""Names on the picture: the largest clusters, which have colours of their own."""


@dataclass(frozen=True, slots=True)
class MapView:
    """A map, and where asked the other one with what changed since, and the styles of generators."""

    made: VersionMap
    other: VersionMap | None = None
    changes: tuple[Change, ...] = ()
    styles: tuple[Style, ...] = ()

    def change_of(self, cluster: int) -> Change | None:
        """What became of a cluster of the newer map."""
        return next((one for one in self.changes if one.after == cluster), None)

    def as_json(self) -> dict[str, Any]:
        return self.made.as_json() | {
            "against": None if self.other is None else self.other.version,
            "changes": [one.as_json() for one in self.changes],
            "styles": [one.as_json() for one in self.styles],
        }


def viewed(
    registry: Registry,
    ref: str,
    wanted: Wanted,
    like: str | None = None,
    against: str | None = None,
    styles: bool = False,
    workers: int = 1,
) -> MapView:
    """See `MapView`. `like` and `against` both compare; with `like` the places are that version's too."""
    made = registry.maps.map(ref, wanted, like, workers)
    base = like if like is not None else against
    other = None if base is None else registry.maps.map(base, wanted, None, workers)
    changes = () if other is None else registry.maps.changes(other, made)
    return MapView(made, other, changes, registry.maps.styles(ref) if styles else ())


def made_how(made: VersionMap) -> str:
    """How a map was made, in a line."""
    by = "letters alone, no model" if made.lexical else f"model {made.embedder}"
    like = f", placed like {made.like}" if made.like else ""
    return f"{by}; {made.layout}, seed {SEED}{like}"


def labels(made: VersionMap) -> list[Label]:
    """The names on the picture."""
    return [Label(one.x, one.y, one.name, one.rows) for one in made.clusters[:LABELS] if one.rows]


def drawn(view: MapView) -> Drawn:
    """What `assay.measure.map.document` draws."""
    made = view.made
    rows = [
        [str(one.number), one.name, f"{one.rows:,}", percent(one.share)]
        for one in sorted(made.clusters, key=lambda one: -one.rows)
    ]
    return Drawn(
        made.version, made_how(made), (made.x, made.y, made.cluster), labels(made),
        ("number", "cluster", "rows", "share"), rows, None if view.other is None else view.other.version,
        view.changes, view.styles,
    )  # fmt: skip
