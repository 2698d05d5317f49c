"""The compiled kernel says what the reference says, value for value, on any text; and takes no nonsense."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.curate.chunk import Chunk
from assay.curate.reading import read_chunk
from assay.formats.decode import decode
from assay.formats.shapes import shape_named
from assay.kernels import native
from assay.kernels.counting import counts_of_characters, counts_of_units
from assay.kernels.glance import glance
from assay.kernels.jaccard import similarity
from assay.kernels.near import greedy, keys_of, least_agreeing, lowest
from assay.kernels.normalise import fold_digests, fold_width_digests
from assay.kernels.pairs import choose, find, nothing
from assay.kernels.repetition import repetitions
from assay.kernels.texts import Texts
from assay.model.record import Malformed, RawRecord

ODD = [
    "",
    " ",
    "\u3000\u00a0x\u2003",
    "İstanbul ΣΑΣ ς ẞ",
    "１２３＠４．５：６：",
    "\x00\x1b\x7f",
    "𠀀𠀁丽",
    "ｶﾞ한글한글",
]
words = st.lists(
    st.one_of(
        st.sampled_from(
            [*"abcdefghij", "重启", "路由器", "printer", "Σ", "１２", "3.4.5.6", "a:b:c", "@", "\n", "。"]
        ),
        st.text(max_size=4),
    ),
    max_size=40,
).map(" ".join)
many = st.lists(st.one_of(words, st.text(max_size=60), st.sampled_from(ODD)), max_size=12)


def spelled(texts):
    return [text.encode("utf-8", "ignore").decode() for text in texts]


def both(function):
    """What the kernel says, and what the reference says."""
    assert native.available(), "the tests need the compiled kernel"
    made = function()
    with native.reference_only():
        assert not native.available()
        return made, function()


@pytest.mark.parametrize(
    "function",
    [fold_digests, fold_width_digests, counts_of_units, counts_of_characters, repetitions, glance],
    ids=lambda f: f.__name__,
)
@given(texts=many)
@example(texts=ODD)
@settings(max_examples=120)
def test_what_is_measured_is_the_same(function, texts):
    ours, theirs = both(lambda: function(Texts.of(spelled(texts))))
    for a, b in zip(np.atleast_1d(ours), np.atleast_1d(theirs), strict=True):
        assert np.array_equal(a, b)


@given(texts=many, n=st.integers(2, 12), threshold=st.sampled_from([0.5, 0.7, 0.8, 0.95]))
@example(texts=ODD, n=5, threshold=0.8)
@settings(max_examples=60, deadline=None)
def test_sketches_are_the_same_bit_for_bit(texts, n, threshold):
    ours, theirs = both(lambda: keys_of(Texts.of(spelled(texts)), n, threshold))
    assert all(np.array_equal(ours[name], theirs[name]) for name in ("bands", "sketch"))


@given(
    seeds=st.lists(words, min_size=1, max_size=4),
    picks=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=2, max_size=30),
    threshold=st.sampled_from([0.5, 0.8]),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_greedy_removes_the_same_rows_for_the_same_twins(seeds, picks, threshold, chance):
    texts = spelled([seeds[k % len(seeds)] + " x" * cut for k, cut in picks])
    held = Texts.of(texts)
    order = np.array(chance.sample(range(len(texts)), len(texts)), np.int64)
    may_stay = np.array([chance.random() < 0.8 for _ in texts])
    order = np.concatenate([order[may_stay[order]], order[~may_stay[order]]])

    stays = np.array([chance.random() < 0.1 for _ in texts]) & may_stay

    def run():
        keys = keys_of(held, 5, threshold)
        return greedy(keys["bands"], keys["sketch"], order, may_stay, held, threshold, 5, stays)

    ours, theirs = both(run)
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    for row, twin, value in zip(*(column.tolist() for column in ours), strict=True):
        assert similarity(texts[row], texts[twin], 5) == value >= threshold
        assert not stays[row]


@given(
    seeds=st.lists(words, min_size=1, max_size=4),
    picks=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=2, max_size=30),
    threshold=st.sampled_from([0.8, 0.85, 0.95]),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_pairs_found_in_steps_choose_as_greedy_does(seeds, picks, threshold, chance):
    texts = spelled([seeds[k % len(seeds)] + " x" * cut for k, cut in picks])
    held, n = Texts.of(texts), len(texts)
    keys = keys_of(held, 5, threshold)
    order = np.array(chance.sample(range(n), n), np.int64)
    may_stay = np.array([chance.random() < 0.8 for _ in texts])
    order = np.concatenate([order[may_stay[order]], order[~may_stay[order]]])
    fixed = np.array([chance.random() < 0.2 for _ in texts]) & may_stay
    pairs = nothing(n, lowest(threshold))
    for share in (0.3, 0.6, 1.1):
        rows = pairs.covered | fixed | np.array([chance.random() < share for _ in texts])
        pairs = find(
            pairs, keys["bands"], keys["sketch"], rows, fixed, held, 5, least_agreeing(lowest(threshold))
        )
    found = choose(pairs, order, may_stay, fixed, threshold, least_agreeing(threshold))
    with native.reference_only():
        expected = greedy(keys["bands"], keys["sketch"], order, may_stay, held, threshold, 5, fixed)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    for a, b, value in zip(pairs.a.tolist(), pairs.b.tolist(), pairs.similarity.tolist(), strict=True):
        assert similarity(texts[a], texts[b], 5) == value >= pairs.floor


def test_texts_of_any_length_are_compared_and_too_many_alike_are_given_up():
    long = "word " * 3_000
    texts = Texts.of([long + "a", long + "b", "", "", long[:4_000], long[:4_001]])
    a, b = (np.array(side, np.int64) for side in zip(*[(0, 1), (0, 4), (2, 3), (4, 5)], strict=True))
    exact = native.jaccard_pairs(texts, 5, a, b)
    assert native.similar_pairs(texts, 5, a, b, 0.5).tolist() == np.where(exact >= 0.5, exact, -1).tolist()
    keys, short = np.zeros((200, 1), np.uint32), np.zeros((200, 128), np.uint8)
    assert native.find_pairs(keys, short, np.arange(200), 128, 0, 100) is None
    assert len(native.find_pairs(keys, short, np.arange(200), 128, 0, 10**6)) == 200 * 199 / 2
    assert len(native.find_pairs(keys, short, np.arange(200), 128, 199, 10**6)) == 199


def test_pairs_are_exact():
    texts = [
        "the printer is offline",
        "the printer is online",
        "",
        "abc",
        "打印机脱机了怎么办",
        "打印机脱机了，怎么办",
    ]
    pairs = [(a, b) for a in range(6) for b in range(6)]
    a, b = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    found = native.jaccard_pairs(Texts.of(texts), 5, a, b)
    assert found.tolist() == [similarity(texts[x], texts[y], 5) for x, y in pairs]


values = st.one_of(
    st.text(max_size=12), st.none(), st.integers(), st.floats(), st.lists(st.text(max_size=3), max_size=2)
)
records = st.one_of(
    st.fixed_dictionaries({"instruction": st.text(max_size=20), "output": st.text(max_size=20)}),
    st.fixed_dictionaries(
        {"instruction": st.text(max_size=20), "input": st.text(max_size=8), "output": st.text(max_size=20)}
    ),
    st.dictionaries(st.sampled_from(["instruction", "input", "output", "id", "outpu"]), values, max_size=5),
)
TRICKY = [
    b'{"instruction": "a", "output": "b"}x', b'{"instruction":"a","output":"b",}', b'{"instruction":"a" "output":"b"}',
    b'{"instruction":"\\ud800","output":"b"}', b'{"instruction":"\\ud83d\\ude00","output":"\\u0000\\/"}',
    b'{"instruction":"a\x01","output":"b"}', b'{"instruction":"\xff","output":"b"}', b'{"instruction":"\xed\xa0\x80","output":""}',
    b'{"instruction":"a","instruction":"c","output":"b"}', b'{"\\u0069nstruction":"a","output":"b"}', b"{}", b"[]", b'"', b"{",
    b'{"instruction":"a","output":"b', b'{"instruction":"a\\', b' { "output" : "b" , "instruction" : "a" } ', b"\xef\xbb\xbf{}",
    b'{"instruction":"a","input":"","output":"b"}', b'{"instruction":"a","input":null,"output":"b"}', b"{,}", b'{"instruction":1}',
    b'{"instruction":"\xf4\x90\x80\x80","output":"b"}', b'{"instruction":"\xc0\xaf","output":"b"}', b"",
]  # fmt: skip


def reading(lines):
    """Everything that reading some Alpaca lines gives, as plain values."""
    shape = shape_named("alpaca")
    raw = tuple(RawRecord(k + 1, 0, line) for k, line in enumerate(lines))
    chunk = Chunk(0, "a.jsonl", shape.name, Decode(), raw, flat=shape.flat)
    read = read_chunk(chunk, {"origin": "human"})
    batch = read.batch
    return (
        read.rows.to_pylist(), read.ids.tolist(), list(batch.texts), list(batch.inputs), list(batch.outputs),
        list(batch.payloads), batch.column("id"), [(m.number, m.code) for m in read.malformed],
    )  # fmt: skip


class Decode:
    def __call__(self, record: RawRecord) -> object | Malformed:
        return decode(record, shape_named("alpaca"))


@given(st.lists(st.one_of(records.map(lambda r: json.dumps(r).encode()), records.map(
    lambda r: json.dumps(r, ensure_ascii=False).encode("utf-8", "surrogatepass")), st.sampled_from(TRICKY)), max_size=8))  # fmt: skip
@example(TRICKY)
@settings(max_examples=200)
def test_the_fast_reader_is_the_careful_reader(lines):
    ours, theirs = both(lambda: reading(lines))
    assert ours == theirs


@given(
    st.lists(
        st.one_of(st.sampled_from(TRICKY), st.text(max_size=9).map(lambda t: t.encode("utf-8", "ignore"))),
        max_size=5,
    )
)
def test_stored_payloads_give_their_texts_back(lines):
    """`read_payloads` knows a payload of one question and one answer, and leaves all else alone."""
    from assay.model.canonical import canonical_json

    texts = [line.decode("utf-8", "replace") for line in lines]
    payloads = [
        canonical_json(
            {"messages": [{"role": "user", "content": t}, {"role": "assistant", "content": t[::-1]}]}
        )
        for t in texts
    ]
    others = [canonical_json({"text": t}) for t in texts]
    given_texts = Texts.of([p.decode() for p in payloads + others])
    text, status, end, answer = native.read_payloads(given_texts)
    assert status.tolist() == [1] * len(texts) + [0] * len(texts)
    start = 0
    for k, wanted in enumerate(texts):
        assert bytes(text[start : answer[k] - 1]).decode() == wanted
        assert bytes(text[answer[k] : end[k]]).decode() == wanted[::-1]
        start = int(end[k])


def test_nonsense_is_refused():
    texts = Texts.of(["abc", "def"])
    wrong = Texts(texts.data, texts.start, texts.end + 10)
    for call in (native.count_units, native.glance, native.fold_digests, native.repeated_bigrams):
        with pytest.raises(ValueError):
            call(wrong)
        with pytest.raises(ValueError):
            call(Texts(texts.data, texts.end, texts.start - 1))
    with pytest.raises(ValueError):
        native.sketch(texts, 0, 25, 5)
    with pytest.raises(ValueError):
        native.sketch(texts, 5, 64, 3)
    with pytest.raises(ValueError):
        native.jaccard_pairs(texts, 5, np.array([0]), np.array([2]))
    with pytest.raises(ValueError):
        native.group_keys(np.zeros((4, 2), np.uint32), 2, 0, np.zeros(4, np.int32))
    with pytest.raises(ValueError):
        native.group_keys(np.zeros((4, 2), np.uint32), 1, 0, np.zeros(3, np.int32))
    keys, short = np.zeros((2, 3), np.uint32), np.zeros((2, 128), np.uint8)
    with pytest.raises(ValueError):
        native.find_pairs(keys, short, np.array([0, 2]), 84, 0, 10)
    with pytest.raises(ValueError):
        native.find_pairs(keys, short[:1], np.arange(2), 84, 0, 10)
    with pytest.raises(ValueError):
        native.find_pairs(keys, short, np.array([0, 1, 0]), 84, 0, 10)
    with pytest.raises(ValueError):
        native.similar_pairs(texts, 5, np.array([0]), np.array([2]), 0.8)
    starts, stay = np.array([0, 1, 2]), np.ones(2, np.uint8)
    for others, order in (([0, 2], [0, 1]), ([1], [0, 1]), ([1, 0], [0, 2])):
        with pytest.raises(ValueError):
            native.settle_pairs(
                starts, np.array(others, np.int32), np.ones(len(others)), np.array(order), stay
            )
    groups = np.full((1, 2), 7, np.int32)
    with pytest.raises(ValueError):
        native.greedy(texts, 5, groups, 1, short, np.arange(2), np.ones(2, np.uint8), 0.8, 0)
    with pytest.raises(ValueError):
        native.greedy(texts, 5, groups * 0, 1, short, np.array([0, 5]), np.ones(2, np.uint8), 0.8, 0)
