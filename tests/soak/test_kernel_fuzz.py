"""Any bytes at all go through every function of the compiled kernel; `make asan` runs this under a sanitizer."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

from assay.kernels import native, near
from assay.kernels.language_tables import tables
from assay.kernels.texts import Texts

pytestmark = pytest.mark.soak

PIECES = [
    b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xe4\xb8\xad", b"\xf0\xa0\x80\x80", b"\xc4\xb0", b"{", b"}", b'"',
    b"\\", b"\\u", b"\\ud83d", b'"input":', b'"output":"', b'{"messages":[{"content":"', b'","role":"user"},{"content":"', b",", b" ",
    b"the ", b"und ", b"```", b"~~~", b"\ndef ", b" = ", b"x(1);\n", b"www.", b".com", b"\xcc\x81", b"\xe2\x80\x99", b"\xd9\x8b",
    b"\xd0\xb8 ", b"\xe1\xba\xbf", b"\xef\xb7\xba", b"@", b"1234", b":", b"\x00", b"\xe2\x80\xa6", b"\xef\xbc\xa1",
]  # fmt: skip


def noise(chance):
    kind = chance.random()
    if kind < 0.3:
        return chance.randbytes(chance.randrange(200))
    if kind < 0.9:
        return b"".join(chance.choices(PIECES, k=chance.randrange(60)))
    return chance.choice(PIECES) * chance.randrange(4_000)


def cut(data, chance, count):
    points = sorted(chance.randrange(len(data) + 1) for _ in range(2 * count))
    return Texts(data, np.array(points[::2], np.int64), np.array(points[1::2], np.int64))


TABLES = tables("und", "code", 6.0, 0.7)


def test_any_tables_are_safe():
    """Tables of languages with wrong values anywhere are refused, or do no harm."""
    refused = 0
    for seed in range(int(os.environ.get("ASSAY_FUZZ_ROUNDS", "3000")) // 10):
        chance = random.Random(seed)
        wrong = [table.copy() for table in TABLES]
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(wrong))
            raw = wrong[place].reshape(-1).view(np.uint8)
            raw[chance.randrange(len(raw))] = chance.randrange(256)
            if chance.random() < 0.1:
                wrong[place] = wrong[place].reshape(-1)[: chance.randrange(wrong[place].size)]
        texts = cut(b"".join(noise(chance) for _ in range(4)) + b"x", chance, 8)
        try:
            native.languages(native.open_language(tuple(wrong)), texts)
        except ValueError:
            refused += 1
    assert refused


def test_any_bytes_are_safe():
    rounds = int(os.environ.get("ASSAY_FUZZ_ROUNDS", "3000"))
    opened = native.open_language(TABLES)
    for seed in range(rounds):
        chance = random.Random(seed)
        parts = [noise(chance) for _ in range(chance.randrange(1, 8))]
        texts = cut(b"".join(parts) + b"x", chance, chance.randrange(1, 9))
        native.count_units(texts)
        native.count_points(texts)
        native.repeated_bigrams(texts)
        native.glance(texts)
        native.fold_digests(texts)
        native.fold_width_digests(texts)
        native.languages(opened, texts)
        native.read_records(texts, "input", chance.choice([None, "more"]), "output")
        native.read_payloads(texts)
        n = chance.randrange(1, 13)
        bands, short = native.sketch(texts, n, 25, 5)
        rows = np.arange(len(texts))
        native.jaccard_pairs(texts, n, rows, rows[::-1].copy())
        groups, count = near._groups_of_keys(bands)
        order = np.array(chance.sample(range(len(texts)), len(texts)), np.int64)
        stay = np.array([chance.randrange(3) for _ in rows], np.uint8)
        twin, value = native.greedy(texts, n, groups, count, short, order, stay, 0.5, 20)
        assert ((twin < 0) | ((value >= 0.5) & (value <= 1.0))).all()
