"""collapse: how synthetic depth and diversity move along a line of versions, and whether that is model collapse."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from assay.errors import UsageError
from assay.kernels.ids import as_ids, contains
from assay.measure.collapse import NEEDED, Composition, Figures, Pool, Text, drawn, pooled
from assay.measure.collapse_checks import Check, Seen, Stayed, Verdict, checks, group_check, worst
from assay.measure.profile import plain
from assay.model.ref import Ref
from assay.model.version import Manifest, Part
from assay.registry.listing import resolve
from assay.registry.loading import looked_at
from assay.registry.monitor.collapse_rows import Place, SegmentFacts, Taken, read_texts
from assay.store.erased import erased
from assay.store.heads import Committed

if TYPE_CHECKING:
    from assay.registry import Registry

LAST: Final = 20
GROUPS: Final = 8
"""Values of a field that are judged: those with the most rows in the newest version."""


@dataclass(frozen=True, slots=True)
class VersionState:
    """One version of the line. Figures are None with fewer than `NEEDED` rows; `rare_kept`: the share of the first
    version's rare words that it still has."""

    version: str
    number: int
    made: str
    composition: Composition
    figures: Figures | None
    originals: Figures | None
    synthetic: Figures | None
    rare_kept: float | None
    groups: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version, "made": self.made, **self.composition.as_json(),
            "diversity": plain(self.figures), "of_originals": plain(self.originals),
            "of_synthetic": plain(self.synthetic), "rare_kept": plain(self.rare_kept), "groups": dict(self.groups),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Collapse:
    """What `collapse` answers: versions oldest first, signs with verdicts, and one check a value of the field `by`.

    Every version was measured on `rows` rows and `units` units. `left_out` versions lie between the first and the
    others; `first` is what the newest was held against, None where no version has enough rows.
    """

    line: str
    first: str | None
    by: str | None
    left_out: int
    rows: int
    units: int
    versions: tuple[VersionState, ...]
    checks: tuple[Check, ...]
    groups: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """A warning where any sign warns; not enough where none could tell."""
        return worst((*self.checks, *self.groups))

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.line, "first": self.first, "verdict": self.verdict, "rows": self.rows, "units": self.units,
            "left_out": self.left_out, "versions": [one.as_json() for one in self.versions],
            "checks": [one.as_json() for one in self.checks], "by": self.by,
            "groups": [one.as_json() for one in self.groups],
        }  # fmt: skip


