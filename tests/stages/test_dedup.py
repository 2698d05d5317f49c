"""Exact and near-duplicates against brute force."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.curate.stage import Rows
from assay.kernels.jaccard import similarity
from assay.kernels.near import near_groups
from assay.kernels.texts import Texts
from assay.stages.exact_dedup import ExactDedup
from assay.stages.near_dedup import NearDedup
from assay.testing.stages import SetStageSuite

WORDS = [
    "router", "printer", "cable", "reboot", "driver", "update", "invoice", "refund", "account",
    "打印机", "密码", "重启", "网络", "设置",
]  # fmt: skip


def varied(count, seed=3):
    """Texts of which many are small edits of others, in English and Chinese."""
    chance = random.Random(seed)
    texts = []
    for _ in range(count):
        if texts and chance.random() < 0.6:
            words = chance.choice(texts).split(" ")
            for _ in range(chance.choice([0, 1, 1, 2, 6])):
                words[chance.randrange(len(words))] = chance.choice(WORDS)
            texts.append(" ".join(words))
        else:
            texts.append(
                " ".join(
                    chance.choice(WORDS) + str(chance.randrange(100)) for _ in range(chance.randrange(1, 40))
                )
            )
    return texts


def brute_force(texts, rank, eligible, threshold):
    kept, out = [], {}
    for row in sorted(range(len(texts)), key=lambda r: (not eligible[r], rank[r])):
        scored = [(-similarity(texts[row], texts[k], 5), rank[k], k) for k in kept]
        best = min(scored, default=(0, 0, 0))
        if -best[0] >= threshold:
            out[row] = best[2]
        elif eligible[row]:
            kept.append(row)
    return out


class TestExact(SetStageSuite):
    def stage(self):
        return ExactDedup()

    def payloads(self):
        return [{"text": t} for t in ["A b", "a  B", "a b ", "ab", "", "ａ ｂ", "ß", "SS", "İ", "x" * 9]]


class TestNear(SetStageSuite):
    def stage(self):
        return NearDedup()

    def payloads(self):
        return [{"text": t} for t in [*varied(60), "", "a", "ab", "abcde", "  A "]]


@given(st.integers(0, 10_000), st.sampled_from([0.6, 0.8, 0.95, 1.0]), st.integers(1, 50))
def test_near_duplicates_are_those_of_brute_force(seed, threshold, count):
    texts = varied(count, seed)
    chance = np.random.default_rng(seed)
    rank, eligible = chance.permutation(count), chance.random(count) < 0.7
    stage = NearDedup(threshold=threshold)
    rows = Rows(
        stage.keys(Batch([{"text": t} for t in texts])), rank, eligible, lambda some: [texts[k] for k in some]
    )
    found = stage.decide(rows)
    expected = brute_force(texts, rank, eligible, threshold)
    assert {int(r): int(t) for r, t in zip(found.row, found.twin, strict=True)} == expected


@given(st.lists(st.text(max_size=6), max_size=20))
def test_exact_duplicates_are_equal_after_folding(texts):
    stage = ExactDedup()
    rows = Rows(
        stage.keys(Batch([{"text": t} for t in texts])),
        np.arange(len(texts)),
        np.ones(len(texts), bool),
        lambda some: [texts[k] for k in some],
    )
    found = stage.decide(rows)
    gone = set(found.row.tolist())
    left = [k for k in range(len(texts)) if k not in gone]
    assert all(
        stage.similarity(texts[r], texts[t]) == 1.0 for r, t in zip(found.row, found.twin, strict=True)
    )
    assert not any(stage.similarity(texts[a], texts[b]) for a in left for b in left if a < b)


def test_a_digest_collision_is_seen_through():
    class Colliding(ExactDedup):
        def keys(self, batch):
            return {name: np.zeros_like(column) for name, column in super().keys(batch).items()}

    texts = ["one", "two", "ONE", "two "]
    stage = Colliding()
    found = stage.decide(
        Rows(
            stage.keys(Batch([{"text": t} for t in texts])),
            np.arange(4),
            np.ones(4, bool),
            lambda some: [texts[k] for k in some],
        )
    )
    assert sorted(zip(found.row.tolist(), found.twin.tolist(), strict=True)) == [(2, 0), (3, 1)]


def test_a_hundred_near_identical_chinese_tickets_collapse_to_one():
    base = "您好，我的打印机昨天开始无法正常工作，屏幕上显示错误代码，请问应该怎样处理才能恢复打印功能？"
    texts = [base + ("。" if n % 2 else "！") + "谢谢" * (n % 3) for n in range(100)]
    stage = NearDedup()
    found = stage.decide(
        Rows(
            stage.keys(Batch([{"text": t} for t in texts])),
            np.arange(100),
            np.ones(100, bool),
            lambda some: [texts[k] for k in some],
        )
    )
    assert len(found.row) == 99


def test_groups_follow_chains():
    words = [f"word{k}" for k in range(60)]
    texts = [" ".join([*words[: 40 - 3 * s], *words[43 : 43 + 3 * s]]) for s in range(4)]
    texts.append("something else entirely, of no relation to the others")
    labels = near_groups(Texts.of(texts), 0.8)
    assert similarity(texts[0], texts[3], 5) < 0.8 <= similarity(texts[0], texts[1], 5)
    assert labels.tolist() == [0, 0, 0, 0, 4]
