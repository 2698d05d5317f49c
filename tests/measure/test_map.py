"""Maps: rows placed by themselves alone, planted clusters found, names that hold no half words, and honest pictures."""

from __future__ import annotations

import itertools
import struct
import zlib
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assay.errors import MissingExtra, UsageError
from assay.kernels.cosine import quantise
from assay.kernels.ids import as_ids
from assay.kernels.lexical import lexical_vectors
from assay.measure.charts.scatter import Label
from assay.measure.map.alignment import Side, best_pairs, changes
from assay.measure.map.document import Drawn, page, svg
from assay.measure.map.fitting import Fit, fit, fit_like, read_fit
from assay.measure.map.grouping import NONE, how_many, nearest, typical
from assay.measure.map.habits import _at_least, habits
from assay.measure.map.polygon import inside, read_polygon, write_polygon
from assay.measure.map.raster import DARK, LIGHT, picture, png
from assay.measure.map.space import fit_space
from assay.measure.map.styles import styles
from assay.measure.map.terms import common, terms
from assay.measure.map.words import plain, words_of

TOPICS = {
    "refund": "refund money returned order cancelled invoice amount bank statement",
    "parcel": "parcel courier delivery tracking doorstep driver depot shipped",
    "login": "password login reset email account locked verification token",
    "退款": "我要申请退款流程怎么办理原路退回银行卡到账时间",
    "物流": "快递包裹物流信息一直没有更新配送员什么时候送到",
}


def planted(each: int = 60, seed: int = 3) -> tuple[list[str], list[int]]:
    """Texts of five topics, words drawn at random, and which topic each is of."""
    draw = np.random.default_rng(seed)
    texts, truth = [], []
    for k, (topic, words) in enumerate(TOPICS.items()):
        for n in range(each):
            if " " in words:
                chosen = draw.choice(words.split(), 6)
                texts.append(f"Please help with my {topic}: {' '.join(chosen)} number {n}")
            else:
                start = int(draw.integers(0, 6))
                texts.append(f"你好，{words[start:]}，第{n}次。{words[: start + 8]}")
            truth.append(k)
    return texts, truth


def in_order(texts: list[str], truth: list[int]):
    """Vectors, ids and truth in the order of ids, as a registry has them."""
    digests = [sha256(text.encode()).digest() for text in texts]
    order = sorted(range(len(texts)), key=digests.__getitem__)
    ids = as_ids([digests[k] for k in order])
    return (
        quantise(lexical_vectors([texts[k] for k in order])),
        ids,
        np.array(truth)[order],
        [texts[k] for k in order],
    )


@pytest.fixture(scope="module")
def rows():
    return in_order(*planted())


@pytest.fixture(scope="module")
def learnt(rows) -> Fit:
    return fit(rows[0], "tsne", 5, 7)


def test_planted_clusters_are_found(rows, learnt):
    _, _, found = learnt.place(rows[0], rows[1])
    for cluster in range(5):
        topics = rows[2][found.cluster == cluster]
        assert len(topics) and np.bincount(topics).max() >= 0.95 * len(topics)


def test_clusters_are_places_on_the_map(rows, learnt):
    x, y, found = learnt.place(rows[0], rows[1])
    places = np.stack([x, y], axis=1).astype(float)
    middles = np.array([places[found.cluster == c].mean(axis=0) for c in range(5)])
    own = np.linalg.norm(places - middles[found.cluster], axis=1)
    other = np.array(
        [
            np.delete(np.linalg.norm(p - middles, axis=1), c).min()
            for p, c in zip(places, found.cluster, strict=True)
        ]
    )
    assert (own < other).mean() > 0.9


@given(cut=st.lists(st.integers(0, 300), max_size=4), seed=st.integers(0, 99))
@settings(max_examples=8)
def test_a_rows_place_is_its_own(rows, learnt, cut, seed):
    vectors, ids = rows[0], rows[1]
    x, y, found = learnt.place(vectors, ids)
    order = np.random.default_rng(seed).permutation(len(ids))
    edges = sorted({0, len(ids), *(min(c, len(ids)) for c in cut)})
    for low, high in itertools.pairwise(edges):
        part = order[low:high]
        px, py, near = learnt.place(vectors[part], ids[part])
        assert np.array_equal(px, x[part]) and np.array_equal(py, y[part])
        assert np.array_equal(near.cluster, found.cluster[part])
        assert np.array_equal(near.margin, found.margin[part])


