"""Write a deduplication corpus with known truth, of any size.

    python benchmarks/corpus.py ROWS DIR [--seed 7] [--copies 0.2] [--chinese 0.15]

DIR/corpus.jsonl   ROWS lines of {"input", "output"}
DIR/truth.jsonl    a line of [i, j, jaccard, kind] for every planted pair: row j (0-based) is a copy of row i

`jaccard` is the pair's true Jaccard similarity of character 5-grams, after lower case and white-space folding of
input + newline + output, computed for that very pair. `kind` is `exact` (similarity 1) or the edit that made the
copy. The same arguments give the same bytes on any machine and with any number of processes. Rows stream to disk;
memory stays below 100 MB whatever their number.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
from collections.abc import Iterator
from multiprocessing.pool import Pool
from pathlib import Path
from typing import NamedTuple

from corpus_edits import NEAR, exact, folded, jaccard
from corpus_sentences import row

BLOCK = 1_000
WINDOW = 100_000  # the furthest that a copy may follow its original
EXACT = 0.15  # share of the copies that are exact


class Copy(NamedTuple):
    line: str
    jaccard: float
    kind: str


class Block(NamedTuple):
    """What one process makes at a time: its place decides its randomness, nothing else does."""

    number: int
    seed: int
    copies: float
    chinese: float


def make(block: Block) -> list[tuple[str, Copy | None]]:
    """BLOCK new rows as JSON lines, some with a copy to be placed later."""
    chance = random.Random(f"{block.seed}/{block.number}")
    made: list[tuple[str, Copy | None]] = []
    for _ in range(BLOCK):
        chinese = chance.random() < block.chinese
        original = row(chance, chinese)
        made.append(
            (_line(original), _copy(chance, original, chinese) if chance.random() < block.copies else None)
        )
    return made


def _copy(chance: random.Random, original: tuple[str, str], chinese: bool) -> Copy:
    if chance.random() < EXACT:
        return Copy(_line(exact(chance, *original, chinese, 0.0)), 1.0, "exact")
    kind = chance.choice(list(NEAR))
    again = NEAR[kind](chance, *original, chinese, chance.uniform(0.01, 0.2))
    return Copy(_line(again), jaccard(folded(*original), folded(*again)), kind)


def _line(payload: tuple[str, str]) -> str:
    return json.dumps({"input": payload[0], "output": payload[1]}, ensure_ascii=False)


def rows(
    count: int, seed: int, copies: float, chinese: float
) -> Iterator[tuple[str, tuple[int, int, float, str] | None]]:
    """`count` lines in the corpus's order, each with its line of truth if it is a copy."""
    blocks = [Block(number, seed, copies, chinese) for number in range(-(-count // BLOCK))]
    chance = random.Random(f"{seed}/places")
    waiting: dict[int, tuple[int, Copy]] = {}
    at = 0
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for block in _in_turn(pool, blocks):
            for line, copy in block:
                while at in waiting:
                    origin, placed = waiting.pop(at)
                    yield placed.line, (origin, at, round(placed.jaccard, 6), placed.kind)
                    at += 1
                if at >= count:
                    return
                yield line, None
                if copy:
                    due = at + 1 + chance.randrange(min(WINDOW, max(1, count // 4)))
                    while due in waiting:
                        due += 1
                    if due < count:
                        waiting[due] = (at, copy)
                at += 1


def _in_turn(pool: Pool, blocks: list[Block]) -> Iterator[list[tuple[str, Copy | None]]]:
    """The blocks in order. Only so many are handed out at once that what is made cannot pile up."""
    ahead = 4 * (os.cpu_count() or 1)
    for start in range(0, len(blocks), ahead):
        yield from pool.imap(make, blocks[start : start + ahead])


def write(
    folder: Path, count: int, seed: int = 7, copies: float = 0.2, chinese: float = 0.15
) -> dict[str, int]:
    """Write the corpus and its truth; what was planted, counted."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = alike = 0
    with (
        (folder / "corpus.jsonl").open("w", encoding="utf-8") as corpus,
        (folder / "truth.jsonl").open("w", encoding="utf-8") as truth,
    ):
        for line, pair in rows(count, seed, copies, chinese):
            corpus.write(line + "\n")
            if pair:
                truth.write(json.dumps(pair) + "\n")
                pairs += 1
                alike += pair[2] >= 0.8
    return {"rows": count, "pairs": pairs, "pairs_at_0.8": alike}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--copies", type=float, default=0.2, help="share of the rows that get a copy")
    parser.add_argument("--chinese", type=float, default=0.15, help="share of the rows in Chinese")
    given = parser.parse_args()
    print(json.dumps(write(given.folder, given.rows, given.seed, given.copies, given.chinese)))


if __name__ == "__main__":
    main()
