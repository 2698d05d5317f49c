"""Twins: always kept, always proven, whatever the chain of stages."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.resolve import find_twins, rank_rows
from assay.curate.stage import Duplicates, SetStage
from assay.kernels.texts import Texts


class SameLength(SetStage):
    """Texts of one length are the same: a crude exact deduplicator."""

    kind = "same_length"
    code = "same_length"
    codes: ClassVar = {"same_length": "as long as another"}

    @property
    def floor(self):
        return 1.0

    def keys(self, batch):
        return {"length": np.array([len(t) for t in batch.texts])}

    def similarity(self, a, b):
        return float(len(a) == len(b))

    def decide(self, rows):
        best = {}
        for row in np.argsort(rows.rank).tolist():
            if rows.eligible[row]:
                best.setdefault(int(rows.keys["length"][row]), row)
        pairs = [
            (row, best[int(n)]) for row, n in enumerate(rows.keys["length"]) if best.get(int(n), row) != row
        ]
        row, twin = (np.array([p[k] for p in pairs], np.int64) for k in (0, 1))
        return Duplicates(row, twin, np.ones(len(pairs)))


class SharedLetters(SetStage):
    """Texts whose sets of letters overlap are the same: greedy, against kept rows, by brute force."""

    kind = "shared_letters"
    code = "shared_letters"
    codes: ClassVar = {"shared_letters": "shares letters"}
    threshold: float = 0.5

    @property
    def floor(self):
        return self.threshold

    def keys(self, batch):
        return {"row": np.arange(len(batch))}

    def similarity(self, a, b):
        a, b = set(a), set(b)
        return len(a & b) / len(a | b)

    def decide(self, rows):
        texts = rows.texts(range(len(rows)))
        kept, out = [], []
        for row in sorted(range(len(rows)), key=lambda r: (not rows.eligible[r], rows.rank[r])):
            scored = [(self.similarity(texts[row], texts[k]), -k) for k in kept]
            best = max(scored, default=(0.0, 0))
            if best[0] >= self.threshold:
                out.append((row, -best[1], best[0]))
            elif rows.eligible[row]:
                kept.append(row)
        return Duplicates(
            np.array([o[0] for o in out], np.int64),
            np.array([o[1] for o in out], np.int64),
            np.array([o[2] for o in out], np.float64),
        )


@given(
    st.lists(st.tuples(st.text("abcdef", min_size=1, max_size=5), st.booleans()), min_size=1, max_size=14),
    st.permutations([0, 1]),
)
def test_every_twin_is_kept_and_proven(rows, order):
    texts = [text for text, _ in rows]
    eligible = np.array([ok for _, ok in rows])
    stages = [(position, [SameLength(), SharedLetters()][k]) for position, k in enumerate(order)]
    keys = [
        {"length": np.array([len(t) for t in texts])}
        if isinstance(s, SameLength)
        else {"row": np.arange(len(texts))}
        for _, s in stages
    ]
    rank = rank_rows([~eligible, np.arange(len(texts))])
    twins = find_twins(stages, keys, rank, eligible, np.zeros(len(texts), bool), Texts.of(texts))
    by_position = dict(stages)
    for row in np.flatnonzero(twins.stage >= 0).tolist():
        twin = int(twins.twin[row])
        assert twins.stage[twin] < 0 and eligible[twin]
        stage = by_position[int(twins.stage[row])]
        assert stage.similarity(texts[row], texts[twin]) == twins.similarity[row] >= stage.floor


def test_a_claim_follows_its_twin_to_the_row_that_was_kept():
    texts = ["ab", "ba", "abc"]
    stages = [(0, SameLength()), (1, SharedLetters())]
    rank = np.array([1, 2, 0])
    twins = find_twins(
        stages,
        [{"length": np.array([2, 2, 3])}, {"row": np.arange(3)}],
        rank,
        np.ones(3, bool),
        np.zeros(3, bool),
        Texts.of(texts),
    )
    assert twins.twin.tolist() == [2, 2, -1]
    assert twins.stage.tolist() == [1, 1, -1]


def test_a_pinned_row_stays():
    texts = ["ab", "ba"]
    twins = find_twins(
        [(0, SameLength())],
        [{"length": np.array([2, 2])}],
        np.array([0, 1]),
        np.ones(2, bool),
        np.array([True, True]),
        Texts.of(texts),
    )
    assert twins.stage.tolist() == [-1, -1]
