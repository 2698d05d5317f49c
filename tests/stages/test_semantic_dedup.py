"""Semantic duplicates: proven twins, any order, every view, English and Chinese."""

from __future__ import annotations

import json
import pickle
import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay
from assay.curate.batch import Batch
from assay.curate.stage import Rows
from assay.errors import NotFound
from assay.kernels.jaccard import similarity as jaccard
from assay.stages.semantic_dedup import SemanticDedup
from assay.testing.stages import SetStageSuite

WORDS = [
    "router", "printer", "cable", "reboot", "driver", "update", "invoice", "refund",
    "打印机", "密码", "重启", "网络", "设置", "发票",
]  # fmt: skip


def chat(asked, answered):
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]}


def varied(count, seed=3):
    """Texts of which many are others in another order of words, or with one changed."""
    chance = random.Random(seed)
    texts = []
    for _ in range(count):
        words = [chance.choice(WORDS) + str(chance.randrange(50)) for _ in range(chance.randrange(1, 15))]
        if texts and chance.random() < 0.6:
            words = chance.choice(texts).split(" ")
            chance.shuffle(words)
            words[0] = chance.choice(words)
        texts.append(" ".join(words))
    return texts


class TestSemanticDedup(SetStageSuite):
    def stage(self):
        return SemanticDedup(threshold=0.8)

    def payloads(self):
        return [{"text": t} for t in [*varied(80), "", " ", "a", "好", "  A ", "\ud800"]] + [
            chat("密码忘了怎么办", "请点击忘记密码。"),
            chat("忘了密码怎么办", "请点击忘记密码。"),
            {"prompt": "p", "chosen": "c", "rejected": "r"},
            {"prompt": "p", "completion": "c"},
        ]


def decide(stage, payloads, rank=None, eligible=None):
    n = len(payloads)
    texts = Batch(payloads).texts
    return stage.decide(
        Rows(
            stage.keys(Batch(payloads)),
            np.arange(n) if rank is None else rank,
            np.ones(n, bool) if eligible is None else eligible,
            lambda some: [texts[k] for k in some],
        )
    )


@given(st.integers(0, 10_000), st.sampled_from([0.6, 0.8, 0.95]), st.integers(1, 40))
def test_what_goes_is_proven_and_what_stays_is_apart(seed, threshold, count):
    texts = varied(count, seed)
    chance = np.random.default_rng(seed)
    rank, eligible = chance.permutation(count), chance.random(count) < 0.7
    stage = SemanticDedup(threshold=threshold)
    found = decide(stage, [{"text": t} for t in texts], rank, eligible)
    gone = dict(zip(found.row.tolist(), found.twin.tolist(), strict=True))
    for (row, twin), similarity in zip(gone.items(), found.similarity, strict=True):
        assert twin not in gone and eligible[twin]
        assert stage.similarity(texts[row], texts[twin]) == similarity >= threshold
    stay = [k for k in range(count) if k not in gone and eligible[k]]
    assert not any(stage.similarity(texts[a], texts[b]) >= threshold for a in stay for b in stay if a < b)


def test_words_in_another_order_are_the_same_in_english_and_chinese():
    pairs = [
        ("How can I reset the password of my account?", "The password of my account: how can I reset it?"),
        ("我的打印机无法连接到无线网络，请问应该怎么办？", "请问我的打印机无法连接到无线网络应该怎么办？"),
    ]
    payloads = [{"text": t} for pair in pairs for t in pair]
    found = decide(SemanticDedup(threshold=0.75), payloads)
    assert sorted(zip(found.row.tolist(), found.twin.tolist(), strict=True)) == [(1, 0), (3, 2)]


@pytest.mark.parametrize(("on", "rows"), [("input", [1]), ("output", [2]), ("text", [])])
def test_the_view_that_is_compared(on, rows):
    payloads = [
        chat(
            "How do I reset my password?",
            "Open settings, choose security, then follow the link that we send.",
        ),
        chat("how do I reset my password?", "打印机需要重新启动之后才能继续使用，请先关闭电源再打开。"),
        chat(
            "电脑无法开机应该怎么处理才好",
            "Open settings, choose security, then follow the link we send you.",
        ),
    ]
    assert decide(SemanticDedup(threshold=0.85, on=on), payloads).row.tolist() == rows


def test_a_text_without_words_is_nobodys_duplicate():
    assert not len(decide(SemanticDedup(), [{"text": t} for t in ["", "", " ", "\n"]]).row)


class Nothing:
    """Resources of a registry with nothing in it."""

    def eval_sets(self):
        return []

    def payloads(self, ref):
        return iter(())


def test_bind_finds_the_model_and_lineage_names_it():
    bound = SemanticDedup().bind(Nothing())
    assert bound.lineage == {"embedder": bound.embedder.digest} and len(bound.embedder.digest) == 64
    with pytest.raises(NotFound, match="no such folder"):
        SemanticDedup(model="somebody/some-model").bind(Nothing())


def test_a_model_of_ones_own(tmp_path):
    """A model that knows two words for one thing joins what no lexical method can."""
    model2vec = pytest.importorskip("model2vec")
    from tokenizers import Tokenizer, models, pre_tokenizers

    meanings = {"[UNK]": 0, "reset": 1, "change": 1, "password": 2, "密码": 2, "修改": 1, "router": 3}
    tokenizer = Tokenizer(models.WordLevel({w: k for k, w in enumerate(meanings)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vectors = np.eye(4, dtype=np.float32)[list(meanings.values())]
    model2vec.StaticModel(vectors, tokenizer, config={}).save_pretrained(str(tmp_path / "m"))
    stage = SemanticDedup(model=str(tmp_path / "m")).bind(Nothing())
    payloads = [{"text": t} for t in ["reset password", "change password", "修改 密码", "change router"]]
    found = decide(stage, payloads)
    assert sorted(zip(found.row.tolist(), found.twin.tolist(), strict=True)) == [(1, 0), (2, 0)]
    assert stage.lineage != SemanticDedup().lineage


def test_a_recipe_that_names_it(tmp_path):
    texts = ["How can I reset the password of my account?", "密码忘了怎么办，请问", "请问，密码忘了怎么办？"]
    source = tmp_path / "texts.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    recipe = assay.Recipe(stages=[{"semantic_dedup": {"threshold": 0.6}}])
    result = assay.init(tmp_path / "registry").curate("d", [str(source)], recipe=recipe)
    assert (result.read, result.kept, result.rejected) == (3, 2, 1)


def test_the_page_states_true_cosines():
    page = Path(__file__).resolve().parents[2] / "docs" / "stages" / "semantic_dedup.md"
    rows = re.findall(
        r"^\| (.+) \| (.+) \| (0\.\d\d) \| (0\.\d\d) \|$", page.read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) == 6
    for a, b, cosine, shared in rows:
        assert f"{SemanticDedup().similarity(a, b):.2f}" == cosine
        assert f"{jaccard(a, b, 5):.2f}" == shared


def test_a_bound_stage_crosses_processes():
    bound = SemanticDedup().bind(Nothing())
    assert pickle.loads(pickle.dumps(bound)) == bound
