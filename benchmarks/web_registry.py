"""A registry of a million examples as a team has one: people's and models' texts, several sources, four versions.

    python benchmarks/web_registry.py DIR [--rows 1000000]

Everything is made here, by `corpus.py`. v1 has what people wrote, v2 adds a model's texts, v3 another model's, mostly
Chinese, and v4 one hundredth of new records. Every example has a score (`quality`), every second one a tag (`team`).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from corpus import write

import assay
from assay.kernels.ids import concat, order
from assay.registry.governing.annotating import annotate

NAME = "bench"
SCORES = 9
PARTS = (
    # share of the rows, share of them in Chinese, what `curate` is told of them
    (0.56, 0.15, ("--origin=human",)),
    (0.30, 0.05, ("--add", "--origin=synthetic", "--generator=made/alpha")),
    (0.22, 0.90, ("--add", "--origin=synthetic", "--generator=made/beta")),
    (0.01, 0.20, ("--add", "--origin=human")),
)
"""Together some more than all: the recipe rejects some."""


def make(folder: Path, rows: int) -> None:
    """Write the texts, curate them, state the facts. What a run before left half made is made again."""
    shutil.rmtree(folder, ignore_errors=True)
    texts = folder / "texts"
    assay.init(folder / "registry", actor="bench")
    run = [sys.executable, "-m", "assay.cli.main", "--registry", str(folder / "registry"), "--actor=bench"]
    for number, (share, chinese, words) in enumerate(PARTS):
        one = texts / f"part{number}"
        write(one, int(rows * share), seed=number + 1, copies=0.06, chinese=chinese)
        source = str(one / "corpus.jsonl")
        command = [*run, "curate", NAME, source, f"--called={source}=part{number}.jsonl", *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        print(f"v{number + 1} is made", file=sys.stderr, flush=True)
    _state(folder / "registry")
    shutil.rmtree(texts)
    (folder / "made").write_text(str(rows))


def _state(folder: Path) -> None:
    registry = assay.open(folder, actor="bench")
    manifest = registry.version(NAME).manifest
    ids = concat([registry.store.split_ids(manifest, split).view("V32") for split in manifest.splits])
    ids = ids[order(ids)]
    byte = ids.view("u1").reshape(-1, 32)[:, 0]
    for score in range(SCORES):
        annotate(registry, NAME, ids[byte % SCORES == score], {"quality": 1.0 + score / 2})
    annotate(registry, NAME, ids[byte % 2 == 0], {"team": "blue"})


def kept(folder: Path, rows: int) -> bool:
    """Whether a registry of so many rows lies there, whole."""
    marker = folder / "made"
    return marker.is_file() and marker.read_text() == str(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    make(given.folder, given.rows)


if __name__ == "__main__":
    main()
