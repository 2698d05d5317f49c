"""Facts that only the rows of a version tell: types of fields, values of provenance, languages, bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from assay.formats.hub import Columns, HubColumn, HubRow
from assay.govern.card_facts import Tally
from assay.kernels.language import languages_of
from assay.kernels.language_tables import unpacked
from assay.kernels.texts import Texts
from assay.model.example import views
from assay.registry.version import Version

if TYPE_CHECKING:
    from assay.registry import Registry

TALLIED = ("origin", "generator", "licence", "prompt_template", "depth")
"""Provenance columns that are counted by value."""
SHOWN = 50
MOST_VALUES = 10_000
"""With more different values than this a provenance column is not counted by value."""
HEAD = 400
"""Characters of the output, and of the input after it, whose language is told."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Columns of exported files, values of provenance, by split the rows that were not forgotten and the bytes of their
    payloads, examples by kind and by language."""

    columns: tuple[HubColumn, ...]
    tallies: tuple[Tally, ...]
    rows: Mapping[str, int]
    payload_bytes: Mapping[str, int]
    kinds: Mapping[str, int]
    languages: Mapping[str, int]


def look_through(registry: Registry, version: Version) -> Looked:
    """What only the rows tell: types of fields, values of provenance, bytes of payloads."""
    found, payload_bytes, live = Columns(), Counter[str](), Counter[str]()
    languages: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {name: Counter() for name in TALLIED}
    missing: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    wanted = ["id", "kind", "payload", "extra", *dict.fromkeys((*TALLIED, "created"))]
    for split, table in registry.store.live_tables(version.manifest, wanted):
        payload_bytes[split] += pc.sum(pc.binary_length(table.column("payload"))).as_py() or 0
        live[split] += len(table)
        kinds.update(table.column("kind").to_pylist())
        rows = list(hub_rows(table))
        for row in rows:
            found.add(row)
        languages += _languages(rows)
        for name in TALLIED:
            values = [str(value) for value in table.column(name).to_pylist() if value is not None]
            missing[name] += len(table) - len(values)
            counts[name].update(values)
    tallies = tuple(_tally(name, counts[name], missing[name]) for name in TALLIED)
    told = dict(sorted(kinds.items()))
    return Looked(found.result(), tallies, live, payload_bytes, told, _ordered(languages))


def _tally(name: str, counts: Counter[str], missing: int) -> Tally:
    stated = counts.total()
    if len(counts) > MOST_VALUES:
        return Tally(name, stated, missing, (), stated)
    shown = tuple(_ordered(counts).items())[:SHOWN]
    return Tally(name, stated, missing, shown, stated - sum(count for _, count in shown))


def _languages(rows: Sequence[HubRow]) -> Counter[str]:
    """How many rows are in each language, as the stage tells it by script and words."""
    seen = [views(row.payload) for row in rows]
    codes, _ = languages_of(Texts.of([f"{view.output[:HEAD]}\n{view.input[:HEAD]}" for view in seen]))
    names, counts = np.unique(codes, return_counts=True)
    return Counter(
        {unpacked(name): count for name, count in zip(names.tolist(), counts.tolist(), strict=True)}
    )


def _ordered(counts: Counter[str]) -> dict[str, int]:
    """The most frequent first."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def hub_rows(table: pa.Table) -> Iterator[HubRow]:
    """Stored rows as they go into a folder for `datasets`; columns that the table lacks are not known."""
    for row in table.to_pylist():
        extra = row.get("extra")
        yield HubRow(
            row["id"].hex(), orjson.loads(row["payload"]), row, extra if extra and extra != "{}" else None
        )