@pytest.mark.parametrize("how", ["tsne", "pca"])
def test_the_same_rows_give_the_same_fit(rows, how):
    one, two = (fit(rows[0], how, 5, 7).columns() for _ in range(2))
    for name, column in one.items():
        assert np.array_equal(column, two[name]), name
    again = read_fit(one).place(rows[0], rows[1])
    assert np.array_equal(again[0], read_fit(two).place(rows[0], rows[1])[0])


def test_the_space_does_not_depend_on_the_order_of_its_sample(rows):
    order = np.random.default_rng(1).permutation(len(rows[0]))
    one, two = fit_space(rows[0]), fit_space(rows[0][order])
    assert np.array_equal(one.shift, two.shift) and np.array_equal(one.axes, two.axes)


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_few_rows_have_a_map_too(n):
    vectors, ids, _, _ = in_order([f"row number {k} of few" for k in range(n)], [0] * n)
    x, y, found = fit(vectors, "tsne", 3, 7).place(vectors, ids)
    assert len(x) == len(y) == n and (found.cluster != NONE).sum() in (0, n, n - 1)


def test_rows_without_text_are_in_no_cluster(rows, learnt):
    empty = np.zeros((2, rows[0].shape[1]), np.int8)
    _, _, found = learnt.place(empty, rows[1][:2])
    assert (found.cluster == NONE).all()
    assert fit(empty, "tsne", 3, 7).place(empty, rows[1][:2])[2].cluster.tolist() == [NONE, NONE]


def test_typical_rows_are_nearest_to_the_centre_and_border_rows_to_another():
    vectors, ids, _, _ = in_order(*planted())
    learnt = fit(vectors, "pca", 5, 7)
    found = learnt.place(vectors, ids)[2]
    middle, border = typical(found, 0)
    mine = np.flatnonzero(found.cluster == 0)
    assert found.close[middle[0]] == found.close[mine].max()
    assert found.margin[border[0]] == found.margin[mine].min()


def test_how_many_clusters_is_a_rule():
    assert [how_many(n) for n in (10, 1_000, 10_000, 1_000_000)] == [3, 4, 12, 40]
    assert how_many(10, 77) == 77
    with pytest.raises(UsageError, match="300 clusters"):
        how_many(10, 300)


