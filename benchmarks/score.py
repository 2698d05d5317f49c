"""Score a removal of near duplicates against the truth that corpus.py wrote.

    python benchmarks/score.py DIR REMOVED.jsonl [--threshold 0.8]

REMOVED.jsonl holds a line of {"row", "twin"} for every row that was removed: 0-based line numbers of
DIR/corpus.jsonl, `twin` the row that was kept in its stead, or null where the tool names none.

recall         of the planted pairs whose true similarity reaches the threshold, the share of which at most one stays
proven         of the removed rows, the share whose named twin truly reaches the threshold; null when the tool names
               no twin at all
twins_removed  rows whose named twin was itself removed, so that the text they are said to survive in may be gone
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import NamedTuple

from corpus_edits import folded, jaccard


class Score(NamedTuple):
    removed: int
    pairs: int
    recall: float
    proven: float | None
    twins_removed: int


def score(folder: Path, removed: Path, threshold: float = 0.8) -> Score:
    """Recall and proven share of one tool's removals; similarities are computed here, from the texts."""
    with removed.open(encoding="utf-8") as lines:
        twin: dict[int, int | None] = {entry["row"]: entry["twin"] for entry in map(json.loads, lines)}
    with (folder / "truth.jsonl").open(encoding="utf-8") as lines:
        pairs = [(i, j) for i, j, alike, _ in map(json.loads, lines) if alike >= threshold]
    caught = sum(i in twin or j in twin for i, j in pairs)
    named = {row: kept for row, kept in twin.items() if kept is not None}
    texts = _texts(folder / "corpus.jsonl", {*named, *named.values()})
    proven = sum(jaccard(texts[row], texts[kept]) >= threshold for row, kept in named.items())
    return Score(
        removed=len(twin),
        pairs=len(pairs),
        recall=caught / max(1, len(pairs)),
        proven=proven / len(twin) if named else None,
        twins_removed=sum(kept in twin for kept in named.values()),
    )


def _texts(corpus: Path, wanted: set[int]) -> dict[int, str]:
    """The folded texts of the rows wanted; the rest of the corpus is not kept in memory."""
    found = {}
    with corpus.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number in wanted:
                payload = json.loads(line)
                found[number] = folded(payload["input"], payload["output"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("removed", type=Path)
    parser.add_argument("--threshold", type=float, default=0.8)
    given = parser.parse_args()
    print(json.dumps(score(given.folder, given.removed, given.threshold)._asdict()))


if __name__ == "__main__":
    main()
