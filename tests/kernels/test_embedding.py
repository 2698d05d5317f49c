"""Embedders: the same vector in any company, nothing fetched, a digest that changes with the files."""

from __future__ import annotations

import json
import pickle
import sys
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import BadInput, MissingExtra, NotFound
from assay.kernels.cosine import cosines, greedy, quantise
from assay.kernels.embedding import folder_digest, load_embedder
from assay.kernels.lexical import lexical_vectors

TEXTS = st.text(max_size=40) | st.text("密码忘了怎么办，ab ", max_size=40)


FROZEN = [[0, 64, 0, 0, -64, 0, -64, 0, 0, -127, 0, 0], [0, -42, 0, -85, 0, 42, 0, 0, 0, -42, 85, 0]]
FROZEN_DIGEST = "80875c65fa42045d"


def static_model(folder, words, dimensions=24):
    """A model2vec folder with random vectors for some words, written by the library's own hand."""
    model2vec = pytest.importorskip("model2vec")
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {word: k for k, word in enumerate(["[UNK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vectors = np.random.default_rng(5).standard_normal((len(vocabulary), dimensions)).astype(np.float32)
    model2vec.StaticModel(vectors, tokenizer, config={}).save_pretrained(str(folder))
    return folder


@given(st.lists(TEXTS, max_size=12))
def test_a_lexical_vector_does_not_depend_on_its_batch(texts):
    together = lexical_vectors(texts)
    assert together.dtype == np.float32 and together.shape == (len(texts), 256)
    for row, text in enumerate(texts):
        assert np.array_equal(lexical_vectors([text])[0], together[row])
        length = np.linalg.norm(together[row].astype(np.float64))
        assert length == pytest.approx(1.0 if text.split() else 0.0, abs=1e-6)


def test_a_text_that_fills_a_block_by_itself():
    huge = "打印机 printer " * 40_000
    together = lexical_vectors(["a", huge, "b"])
    assert np.array_equal(together, np.concatenate([lexical_vectors([t]) for t in ["a", huge, "b"]]))


def test_lexical_vectors_stay_what_they_are():
    """Frozen: whoever changes a vector changes `SCHEME`, and with it every digest."""
    made = quantise(lexical_vectors(["Reset my password.", "密码忘了怎么办？"]))
    assert [made[0, :12].tolist(), made[1, :12].tolist()] == FROZEN
    assert load_embedder(None).digest[:16] == FROZEN_DIGEST


def cosine(a, b):
    both = quantise(lexical_vectors([a, b]))
    return cosines(both[:1], both[1:])[0]


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("How do I reset my password?", "how can I reset my password", "What is the capital of France?"),
        ("密码忘了怎么办", "忘了密码该怎么办", "打印机坏了怎么修"),
        ("ＡＢＣ公司的发票", "abc公司的发票", "重启路由器"),
        ("비밀번호를 잊어버렸어요", "비밀번호를 잊었어요", "프린터가 고장났어요"),
    ],
)
def test_what_is_written_alike_is_near(text, near, far):
    assert cosine(text, near) > cosine(text, far) + 0.2


def test_lone_surrogates_and_nothing_at_all():
    assert cosine("a\ud800b", "a\ud800b") == 1.0
    assert cosine("", "") == cosine(" \n", "x") == 0.0


def test_the_lexical_embedder_says_that_it_is_lexical():
    embedder = load_embedder(None)
    assert (embedder.name, embedder.lexical, len(embedder.digest)) == ("lexical", True, 64)
    assert load_embedder(None) == pickle.loads(pickle.dumps(embedder)) == embedder


def test_names_of_models_are_not_looked_up():
    with pytest.raises(NotFound, match="no such folder") as caught:
        load_embedder("minishlab/potion-base-8M")
    assert "nothing is downloaded" in caught.value.hint


@pytest.mark.parametrize("header", [None, b"", b"\xff" * 20, (2).to_bytes(8, "little") + b"[]"])
def test_a_folder_that_holds_no_model(tmp_path, header):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    if header is not None:
        (tmp_path / "model.safetensors").write_bytes(header)
    with pytest.raises(BadInput, match="neither"):
        load_embedder(str(tmp_path))


def test_a_model_without_its_library_names_the_extra(tmp_path, monkeypatch):
    header = json.dumps({"embeddings": {}}).encode()
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="model2vec") as caught:
        load_embedder(str(tmp_path))
    assert "assay-data[semantic]" in caught.value.hint