def test_umap_says_what_is_missing(rows, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    with pytest.raises(MissingExtra, match="umap-learn"):
        fit(rows[0], "umap", 5, 7)


# --- names


def test_names_are_what_sets_a_cluster_apart(rows):
    among = common(rows[3])
    for k, topic in enumerate(TOPICS):
        mine = [text for text, of in zip(rows[3], rows[2], strict=True) if of == k]
        found = terms(mine, among)
        assert 1 <= len(found) <= 3
        for term in found:
            assert term in TOPICS[topic] or term == topic, (topic, found)


def test_a_half_word_grows_to_the_word():
    mine = [f"第{k}次询问人工智能，以及退款流程" for k in range(20)]
    rest = [f"今天天气不错{k}，出去散步" for k in range(80)]
    found = terms(mine, common(mine + rest), 6)
    assert not {"工智", "款流", "人工智", "智能"} & set(found)
    assert any("人工智能" in term or "退款流程" in term for term in found)


@given(st.text(max_size=300))
def test_words_hold_no_markup(text):
    for word in words_of(plain(text)):
        assert not set(word) & set("<>&\"'/=;:@ \u202e\x1b") and 2 <= len(word) <= 30


def test_markup_and_addresses_name_nothing():
    said = (
        '<script src="evil.js">alert</script> https://evil.example/path?x=1 mail@host.example &nbsp; refund'
    )
    assert words_of(plain(said)) == {"alert", "refund"}


# --- alignment


@given(arrays(np.int64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.integers(-20, 20)))
def test_pairs_cost_least_together(cost):
    pairs = best_pairs(cost.astype(float))
    few, many = sorted(cost.shape)
    table = cost if cost.shape[0] == few else cost.T
    least = min(
        sum(table[k, c] for k, c in enumerate(chosen)) for chosen in itertools.permutations(range(many), few)
    )
    assert len(pairs) == few
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == few
    assert sum(cost[a, b] for a, b in pairs) == least


def test_what_grew_shrank_appeared_and_vanished():
    centres = np.eye(5, dtype=np.int8) * 127
    ids = as_ids(sorted(sha256(bytes([k])).digest() for k in range(100)))
    before = Side(ids, np.repeat(np.array([0, 1, 2, 3], np.uint8), 25), centres[:4])
    cluster = np.repeat(np.array([2, 1, 0, 4], np.uint8), [50, 10, 20, 20])
    after = Side(ids, cluster, centres[[1, 4, 0, 3, 2]][:5])
    found = {(one.before, one.after): one.kind for one in changes(before, after)}
    assert set(found.values()) >= {"grew", "vanished"}
    assert sum(one.rows[1] for one in changes(before, after)) == 100
    same = changes(before, before)
    assert [(one.kind, one.before, one.after) for one in same] == [("same", k, k) for k in range(4)]


def test_a_map_like_another_keeps_its_numbers_and_finds_what_is_new(rows, learnt):
    texts, truth = planted(40, seed=11)
    same, ids, _, _ = in_order(texts, truth)
    assert fit_like(learnt, same, 5, 7) is learnt
    strange = [
        f"Photosynthesis chlorophyll sunlight leaves oxygen glucose {k} chloroplast" for k in range(60)
    ]
    more, ids, _, texts = in_order(texts + strange, truth + [9] * 60)
    like = fit_like(learnt, more, 5, 7)
    assert np.array_equal(like.centres[:5], learnt.centres) and len(like.centres) > 5
    found = like.place(more, ids)[2].cluster
    new = np.array(["Photosynthesis" in text for text in texts])
    assert (found[new] >= 5).mean() > 0.9 and (found[~new] < 5).mean() > 0.95


# --- styles


def test_generators_with_a_style_of_their_own_are_told_from_those_without():
    draw = np.random.default_rng(5)
    words = [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
    ]

    def outputs(opening: str) -> list[str]:
        return [f"{opening} {' '.join(draw.choice(words, 8))}" for _ in range(60)]

    a = quantise(
        lexical_vectors(outputs("Certainly! As requested, here is a delightful answer for you today:"))
    )
    b, c = (quantise(lexical_vectors(outputs("Answer:"))) for _ in range(2))
    found = {
        one.generator: one for one in styles([("a", 500, a), ("b", 60, b), ("c", 60, c), ("few", 3, c[:3])])
    }
    assert set(found) == {"a", "b", "c"}
    assert found["a"].own > 0.95 > found["b"].own and abs(found["b"].own - found["b"].near["c"]) < 0.25
    assert found["a"].alike > found["b"].alike
    assert all(sum(one.near.values()) == pytest.approx(1) for one in found.values())
    assert styles([]) == ()


# --- pictures


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 65535)), min_size=3, max_size=8))
def test_a_polygon_is_read_as_it_is_written(corners):
    assert read_polygon(write_polygon(corners)) == corners


@pytest.mark.parametrize(
    "text", ["", "1,2;3,4", "a,b;c,d;e,f", "1,2;3,4;99999,1", "1,1;" * 999 + "1,1", "1,2;3,4;5,6;"]
)
def test_no_polygon_is_refused(text):
    with pytest.raises(UsageError, match="polygon"):
        read_polygon(text)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_two_halves_of_the_plane_share_no_point_and_miss_none(seed):
    draw = np.random.default_rng(seed)
    x, y = draw.integers(1, 65534, (2, 300)).astype(np.uint16)
    a, b = (int(v) for v in draw.integers(0, 65535, 2))
    left = [(0, 0), (a, 0), (b, 65535), (0, 65535)]
    right = [(a, 0), (65535, 0), (65535, 65535), (b, 65535)]
    both = np.concatenate([inside(x, y, left), inside(x, y, right)])
    assert sorted(both.tolist()) == list(range(300))
    assert np.array_equal(inside(x, y, left), inside(x, y, left[::-1]))


