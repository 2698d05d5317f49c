"""The row pass as a whole: every chunk through the engine, rows to the spool, compact columns to memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.curate.chunk import BASE, Chunk
from assay.curate.engine import Engine
from assay.curate.evaluate import Evaluated, Evaluator, Failures, join_failures
from assay.curate.forgotten import ForgottenRecord
from assay.curate.keep import Keep
from assay.curate.spool import Spool
from assay.curate.stage import Columns
from assay.curate.stored import StoredChunk
from assay.kernels.ids import order
from assay.kernels.texts import Texts
from assay.model.record import Malformed


@dataclass(frozen=True)
class Gathered:
    """n rows in reading order, base rows first. All arrays have length n unless said.

    `source`: position of the source, `BASE` for a row of the base version; `ids`: S32; `passes`: no check
    rejects it; `failures`: of all rows, by row; `keys[position]`: columns of the set stage there;
    `inputs`, `length`: see `Evaluated`; `malformed`: (source, record) pairs; `reused`: rows
    whose values were remembered; `split_fields`: see `Evaluated`; `forgotten`: (source, record) pairs, no rows.
    """

    source: npt.NDArray[np.int32]
    record: npt.NDArray[np.int64]
    ids: npt.NDArray[np.bytes_]
    passes: npt.NDArray[np.bool_]
    failures: Failures
    keys: dict[int, Columns]
    inputs: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]
    malformed: list[tuple[int, Malformed]]
    reused: int = 0
    split_fields: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    forgotten: list[tuple[int, ForgottenRecord]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.source)

    @cached_property
    def by_id(self) -> npt.NDArray[np.int64]:
        """The rows sorted by id; equal ones in reading order."""
        return order(np.ascontiguousarray(self.ids).view("V32"))

    @property
    def pinned(self) -> npt.NDArray[np.bool_]:
        mask: npt.NDArray[np.bool_] = self.source == BASE
        return mask


def gather(
    chunks: Iterable[Chunk | StoredChunk],
    evaluator: Evaluator,
    engine: Engine,
    spool: Spool,
    progress: Callable[[int], None],
    keep: Keep | None = None,
) -> Gathered:
    """Evaluate all chunks; the spool is left open. `progress` is told the number of records so far. A chunk may come
    evaluated already."""
    parts: list[Evaluated] = []
    malformed: list[tuple[int, Malformed]] = []
    forgotten: list[tuple[int, ForgottenRecord]] = []
    offsets: list[int] = []
    ids: list[npt.NDArray[np.bytes_]] = []
    records: list[npt.NDArray[np.int64]] = []
    seen = 0
    for part in engine.map(evaluator, chunks):
        offsets.append(len(spool))
        if part.unread:
            spool.append_unread(part.rows.column("key"))
        else:
            spool.append(part.rows, part.texts)
        ids.append(part.ids)
        records.append(part.rows.column("record").to_numpy())
        malformed += [(part.source, record) for record in part.malformed]
        forgotten += [(part.source, record) for record in part.forgotten]
        seen += part.rows.num_rows + len(part.malformed) + len(part.forgotten)
        parts.append(_light(part))
        progress(seen)
    sizes = [len(part.length) for part in parts]
    source = np.repeat(np.array([part.source for part in parts], np.int32), sizes)
    failures = _join_failures(parts, offsets)
    passes = np.ones(len(source), np.bool_)
    passes[failures.row[~failures.flag]] = False
    passes |= source == BASE
    return Gathered(
        source,
        _join(records, np.int64),
        np.concatenate(ids) if ids else np.empty(0, "S32"),
        passes,
        failures,
        _join_keys(parts, evaluator, keep or Keep()),
        _join([part.inputs for part in parts], np.uint64),
        _join([part.length for part in parts], np.int64),
        malformed,
        sum(len(part.length) for part in parts if part.reused),
        {
            name: np.concatenate([part.split_fields[name] for part in parts])
            for name in (parts[0].split_fields if parts else ())
        },
        forgotten,
    )


def spell_ids(ids: npt.NDArray[np.bytes_]) -> list[bytes]:
    """32-byte ids; NumPy drops trailing zero bytes when it gives an element out, this does not."""
    raw = np.ascontiguousarray(ids).tobytes()
    return [raw[k : k + 32] for k in range(0, len(raw), 32)]


def _light(part: Evaluated) -> Evaluated:
    """The part without its rows and texts, which lie in the spool."""
    return replace(part, rows=None, texts=Texts.of([]), malformed=(), ids=np.empty(0, "S32"))


def _join(parts: list[npt.NDArray[Any]], kind: type[Any]) -> npt.NDArray[Any]:
    return np.concatenate(parts).astype(kind) if parts else np.empty(0, kind)


def _join_failures(parts: list[Evaluated], offsets: list[int]) -> Failures:
    """All failures by row. A base row passed when it was admitted; what its recipe did not ask is not held against
    it."""
    moved = [
        replace(part.failures, row=part.failures.row + at)
        for part, at in zip(parts, offsets, strict=True)
        if part.source != BASE
    ]
    return join_failures(moved)


def _join_keys(parts: list[Evaluated], evaluator: Evaluator, keep: Keep) -> dict[int, Columns]:
    """The keys of all parts, column by column; a part's own column is let go as soon as it is joined."""
    joined: dict[int, Columns] = {}
    for position, _ in evaluator.plan.keyed_stages:
        names = list(parts[0].keys[position]) if parts else []
        taken = [dict(part.keys[position]) for part in parts]
        for part in parts:
            part.keys[position].clear()
        joined[position] = {name: _filled([columns.pop(name) for columns in taken], keep) for name in names}
    return joined


def _filled(columns: list[npt.NDArray[Any]], keep: Keep) -> npt.NDArray[Any]:
    """The columns one behind the other; each is dropped once it was copied."""
    whole = keep.array((sum(map(len, columns)), *columns[0].shape[1:]), columns[0].dtype)
    at = 0
    for k, column in enumerate(columns):
        whole[at : at + len(column)] = column
        at += len(column)
        columns[k] = column[:0]
    return whole
