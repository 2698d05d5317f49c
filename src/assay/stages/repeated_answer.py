"""One answer to many different questions: what a generator says when it has nothing to say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Removals, Rows, Selector
from assay.kernels.counting import count_units
from assay.kernels.normalise import fold_width

Ints = npt.NDArray[np.int64]


class RepeatedAnswer(Selector):
    """Takes out rows whose answer stands after too many different questions; the best row by rank stays.

    Answers and questions are the same when they are equal after NFKC, lower case and white-space folding (held
    against each other by 128-bit digests). An answer goes when it stands after more than `max_count` different
    questions and, where `max_share` is given, after more than that share of all different questions too. Answers of
    fewer than `min_units` units may be right any number of times ("Yes", "6") and are left alone; so are labels.
    """

    kind: ClassVar[str] = "repeated_answer"
    version: ClassVar[int] = 1
    codes: ClassVar[dict[str, str]] = {"repeated_answer": "the same answer to too many different questions"}

    action: Literal["reject", "flag"] = "reject"
    max_count: int = Field(default=3, ge=1)
    max_share: float | None = Field(default=None, gt=0.0, lt=1.0)
    min_units: int = Field(default=10, ge=1)

    def keys(self, batch: Batch) -> Columns:
        """128-bit digests of question and answer, each as two columns; an answer that is left alone is 0."""
        asked = _digests([fold_width(view.input) for view in batch.views])
        said = _digests(
            [
                self._answer(payload, view.output)
                for payload, view in zip(batch.payloads, batch.views, strict=True)
            ]
        )
        return {
            "question_high": asked[:, 0],
            "question_low": asked[:, 1],
            "answer_high": said[:, 0],
            "answer_low": said[:, 1],
        }

    def _answer(self, payload: Mapping[str, Any], output: str) -> str:
        """The folded answer; "" for one that is left alone."""
        if "text" in payload or count_units(output) < self.min_units:
            return ""
        return fold_width(output)

    def select(self, rows: Rows) -> Removals:
        questions = _numbered(rows, "question")
        total = len(np.unique(questions))
        found: list[tuple[int, int, int]] = []
        answers = 0
        for group in _groups(rows):
            count = len(np.unique(questions[group]))
            if count <= self.max_count or (self.max_share is not None and count <= self.max_share * total):
                continue
            answers += 1
            stays = _stays(rows, group)
            found += [(row, stays, count) for row in group.tolist() if row != stays]
        row, twin = (np.array([entry[k] for entry in found], np.int64) for k in (0, 1))
        return Removals(
            row,
            np.zeros(len(found), np.int16),
            np.array([entry[2] for entry in found], np.float64),
            np.full(len(found), float(self.max_count)),
            twin,
            notes={k: f"after {entry[2]} of {total} different questions" for k, entry in enumerate(found)},
            summary={"repeated_answers": answers, "rows": len(found), "questions": total},
        )


def _stays(rows: Rows, group: Ints) -> int:
    """The row of a group that stays: one that may not go if there is any, and of those the one that ranks first."""
    pinned = rows.pinned[group] if len(rows.pinned) else np.zeros(len(group), np.bool_)
    order = np.lexsort((rows.rank[group], ~pinned, ~rows.eligible[group]))
    return int(group[order[0]])


def _groups(rows: Rows) -> Iterator[Ints]:
    """The rows of each answer that stands more than once."""
    high, low = rows.keys["answer_high"], rows.keys["answer_low"]
    some = np.flatnonzero((high != 0) | (low != 0))
    some = some[np.lexsort((rows.rank[some], low[some], high[some]))]
    if len(some) < 2:
        return
    new = (high[some[1:]] != high[some[:-1]]) | (low[some[1:]] != low[some[:-1]])
    for group in np.split(some, np.flatnonzero(new) + 1):
        if len(group) > 1:
            yield group


def _numbered(rows: Rows, name: str) -> Ints:
    """int64[n]: equal numbers for equal digests."""
    pairs = np.empty(len(rows), [("high", "<u8"), ("low", "<u8")])
    pairs["high"], pairs["low"] = rows.keys[f"{name}_high"], rows.keys[f"{name}_low"]
    numbers: Ints = np.unique(pairs, return_inverse=True)[1].astype(np.int64).reshape(-1)
    return numbers


def _digests(folded: Sequence[str]) -> npt.NDArray[np.uint64]:
    """uint64[n, 2]: 128 bits of BLAKE2b of each text; 0 for an empty one."""
    made = b"".join(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() if text else bytes(16)
        for text in folded
    )
    return np.frombuffer(made, "<u8").reshape(-1, 2).astype(np.uint64)