def test_a_static_model(tmp_path):
    folder = static_model(tmp_path / "model", ["reset", "password", "密码", "router"])
    embedder = load_embedder(str(folder))
    texts = ["reset password", "", "router", "密码 reset", "unknown words", "a\ud800b", "router " * 2_000]
    together = embedder.encode(texts)
    assert (embedder.name, embedder.lexical, together.dtype) == ("model", False, np.float32)
    for row, text in enumerate(texts):
        assert np.array_equal(embedder.encode([text])[0], together[row])
    lengths = np.linalg.norm(together, axis=1)
    assert lengths[0] == pytest.approx(1.0) and lengths[1] == 0.0
    assert np.array_equal(pickle.loads(pickle.dumps(embedder)).encode(texts), together)
    assert embedder.encode([]).shape == (0, 24)


def test_a_sentence_transformer_is_loaded_from_its_folder_alone(tmp_path, monkeypatch):
    asked = {}

    class Stub:
        def __init__(self, folder, **options):
            asked.update(options, folder=folder)

        def encode(self, texts, batch_size, show_progress_bar):
            asked["batch_size"] = batch_size
            return np.array([[3.0 * len(t), 4.0 * len(t)] for t in texts], np.float32)

    module = types.ModuleType("sentence_transformers")
    module.SentenceTransformer = Stub
    module.__spec__ = types.SimpleNamespace(name="sentence_transformers")
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    (tmp_path / "modules.json").write_text("[]")
    embedder = load_embedder(str(tmp_path))
    assert embedder.encode(["ab", ""]).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0.0, 0.0]]
    assert asked == {
        "folder": str(tmp_path),
        "device": "cpu",
        "local_files_only": True,
        "trust_remote_code": False,
        "batch_size": 1,
    }


def test_a_digest_is_that_of_names_and_contents(tmp_path):
    def folder(name, files):
        for file, content in files.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return folder_digest(tmp_path / name)

    one = folder("one", {"a": "1", "b/c": "2"})
    assert one == folder("two", {"b/c": "2", "a": "1", ".git/HEAD": "x", ".cache": "y"})
    assert len({one, folder("three", {"a": "2", "b/c": "1"}), folder("four", {"a": "1", "c": "2"})}) == 3


def brute_force(vectors, order, may_stay, threshold):
    kept, out = [], {}
    for row in order:
        best = (0.0, -1)
        for other in kept:  # in order: of equals the first
            score = cosines(vectors[row : row + 1], vectors[other : other + 1])[0]
            if score >= threshold and score > best[0]:
                best = (score, other)
        if best[1] >= 0:
            out[row] = (best[1], best[0])
        elif may_stay[row]:
            kept.append(row)
    return out


@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.8, 0.95, 1.0]), st.integers(0, 60), st.integers(1, 7))
def test_the_search_is_that_of_brute_force(seed, threshold, count, block):
    chance = np.random.default_rng(seed)
    vectors = quantise(chance.integers(-2, 3, (count, 5)).astype(np.float32))
    may_stay = chance.random(count) < 0.7
    order = np.lexsort((chance.permutation(count), ~may_stay))
    with pytest.MonkeyPatch.context() as patch:
        for name, size in {"_BLOCK": block, "_CHUNK": 2 * block, "_PAIRS": 3}.items():
            patch.setattr(f"assay.kernels.cosine.{name}", size)
        found = greedy(vectors, order, may_stay, threshold, 10**9)
    told = {int(r): (int(t), s) for r, t, s in zip(*found, strict=True)}
    assert told == brute_force(vectors, order.tolist(), may_stay, threshold)


def planted(count, seed=0):
    """Vectors of which the last fifth are near copies of the first."""
    chance = np.random.default_rng(seed)
    vectors = chance.standard_normal((count, 64))
    copies = count // 5
    vectors[-copies:] = vectors[:copies] + 0.1 * chance.standard_normal((copies, 64))
    return quantise(vectors)


def test_the_index_proposes_and_never_claims():
    pytest.importorskip("faiss")
    vectors = planted(5_000)
    everybody = np.ones(5_000, bool)
    row, twin, similarity = greedy(vectors, np.arange(5_000), everybody, 0.9, 0)
    assert np.array_equal(similarity, cosines(vectors[row], vectors[twin])) and (similarity >= 0.9).all()
    assert not set(row.tolist()) & set(twin.tolist())
    assert len(row) >= 990


def test_many_rows_without_faiss_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtra, match="faiss") as caught:
        greedy(planted(20), np.arange(20), np.ones(20, bool), 0.9, 19)
    assert "assay-data[semantic]" in caught.value.hint
    assert len(greedy(planted(20), np.arange(20), np.ones(20, bool), 0.9, 20)[0]) == 4


def test_quantised_vectors_keep_their_angles():
    chance = np.random.default_rng(1)
    a = chance.standard_normal((200, 256))
    b = a + 0.5 * chance.standard_normal((200, 256))
    true = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert np.abs(cosines(quantise(a), quantise(b)) - true).max() < 0.003
