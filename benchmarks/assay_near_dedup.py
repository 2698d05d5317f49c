"""assay's side of near_dedup.py: near duplicates of one corpus, by the kernels alone, as the peers' libraries do it.

    python benchmarks/assay_near_dedup.py CORPUS.jsonl OUT

Reads {"input", "output"} lines and writes OUT/removed.jsonl: {"row", "twin", "similarity"}, 0-based, one line for each
row that goes. No registry, no ledger; what these cost is in pipeline.py.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from assay.kernels import native
from assay.kernels.near import greedy, keys_of
from assay.kernels.texts import Texts, joined

BLOCK = 4 << 20
THRESHOLD, NGRAM = 0.8, 5


def blocks(path: str) -> Iterator[bytes]:
    """The file in pieces that end with a line feed."""
    rest = b""
    with Path(path).open("rb") as file:
        while data := file.read(BLOCK):
            cut = data.rfind(b"\n") + 1
            yield rest + data[:cut]
            rest = data[cut:]
    if rest:
        yield rest + b"\n"


def read(block: bytes) -> tuple[Texts, dict[str, np.ndarray]]:
    """The texts of a block's records and their keys."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10)
    starts = np.concatenate([[0], ends[:-1] + 1])
    _, text, status, _, end, _, _ = native.read_records(
        Texts(block, starts, ends.astype(np.int64)), "input", None, "output"
    )
    if not status.all():
        raise ValueError("this benchmark reads lines of exactly {input, output}")
    begin = np.concatenate([np.zeros(1, np.int64), end[:-1]])
    texts = Texts(text[: end[-1]].data, begin, end)
    return texts, keys_of(texts, NGRAM, THRESHOLD)


def main(corpus: str, out: Path) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(read, blocks(corpus)))
    texts = joined([part for part, _ in parts])
    keys = {name: np.concatenate([part[name] for _, part in parts]) for name in ("bands", "sketch")}
    n = len(texts)
    found = greedy(keys["bands"], keys["sketch"], np.arange(n), np.ones(n, bool), texts, THRESHOLD, NGRAM)
    out.mkdir(parents=True, exist_ok=True)
    with removed(out).open("w") as file:
        file.writelines(
            f'{{"row": {row}, "twin": {twin}, "similarity": {value}}}\n'
            for row, twin, value in zip(*(column.tolist() for column in found), strict=True)
        )


def removed(out: Path) -> Path:
    """Where the rows that go are listed."""
    return out / "removed.jsonl"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
