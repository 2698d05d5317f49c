"""The row pass: raw records in, columns out. This is the function that workers run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.batch import Batch
from assay.curate.chunk import BASE, Chunk
from assay.curate.fact_fields import FactFields
from assay.curate.forgotten import ForgottenRecord, without_forgotten
from assay.curate.plan import Plan
from assay.curate.reading import read_chunk
from assay.curate.rewriting import rewriters, rewritten
from assay.curate.split import dates_of
from assay.curate.stage import Columns, Selector, SetStage, Stage
from assay.curate.stored import StoredChunk, read_stored
from assay.curate.values import ValueCache, content_digest, measured
from assay.kernels.counting import counts_of_characters
from assay.kernels.ids import IdArray, as_ids
from assay.kernels.normalise import fold_digests
from assay.kernels.texts import Texts
from assay.model.label import label_of
from assay.model.record import Malformed


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed checks, one an entry, sorted by row and then by recipe order.

    `row`: int64 in the chunk; `stage`: position in the recipe; `code`: index into the stage's codes in
    their order; `value`, `threshold`: NaN where there is none; `flag`: noted, not rejected; `note`: evidence in
    words, object array of str or None.
    """

    row: npt.NDArray[np.int64]
    stage: npt.NDArray[np.int16]
    code: npt.NDArray[np.int16]
    value: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]
    flag: npt.NDArray[np.bool_]
    note: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, at: npt.NDArray[Any]) -> Failures:
        """The entries at some positions."""
        return Failures(
            self.row[at], self.stage[at], self.code[at], self.value[at], self.threshold[at], self.flag[at],
            self.note[at],
        )  # fmt: skip


def join_failures(parts: Sequence[Failures]) -> Failures:
    """All entries, one part behind the other."""
    kinds = (np.int64, np.int16, np.int16, np.float64, np.float64, np.bool_, np.object_)
    names = ("row", "stage", "code", "value", "threshold", "flag", "note")
    return Failures(
        *(
            np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)]).astype(kind)
            for name, kind in zip(names, kinds, strict=True)
        )
    )


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a worker makes of a chunk: rows, their failed checks, the set stages' keys, malformed records.

    `ids`: S32; `texts`: the full texts; `inputs`: uint64 digest of the folded input text, 0 where it is empty;
    `length`: characters of the text.
    """

    source: int
    rows: pa.Table
    ids: npt.NDArray[np.bytes_]
    texts: Texts
    malformed: Sequence[Malformed]
    failures: Failures
    keys: Mapping[int, dict[str, npt.NDArray[Any]]]
    inputs: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]
    reused: bool
    split_fields: Mapping[str, npt.NDArray[Any]]
    """What the split must know of each row: `date` float64 seconds; `strata`, `group` labels as objects."""
    unread: bool = False
    """Whether nobody has read the texts."""
    forgotten: Sequence[ForgottenRecord] = ()


@dataclass(frozen=True, slots=True)
class Evaluator:
    """The row pass over a plan. `defaults` are provenance columns for records that state none; `cache` remembers
    what was measured; `eval_sources` are positions of sources that become the test split; `facts` are fields beside
    the records' own; records of `forgotten` examples (sorted ids) are dropped."""

    plan: Plan
    defaults: Mapping[str, Any]
    cache: ValueCache | None = None
    eval_sources: frozenset[int] = frozenset()
    facts: FactFields | None = None
    forgotten: IdArray = field(default_factory=lambda: as_ids([]))

    def __call__(self, chunk: Chunk | StoredChunk | Evaluated) -> Evaluated:
        if isinstance(chunk, Evaluated):
            return chunk
        if isinstance(chunk, StoredChunk):
            read, forgotten = read_stored(chunk), list[ForgottenRecord]()
        else:
            read, forgotten = without_forgotten(read_chunk(chunk, self.defaults), self.forgotten)
            # What a redaction makes of another record may have been forgotten too.
            read, more = without_forgotten(rewritten(read, rewriters(self.plan.row_stages)), self.forgotten)
            forgotten += more
        told = b""
        if self.facts is not None:
            read, told = self.facts.beside(read)
        batch = read.batch
        content = content_digest(read) + told if self.cache is not None and len(batch) else b""
        remembered: list[bool] = []

        def values(stage: Stage, compute: Callable[[Batch], Columns]) -> Columns:
            if not len(batch):
                return compute(batch)
            columns, known = measured(stage, lambda: compute(batch), content, self.cache)
            if not stage.cheap:
                remembered.append(known)
            return columns

        return Evaluated(
            chunk.source,
            read.rows,
            read.ids,
            batch.text_bytes,
            read.malformed,
            # A base row passed when it was admitted; what its recipe did not ask is not held against it.
            self._failures(batch, values, chunk.source in self.eval_sources)
            if chunk.source != BASE
            else join_failures([]),
            {position: self._keys(stage, batch, values) for position, stage in self.plan.keyed_stages},
            fold_digests(batch.input_bytes)[:, 0].copy(),
            counts_of_characters(batch.text_bytes),
            bool(remembered) and all(remembered),
            self._split_fields(batch),
            forgotten=forgotten,
        )

    def _keys(
        self,
        stage: SetStage | Selector,
        batch: Batch,
        values: Callable[[Stage, Callable[[Batch], Columns]], Columns],
    ) -> dict[str, npt.NDArray[Any]]:
        keys = dict(values(stage, stage.keys))
        if isinstance(stage, SetStage) and stage.score is not None:
            keys["score"] = stage.scores(batch)
        return keys

    def _split_fields(self, batch: Batch) -> dict[str, npt.NDArray[Any]]:
        wanted = self.plan.split.fields if self.plan.split is not None else {}
        found: dict[str, npt.NDArray[Any]] = {}
        for purpose, name in wanted.items():
            values = batch.column(name)
            found[purpose] = (
                dates_of(values) if purpose == "date" else np.array([label_of(v) for v in values], np.object_)
            )
        return found

    def _failures(
        self,
        batch: Batch,
        values: Callable[[Stage, Callable[[Batch], Columns]], Columns],
        from_eval: bool,
    ) -> Failures:
        parts = []
        for position, stage in self.plan.row_stages:
            if from_eval and stage.spares_eval_sources:
                continue
            names = list(stage.codes)
            for check in stage.checks(values(stage, stage.measure)) if len(batch) else ():
                at = np.flatnonzero(check.failed)
                if not len(at):
                    continue
                bound = np.nan if check.threshold is None else float(check.threshold)
                note = np.array([check.notes.get(row) for row in at.tolist()], np.object_)
                parts.append(
                    Failures(
                        at.astype(np.int64),
                        np.full(len(at), position, np.int16),
                        np.full(len(at), names.index(check.code), np.int16),
                        check.value[at].astype(np.float64),
                        np.full(len(at), bound),
                        np.full(len(at), stage.action == "flag"),
                        note,
                    )
                )
        joined = join_failures(parts)
        return joined.take(np.argsort(joined.row, kind="stable"))
