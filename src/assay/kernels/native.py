"""The door to the compiled kernel: typed, and shut when somebody asks for the reference.

Every function here has a counterpart in plain Python and NumPy that says the same, value for value; tests hold the
two together. `reference_only` makes the whole program use that one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.kernels.characters import table, width_table
from assay.kernels.texts import Texts

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


def _load() -> ModuleType | None:
    try:
        return import_module("assay.kernels._kernel")
    except ImportError:
        return None


_MOST_WORKERS = 8
_kernel = _load()
_shut = False


def available() -> bool:
    """Whether the compiled kernel is there and in use."""
    return _kernel is not None and not _shut


@contextmanager
def reference_only() -> Iterator[None]:
    """Within it everything is computed by the reference, in this process."""
    global _shut
    before, _shut = _shut, True
    try:
        yield
    finally:
        _shut = before


def _call(name: str, *arguments: Any) -> Any:
    return getattr(_kernel, name)(*arguments)


def _given(texts: Texts) -> tuple[Any, I64, I64]:
    return texts.data, np.ascontiguousarray(texts.start), np.ascontiguousarray(texts.end)


def sketch(texts: Texts, n: int, bands: int, width: int) -> tuple[U32, U8]:
    """uint32[rows, bands] band keys and uint8[rows, 128] short sketches."""
    keys, short = np.empty((len(texts), bands), np.uint32), np.empty((len(texts), 128), np.uint8)
    _call("sketch", _given(texts), table(), n, bands, width, keys, short)
    return keys, short


def group_keys(keys: U32, band: int, first: int, out: npt.NDArray[np.int32]) -> int:
    """Groups of rows with equal `keys[:, band]`, numbered from `first`, to int32[rows]; the next free number."""
    found: int = _call("group_keys", keys, band, keys.shape[1], first, out)
    return found


_BLOCK = 8_192
"""Rows that are compared at a time, by all workers, before any of them is placed."""


def greedy(  # noqa: PLR0913 - one call for the whole job
    texts: Texts,
    n: int,
    groups: npt.NDArray[np.int32],
    group_count: int,
    sketch: U8,
    order: I64,
    may_stay: U8,
    threshold: float,
    least_agreeing: int,
) -> tuple[I64, F64]:
    """See `assay.kernels.near.greedy`; `groups` int32[bands, rows] is used up. Twin (−1 where a row stays) and
    similarity of each row in `order`."""
    twin, similarity = np.full(len(texts), -1, np.int64), np.zeros(len(texts))
    workers = min(os.cpu_count() or 1, _MOST_WORKERS)
    job = _call("greedy_open", _given(texts), table(), groups, len(groups), group_count,
                np.ascontiguousarray(sketch), np.ascontiguousarray(order), np.ascontiguousarray(may_stay),
                threshold, least_agreeing, n, twin, similarity, workers)  # fmt: skip
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(order), _BLOCK):
            end = min(start + _BLOCK, len(order))
            cuts = np.linspace(start, end, workers + 1).astype(int).tolist()
            list(
                pool.map(
                    lambda k, cuts=cuts: _call("greedy_compare", job, k, cuts[k], cuts[k + 1]), range(workers)
                )
            )
            _call("greedy_place", job, start, end)
    return twin, similarity


def find_pairs(keys: U32, sketch: U8, order: I64, least: int, since: int, most: int) -> I32 | None:
    """int32[pairs, 3] of row, other, and how many of their sketch values agree, at least `least`: each pair of rows in
    `order` that share a key (`keys` is [rows, bands]) once, but for pairs among the first `since` of `order`. None when
    a band would take more than `most` comparisons."""
    keys, sketch = np.ascontiguousarray(keys), np.ascontiguousarray(sketch)
    bands = keys.shape[1]

    def work(band: int) -> bytes | None:
        found: bytes | None = _call("find_pairs", keys, bands, band, sketch, order, since, least, most)
        return found

    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_WORKERS)) as pool:
        parts = list(pool.map(work, range(bands)))
    whole = [part for part in parts if part is not None]
    return np.frombuffer(b"".join(whole), np.int32).reshape(-1, 3) if len(whole) == len(parts) else None


def similar_pairs(texts: Texts, n: int, a: I64, b: I64, least: float) -> F64:
    """float64[pairs]: exact Jaccard similarity of texts a[k] and b[k], −1 where it is below `least`. Faster where
    pairs with the same a[k] follow each other."""
    out = np.empty(len(a))
    workers = min(os.cpu_count() or 1, _MOST_WORKERS)
    cuts = np.linspace(0, len(a), workers + 1).astype(int).tolist()

    def work(k: int) -> None:
        part = slice(cuts[k], cuts[k + 1])
        left, right = np.ascontiguousarray(a[part]), np.ascontiguousarray(b[part])
        _call("similar_pairs", _given(texts), table(), n, left, right, least, out[part])

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))
    return out


def settle_pairs(starts: I64, others: I32, similarity: F64, order: I64, may_stay: U8) -> tuple[I64, F64]:
    """Twin (−1 where a row stays) and similarity of each of n rows, where row r's pairs are
    others[starts[r] : starts[r + 1]]; `order` and `may_stay` as in `greedy`."""
    twin, value = np.empty(len(starts) - 1, np.int64), np.zeros(len(starts) - 1)
    _call("settle_pairs", starts, others, similarity, np.ascontiguousarray(order), may_stay, twin, value)
    return twin, value


def jaccard_pairs(texts: Texts, n: int, a: I64, b: I64) -> F64:
    """float64[pairs]: exact Jaccard similarity of texts a[k] and b[k]."""
    out = np.empty(len(a))
    _call("jaccard_pairs", _given(texts), table(), n, np.ascontiguousarray(a), np.ascontiguousarray(b), out)
    return out


def count_units(texts: Texts) -> I64:
    """int64[rows]."""
    out = np.empty(len(texts), np.int64)
    _call("count_units", _given(texts), table(), out)
    return out


def count_points(texts: Texts) -> I64:
    """int64[rows], in code points."""
    out = np.empty(len(texts), np.int64)
    _call("count_points", _given(texts), out)
    return out


def repeated_bigrams(texts: Texts) -> tuple[F64, I64]:
    """float64[rows] shares and int64[rows] units."""
    ratio, units = np.empty(len(texts)), np.empty(len(texts), np.int64)
    _call("repeated_bigrams", _given(texts), table(), ratio, units)
    return ratio, units


def glance(texts: Texts) -> U8:
    """uint8[rows] of `assay.kernels.glance` bits."""
    out = np.empty(len(texts), np.uint8)
    _call("glance", _given(texts), table(), out)
    return out


def fold_digests(texts: Texts) -> U64:
    """uint64[rows, 2], zeros where nothing is left of a text."""
    out = np.empty((len(texts), 2), np.uint64)
    _call("fold_digests", _given(texts), table(), out)
    return out


def fold_width_digests(texts: Texts) -> tuple[U64, npt.NDArray[np.bool_]]:
    """uint64[rows, 2], and bool[rows]: which rows must be normalised as a whole."""
    out, entangled = np.empty((len(texts), 2), np.uint64), np.empty(len(texts), np.uint8)
    widths, expansions = width_table()
    _call("fold_width_digests", _given(texts), widths, expansions, out, entangled)
    return out, entangled.astype(np.bool_)


def read_records(
    records: Texts, question: str, more: str | None, answer: str
) -> tuple[U8, U8, U8, I64, I64, I64, I64]:
    """payload bytes, text bytes, status, payload_end, text_end, answer_start, joint; see `records.h`."""
    n, size = len(records), int(records.sizes.sum())
    payload, text = np.empty(size + 96 * n, np.uint8), np.empty(size + 2 * n, np.uint8)
    status = np.empty(n, np.uint8)
    ends = [np.empty(n, np.int64) for _ in range(4)]
    _call("read_records", _given(records), question, more, answer, payload, text, status, *ends)
    return payload, text, status, ends[0], ends[1], ends[2], ends[3]


def read_payloads(payloads: Texts) -> tuple[U8, U8, I64, I64]:
    """text bytes, status, text_end, answer_start of stored payloads; see `records.h`."""
    n = len(payloads)
    text, status = np.empty(int(payloads.sizes.sum()) + 2 * n, np.uint8), np.empty(n, np.uint8)
    text_end, answer_start = np.empty(n, np.int64), np.empty(n, np.int64)
    _call("read_payloads", _given(payloads), text, status, text_end, answer_start)
    return text, status, text_end, answer_start


def open_language(tables: tuple[npt.NDArray[Any], ...]) -> object:
    """What `languages` needs: the tables of `assay.kernels.language_tables`, checked."""
    return _call("language_open", tables)


def languages(opened: object, texts: Texts) -> tuple[U32, F64, U8]:
    """uint32[rows] languages (`assay.kernels.language.packed`), float64[rows] confidences, and uint8[rows]: 1 where
    little words are not sure, 2 where the reference must answer."""
    language, confidence = np.empty(len(texts), np.uint32), np.empty(len(texts))
    state = np.empty(len(texts), np.uint8)
    _call("languages", opened, _given(texts), language, confidence, state)
    return language, confidence, state


def release_memory() -> None:
    """Give the system back what was freed, where its allocator would keep it for later."""
    if _kernel is not None:
        _call("release_memory")
