"""A version laid out for exploring: one row an example, by id; what is immutable of it, and what the log says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.govern.facts import FACT
from assay.govern.review_values import ADJUDICATE, APPLY, QUEUE, REVIEW
from assay.govern.reviews import CONFLICT, DECIDED
from assay.kernels.ids import IdArray, concat, contains, find, order
from assay.measure.distribution import LIMIT
from assay.measure.facets.columns import LENGTHS, TURNS, Column, Flags, Numbers, Words, smallest_codes
from assay.measure.facets.rows import STORED
from assay.measure.profile import TOPICS
from assay.model.version import Manifest, SegmentRef
from assay.registry.exploring.fact_columns import fact_columns
from assay.registry.exploring.segment_columns import Columns, Preparing
from assay.store.erased import erased
from assay.store.members import live_rows
from assay.store.standing import DISABLE, ENABLE, disabled

if TYPE_CHECKING:
    from assay.registry import Registry

FLAGS: Final = ("twin", "reviewed", "edited", "masked", "disabled")
"""What `is:` may be asked: a record was rejected in its stead; people decided on it; it came as an edit; a placeholder
of redaction stands in it; it is disabled now."""
OWN: Final = (
    "language", "kind", "origin", "generator", "source", "split", "turns", "length", "licence", "review", "is",
    "input_length", "output_length",
)  # fmt: skip
_AT_A_TIME: Final = 100_000

Array = npt.NDArray[Any]


@dataclass
class VersionColumns:
    """All examples of a version by id: `ids` (V32, sorted), where each lies, and columns by field.

    `gone`: the rows that were forgotten, None for none. `where`: for each segment the row here of each row there, -1
    for none. `by_source`: the rows as their sources had them.
    """

    manifest: Manifest
    segments: Sequence[SegmentRef]
    ids: IdArray
    segment: Array
    row: Array
    columns: dict[str, Column]
    masked: npt.NDArray[np.uint8]
    twin: npt.NDArray[np.bool_]
    by_source: npt.NDArray[np.int32]
    gone: npt.NDArray[np.bool_] | None
    where: list[npt.NDArray[np.int32]]
    said: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """What was folded out of the log, and after which operation."""
    orders: dict[str, tuple[Any, npt.NDArray[np.int32]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


def lay_out(registry: Registry, manifest: Manifest, fields: Sequence[str]) -> VersionColumns:
    """The version, with `fields` of its records as columns beside those of `TOPICS`. Raises Damaged."""
    store = registry.store
    parts = [(split, part) for split in sorted(manifest.splits) for part in manifest.splits[split]]
    segments = list(dict.fromkeys(part.segment for _, part in parts))
    preparing = Preparing(registry, sum(ref.rows for ref in segments))
    held = {ref: preparing.segment(ref) for ref in segments}
    live = [live_rows(part) for _, part in parts]
    ids = concat([held[part.segment].arrays["id"][rows] for (_, part), rows in zip(parts, live, strict=True)])
    by_id = order(ids)
    ids = ids[by_id]

    def joined(give: Callable[[Columns], Array]) -> Array:
        found = [give(held[part.segment])[rows] for (_, part), rows in zip(parts, live, strict=True)]
        return np.concatenate(found)[by_id] if found else np.empty(0, np.uint8)

    def numbers(name: str) -> Array:
        return joined(lambda columns: columns.arrays[name])

    def words(name: str, of: Callable[[SegmentRef], Columns], paths: bool = False) -> Words | None:
        known = {ref: of(ref).words.get(name) for ref in segments}
        if not any(known.values()):
            return None
        names: dict[str, int] = {"": 0}
        maps = {}
        for ref, one in known.items():
            local = one[1] if one is not None else [""]
            maps[ref] = np.array([names.setdefault(text, len(names)) for text in local], np.uint32)
        codes = [
            maps[part.segment][one[0][rows]]
            if (one := known[part.segment]) is not None
            else np.zeros(len(rows), "u4")
            for (_, part), rows in zip(parts, live, strict=True)
        ]
        if len(names) > LIMIT + 1 and name not in STORED:
            return None
        return Words(smallest_codes(np.concatenate(codes)[by_id], len(names)), list(names), paths)

    columns: dict[str, Column] = {}
    for name in (*STORED, "language", *TOPICS):
        found = words(name, held.__getitem__, name == "source")
        if found is not None:
            columns[name] = found
    for path in fields:
        given = None if path in columns else words(path, partial(preparing.field, path=path))
        if given is not None:
            columns[path] = given
    splits = sorted(manifest.splits)
    split = _numbered([splits.index(name) for name, _ in parts], live)[by_id]
    columns["split"] = Words(split.astype(np.uint8) if len(splits) < 256 else split, splits)
    into, out = numbers("input_length"), numbers("output_length")
    columns["turns"] = Numbers.of_whole(numbers("turns"), TURNS)
    columns["length"] = Numbers.of_whole(into + out, LENGTHS)
    columns["input_length"] = Numbers.of_whole(into, LENGTHS)
    columns["output_length"] = Numbers.of_whole(out, LENGTHS)
    segment = smallest_codes(
        _numbered([segments.index(part.segment) for _, part in parts], live)[by_id], len(segments)
    )
    row = np.concatenate([np.empty(0, np.int64), *live])[by_id].astype(np.uint32)
    twin = np.zeros(len(ids), np.bool_)
    for ledger in _ledgers(registry, manifest):
        twin |= _among(preparing.twins(ledger), ids)
    forgotten = erased(store.objects, store.everything()).ids
    gone = _among(forgotten, ids) if len(forgotten) else None
    preparing.finish()
    pa.default_memory_pool().release_unused()
    source = columns["source"]
    assert isinstance(source, Words), "every segment has sources"
    return VersionColumns(
        manifest, segments, ids, segment, row, columns, numbers("masked"), twin,
        _by_source(source, numbers("record")), gone if gone is not None and gone.any() else None,
        _where(segments, segment, row),
    )  # fmt: skip


def shown_rows(table: VersionColumns, split: str | None) -> npt.NDArray[np.bool_] | None:
    """The rows that may be shown: of the split, where one is meant, and not forgotten; None: all."""
    mask = None if table.gone is None else ~table.gone
    if split is None:
        return mask
    column = table.columns["split"]
    assert isinstance(column, Words), "splits are words"
    here: npt.NDArray[np.bool_] = column.codes == list(column.names).index(split)
    return here if mask is None else here & mask


def _among(known: IdArray, ids: IdArray) -> npt.NDArray[np.bool_]:
    """Whether each of `ids` is among `known` (sorted), a part at a time: looking them up holds several copies."""
    parts = [contains(known, ids[start : start + _AT_A_TIME]) for start in range(0, len(ids), _AT_A_TIME)]
    return np.concatenate([np.empty(0, np.bool_), *parts])


def _numbered(numbers: Sequence[int], live: Sequence[Array]) -> Array:
    """The number of each part, once for each of its rows."""
    return np.concatenate(
        [np.empty(0, "u4"), *(np.full(len(r), n, "u4") for n, r in zip(numbers, live, strict=True))]
    )


def _by_source(source: Words, record: Array) -> npt.NDArray[np.int32]:
    """The rows by name of source, record, then id."""
    rank = np.empty(len(source.names), np.uint32)
    rank[np.argsort(np.array(source.names, object))] = np.arange(len(source.names))
    return np.lexsort((record, rank[source.codes])).astype(np.int32)


def _where(segments: Sequence[SegmentRef], segment: Array, row: Array) -> list[npt.NDArray[np.int32]]:
    found = []
    for number, ref in enumerate(segments):
        here = np.flatnonzero(segment == number)
        at = np.full(ref.rows, -1, np.int32)
        at[row[here]] = here
        found.append(at)
    return found


def _ledgers(registry: Registry, manifest: Manifest) -> Iterator[str]:
    """The ledgers of the curations that led to a version, each once."""
    seen: set[str] = set()
    while True:
        if manifest.curation is not None and manifest.curation not in seen:
            seen.add(manifest.curation)
            made = registry.store.objects.get_json(manifest.curation)
            if isinstance(made, dict) and isinstance(made.get("ledger"), str):
                yield made["ledger"]
        if not manifest.parents:
            return
        manifest = registry.store.objects.manifest(manifest.parents[0])


# What the log says


def told(registry: Registry, table: VersionColumns) -> Mapping[str, Column]:
    """All columns of a version, with what the log says of its examples up to now. Raises Damaged."""
    columns = dict(table.columns)
    for name, column in _folded(registry, table, "facts", (FACT,), _facts).items():
        columns[name if name not in columns and name not in OWN else f"fact.{name}"] = column
    review = _folded(registry, table, "review", (QUEUE, REVIEW, ADJUDICATE, APPLY), _review)
    disabled_now = _folded(registry, table, "disabled", (DISABLE, ENABLE), _disabled)
    edited = _folded(registry, table, "edited", None, _edited)
    columns["review"] = review

    def flags() -> Flags:
        decided = np.isin(np.array(review.names), ("accept", "reject", "edit"))[review.codes]
        bits = (table.twin, decided, edited, table.masked > 0, disabled_now)
        codes = np.zeros(len(table), np.uint8)
        for bit, mask in enumerate(bits):
            codes |= mask.astype(np.uint8) << bit
        return Flags(codes, FLAGS)

    made_of = (id(review), id(edited), id(disabled_now))
    if table.said.get("is", (None,))[0] != made_of:
        table.said["is"] = (made_of, flags())
    columns["is"] = table.said["is"][1]
    return columns


def _folded(
    registry: Registry,
    table: VersionColumns,
    name: str,
    actions: tuple[str, ...] | None,
    fold: Callable[[Registry, VersionColumns], Any],
) -> Any:
    """What `fold` makes of the log, made again when an operation that it depends on has come: one of `actions`, or
    (None) one that made a version."""
    mine = [e for e in registry.store.log.entries() if e.dataset == table.manifest.dataset]
    last = max(
        (e.seq for e in mine if ("manifest" in e.body if actions is None else e.action in actions)), default=0
    )
    if table.said.get(name, (None,))[0] != last:
        table.said[name] = (last, fold(registry, table))
    return table.said[name][1]


def _facts(registry: Registry, table: VersionColumns) -> dict[str, Column]:
    store = registry.store
    return fact_columns(store.objects, store.log.entries(), table.manifest.dataset, table.ids)


def _review(registry: Registry, table: VersionColumns) -> Words:
    """How far people are with each example in the newest queue that has it: a verdict once it is decided."""
    names = ["", "open", "reviewed", CONFLICT, "accept", "reject", "edit"]
    codes = np.zeros(len(table), np.uint8)
    if any(one.action == QUEUE for one in registry.store.log.entries()):
        state: dict[bytes, str] = {}
        for judged in registry.reviews.fold().of(table.manifest.dataset):
            for id_ in judged.queue.ids:
                said, at = judged.decision(id_), judged.state(id_)
                state[id_] = said.verdict if at == DECIDED and said is not None else at
                if said is not None and said.edited is not None:
                    state[said.edited] = "accept"
        ids = sorted(state)
        at_row = find(table.ids, _as_ids(ids))
        for id_, row in zip(ids, at_row.tolist(), strict=True):
            if row >= 0 and state[id_] in names:
                codes[row] = names.index(state[id_])
    return Words(codes, names)


def _as_ids(ids: Sequence[bytes]) -> IdArray:
    return np.frombuffer(b"".join(ids), "V32")


def _disabled(registry: Registry, table: VersionColumns) -> npt.NDArray[np.bool_]:
    store = registry.store
    return _among(disabled(store.objects, store.log.entries(), table.manifest.dataset), table.ids)


def _edited(registry: Registry, table: VersionColumns) -> npt.NDArray[np.bool_]:
    return _among(registry.index().edited(table.manifest.dataset), table.ids)