def test_a_picture_is_a_png_of_the_right_size(rows, learnt):
    x, y, found = learnt.place(rows[0], rows[1])
    for theme in (LIGHT, DARK):
        made = picture(x, y, found.cluster, theme)
        assert made[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", made[16:24]) == (860, 640)
        at, pixels = 8, b""
        while at < len(made):
            size, kind = struct.unpack(">I4s", made[at : at + 8])
            data = made[at + 8 : at + 8 + size]
            assert zlib.crc32(kind + data) == struct.unpack(">I", made[at + 8 + size : at + 12 + size])[0]
            pixels += data if kind == b"IDAT" else b""
            at += 12 + size
        shown = (
            np.frombuffer(zlib.decompress(pixels), np.uint8).reshape(640, 1 + 860 * 3)[:, 1:].reshape(-1, 3)
        )
        drawn = (shown != theme[0]).any(axis=1).sum()
        assert 200 < drawn < 9 * len(x)
    assert png(np.zeros((1, 1, 3), np.uint8)).endswith(b"IEND\xaeB`\x82")


def test_a_map_on_paper_is_escaped_and_has_a_table(rows, learnt):
    x, y, found = learnt.place(rows[0], rows[1])
    evil = "<script>alert(1)</script> \u202e"
    drawn = Drawn(
        evil, evil, (x, y, found.cluster), [Label(100, 200, evil, 3)], ("number", "cluster", "rows", "share"),
        [["0", evil, "3", "1 %"]], evil,
    )  # fmt: skip
    for made in (page(drawn), svg(drawn)):
        assert "<script" not in made and "\u202e" not in made
        assert "M" in made and 'class="pts p1' in made
    assert "<table" in page(drawn)


def test_nearest_takes_the_first_of_equals():
    centres = np.array([[10, 0], [20, 0], [0, 5]], np.int8)
    found = nearest(np.array([[3, 0], [0, 9], [0, 0]], np.int8), centres)
    assert found.cluster.tolist() == [0, 2, NONE]


# --- habits


def _sentences(count: int, seed: int) -> list[str]:
    turn = np.random.default_rng(seed)
    words = [
        "river",
        "stone",
        "market",
        "winter",
        "garden",
        "letter",
        "bridge",
        "morning",
        "silver",
        "harbour",
    ]
    return [
        " ".join(turn.choice(words, 30)) if k % 2 else "天气和交通" * 3 + str(turn.integers(9_999))
        for k in range(count)
    ]


def test_habits_tell_length_form_opening_and_words_of_the_generator_that_has_them():
    plain, other = _sentences(200, 1), _sentences(200, 2)
    odd = [
        f"Certainly! Here is a list:\n- velvet one\n- velvet two {k}\n- three 丝绒布料" for k in range(200)
    ]
    a, b, c = habits([("a", plain), ("b", other), ("c", odd)])
    assert c.apart and c.length_told and c.length < c.length_others
    told = {one.form: one for one in c.forms if one.told}
    assert told["list"].own == 1.0 and told["list"].others == 0.0
    assert c.openings[0].text.startswith("certainly") and c.openings[0].own == 1.0
    assert "velvet" in c.terms and any("丝绒" in term for term in c.terms)
    assert "velvet" not in a.terms + b.terms
    assert [one.generator for one in (a, b, c)] == ["a", "b", "c"]
    assert a.as_json()["length_others"] == a.length_others


def test_generators_that_write_alike_have_no_habits():
    apart = 0
    for seed in range(20):
        found = habits([("a", _sentences(120, 2 * seed)), ("b", _sentences(120, 2 * seed + 1))])
        apart += sum(one.apart for one in found)
    assert apart <= 2


def test_one_generator_alone_has_no_habits_nor_have_empty_outputs():
    assert habits([("a", _sentences(30, 1))]) == ()
    assert habits([]) == ()
    found = habits([("a", [""] * 30), ("b", [""] * 30)])
    assert not any(one.apart for one in found)


def test_an_opening_is_tested_as_the_lady_tasted_tea():
    """Fisher, The Design of Experiments, 1935: three or four cups of four by chance, 17 of 70."""
    assert _at_least(3, 4, 1, 4) == pytest.approx(17 / 70)
    assert _at_least(0, 4, 4, 4) == pytest.approx(1.0)
    assert _at_least(4, 4, 0, 4) == pytest.approx(1 / 70)
