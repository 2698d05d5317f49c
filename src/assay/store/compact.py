"""Compact: the same version in fewer segments. An operation names an equal manifest; nothing else changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from assay.errors import Damaged
from assay.model.version import Manifest, Part
from assay.store.members import all_ids, tables_by_id
from assay.store.objects import Objects
from assay.store.segments import TARGET_BYTES, write_segments

SMALL: Final = TARGET_BYTES // 4
"""A segment whose live rows have fewer bytes is merged with others of its split."""


@dataclass(frozen=True, slots=True)
class CompactPlan:
    """Split → the parts that would be merged, two of them at least."""

    parts: Mapping[str, tuple[Part, ...]]

    @property
    def segments(self) -> int:
        return sum(map(len, self.parts.values()))

    @property
    def bytes(self) -> int:
        """About how many bytes of rows would be written again."""
        return sum(map(_live_bytes, (p for parts in self.parts.values() for p in parts)))


def plan(manifest: Manifest) -> CompactPlan:
    """What is worth merging in a version."""
    small = {
        split: tuple(p for p in parts if _live_bytes(p) < SMALL) for split, parts in manifest.splits.items()
    }
    return CompactPlan({split: parts for split, parts in sorted(small.items()) if len(parts) > 1})


def compact(objects: Objects, manifest: Manifest, chosen: CompactPlan, scratch: Path) -> Manifest:
    """The manifest of the same version with the chosen parts merged, written with its segments.

    Number, parents, change, counts and fingerprint are those of `manifest`. Raises Damaged when the rows are not
    those that the version holds.
    """
    splits: dict[str, tuple[Part, ...]] = {}
    for split, parts in manifest.splits.items():
        merged = chosen.parts.get(split, ())
        left = tuple(p for p in parts if p not in merged)
        made = []
        if merged:
            rows = tables_by_id(objects, replace(manifest, splits={split: merged}), split)
            made = write_segments(objects, rows, scratch)
        splits[split] = left + tuple(Part.of(ref) for ref in made)
    equal = replace(manifest, splits=splits)
    before, after = all_ids(objects, manifest), all_ids(objects, equal)
    if before.keys() != after.keys() or any(not np.array_equal(before[s], after[s]) for s in before):
        raise Damaged(f"the rows of {manifest.ref} are not those that it holds", "run `assay verify`")
    objects.put_json(equal.as_json())
    return equal


def _live_bytes(part: Part) -> int:
    return part.segment.bytes * part.live // max(1, part.segment.rows)