class Collapsing:
    """`registry.collapse(ref)`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __call__(self, ref: str, by: str | None = None, last: int = LAST) -> Collapse:
        """The line that leads to a version, or to one split of it: its first version and the `last` newest.

        `by`: generator, origin, another provenance column or a field of the records, whose values are judged one by
        one. Every segment is read once; texts are read of some hundred rows a version. Raises NotFound, UsageError.
        """
        if last < 1:
            raise UsageError("at least one version has to be looked at", "give --last a number from 1")
        if by is not None and not by.strip():
            raise UsageError("the field to tell apart has no name", "name one, such as generator or origin")
        line, left_out = _line(self._registry, ref, last)
        return _collapse(self._registry, Ref.parse(ref), line, left_out, by)


def _line(registry: Registry, ref: str, last: int) -> tuple[list[Committed], int]:
    """The first version that leads to a ref and the newest ones, oldest first; how many between are left out."""
    looked_at(registry, ref)
    parsed = Ref.parse(ref)
    found = [resolve(registry, parsed)]
    made = registry.store.lines()[parsed.dataset].versions
    while (before := found[-1].before) is not None:
        found.append(made[before - 1])
    found.reverse()
    if len(found) <= last + 1:
        return found, 0
    return [found[0], *found[-last:]], len(found) - last - 1


def _collapse(
    registry: Registry, ref: Ref, line: Sequence[Committed], left_out: int, by: str | None
) -> Collapse:
    manifests = [registry.store.objects.manifest(one.manifest) for one in line]
    parts = [_parts(manifest, ref.split) for manifest in manifests]
    sizes = [sum(part.live for part in mine) for mine in parts]
    first = next((k for k, size in enumerate(sizes) if size >= NEEDED), len(line) - 1)
    taken, values, held = _take(registry, parts, first, by)
    texts = read_texts(
        registry.store,
        {p for one in taken for draw in (*one.draws.values(), *one.by_value.values()) for p in draw},
    )
    names = [f"{m.ref}{'' if ref.split is None else ':' + ref.split}" for m in manifests]
    short = [f"v{manifest.number}" for manifest in manifests]
    seen = [_seen(name, one, texts) for name, one in zip(short, taken, strict=True)]
    measured = drawn([one.all for one in seen])
    apart = drawn([one.originals for one in seen] + [one.synthetic for one in seen])
    states = tuple(
        VersionState(
            name, manifest.number, one.operation.time, seen[k].composition, measured.figures[k],
            apart.figures[k], apart.figures[len(line) + k],
            _rare_kept(seen[first].all, seen[k].all, held[k], k >= first), taken[k].groups if by else {},
        )
        for k, (name, manifest, one) in enumerate(zip(names, manifests, line, strict=True))
    )  # fmt: skip
    kept = contains(taken[-1].ids, taken[first].originals)
    stayed = Stayed(int(kept.sum()), len(kept), held[-1])
    groups = tuple(
        group_check(value, [(s, _texts(one.by_value[value], texts)) for s, one in zip(short, taken, strict=True)])
        for value in values
    )  # fmt: skip
    enough = len(seen[first].all) >= NEEDED
    return Collapse(
        names[-1], names[first] if enough else None, by, left_out, measured.rows, measured.units, states,
        checks(seen[first:], stayed), groups,
    )  # fmt: skip


def _parts(manifest: Manifest, split: str | None) -> list[Part]:
    """The parts of a version, or of its split."""
    chosen = manifest.splits.items() if split is None else [(split, manifest.splits.get(split, ()))]
    return [part for _, parts in sorted(chosen) for part in parts]


def _take(
    registry: Registry, parts: Sequence[Sequence[Part]], first: int, by: str | None
) -> tuple[list[Taken], list[str], list[frozenset[bytes]]]:
    """What each version holds; the values that are judged; and which ids of the first one's draw each still has.

    The newest comes before all others because it says which values are judged, then the first, whose draw is looked
    for in the others. Ids are let go of when they were looked through: memory holds those of three versions.
    """
    gone = erased(registry.store.objects, registry.store.everything()).ids
    facts = SegmentFacts(registry.store, gone, by)
    newest = facts.take(parts[-1], None, GROUPS)
    values = list(newest.by_value)
    found: dict[int, Taken] = {len(parts) - 1: newest}
    if first not in found:
        found[first] = facts.take(parts[first], values)
    draw = found[first].draws["all"]
    ids = facts.ids_at(draw)
    held = [frozenset[bytes]()] * len(parts)
    for k in sorted(range(len(parts)), key=lambda k: (k not in found, k)):
        if k not in found:
            found[k] = facts.take(parts[k], values)
        inside = contains(found[k].ids, as_ids(ids))
        held[k] = frozenset(id for id, here in zip(ids, inside.tolist(), strict=True) if here)
        if k not in (first, len(parts) - 1):
            found[k] = replace(found[k], ids=as_ids([]), originals=as_ids([]))
            facts.forget(but={part.segment for later in parts[k + 1 :] for part in later})
    return [found[k] for k in range(len(parts))], values, held


def _seen(name: str, one: Taken, texts: Mapping[Place, Text]) -> Seen:
    drawn_texts = {group: _texts(draw, texts) for group, draw in one.draws.items()}
    return Seen(
        name, one.composition, drawn_texts["all"], drawn_texts["original"], drawn_texts["synthetic"], one.stated
    )  # fmt: skip


def _texts(places: Sequence[Place], texts: Mapping[Place, Text]) -> list[Text]:
    return [texts[place] for place in places if place in texts]


def _rare_kept(
    first: Sequence[Text], here: Sequence[Text], held: frozenset[bytes], later: bool
) -> float | None:
    if not later or min(len(first), len(here)) < NEEDED:
        return None
    rows = min(len(first), len(here))
    pool, deal = pooled(first[:rows], here[:rows], held)
    kept = Pool(pool).rare_kept(deal)
    return None if math.isnan(kept) else kept
