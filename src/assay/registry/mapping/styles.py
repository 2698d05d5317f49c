"""Styles: the outputs of each generator of a version, held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from assay.kernels.cosine import quantise
from assay.kernels.ids import concat, contains, ids_of, order
from assay.kernels.lexical import lexical_vectors
from assay.measure.map.habits import Habits, habits
from assay.measure.map.styles import FEWEST, GENERATORS, PER_GENERATOR, Style, styles
from assay.model.example import views
from assay.store.erased import erased
from assay.store.members import place, rows_of, shown

if TYPE_CHECKING:
    from assay.registry import Registry

Drawn = tuple[str, int, list[str]]
_READ = 1_000
"""Characters of an output whose vector is made."""
_WHOLE = 20_000
"""Characters of an output that are looked at for length and form."""


@dataclass(frozen=True, slots=True)
class GeneratorStyles:
    """The styles of a version's generators: whose outputs lie next to whose (`styles`), and what sets each apart
    (`habits`, of the same generators; none of one alone). `generators`: how many there are in all."""

    version: str
    generators: int
    styles: tuple[Style, ...]
    habits: tuple[Habits, ...]

    def as_json(self) -> dict[str, Any]:
        known = {one.generator: one.as_json() for one in self.habits}
        return {
            "version": self.version,
            "generators": self.generators,
            "styles": [one.as_json() | known.get(one.generator, {}) for one in self.styles],
        }


def style_table(registry: Registry, ref: str) -> tuple[Style, ...]:
    """One style a generator, for the 16 that wrote most; 300 outputs of each, those with the smallest ids.

    Raises NotFound, Revoked.
    """
    _, drawn = _drawn(registry, ref)
    return _styles(drawn)


def generator_styles(registry: Registry, ref: str) -> GeneratorStyles:
    """The same, and what sets each generator apart. Raises NotFound, Revoked."""
    generators, drawn = _drawn(registry, ref)
    found = habits([(name, outputs) for name, _, outputs in drawn])
    return GeneratorStyles(registry.version(ref).name, generators, _styles(drawn), found)


def _styles(drawn: Sequence[Drawn]) -> tuple[Style, ...]:
    return styles(
        [
            (name, rows, quantise(lexical_vectors([one[:_READ] for one in outputs])))
            for name, rows, outputs in drawn
        ]
    )


def _drawn(registry: Registry, ref: str) -> tuple[int, list[Drawn]]:
    """How many generators there are, and of those that are compared the name, its rows, and the outputs drawn."""
    version = registry.version(ref)
    version.admit()
    store = registry.store
    ids, names = [], list[str | None]()
    for split, table in store.live_tables(version.manifest, ["id", "generator"]):
        if split in version.counts:
            ids.append(ids_of(table.column("id")))
            names += table.column("generator").to_pylist()
    every = concat(ids)
    by_id = order(every)
    code: dict[str, int] = {}
    codes = np.fromiter(
        (-1 if n is None else code.setdefault(n, len(code)) for n in names), np.int64, len(names)
    )
    sorted_ids, sorted_codes = every[by_id], codes[by_id]
    gone = erased(store.objects, store.everything()).ids
    alive = ~contains(gone, sorted_ids) if len(gone) else np.ones(len(sorted_ids), np.bool_)
    counts = np.bincount(sorted_codes[alive & (sorted_codes >= 0)], minlength=len(code))
    chosen = sorted(code, key=lambda name: (-int(counts[code[name]]), name))[:GENERATORS]
    placed = place(store.objects, version.manifest)
    drawn = []
    for name in chosen:
        if counts[code[name]] < FEWEST:
            continue
        mine = sorted_ids[np.flatnonzero(alive & (sorted_codes == code[name]))[:PER_GENERATOR]]
        at = np.flatnonzero(contains(mine, placed.ids))
        places = [(placed.segments[placed.segment[k]], int(placed.row[k])) for k in at.tolist()]
        rows = shown(rows_of(store.objects, places, ["id", "payload"]))
        outputs = [views(orjson.loads(p)).output[:_WHOLE] for p in rows.column("payload").to_pylist()]
        drawn.append((name, int(counts[code[name]]), outputs))
    return len(code), drawn
