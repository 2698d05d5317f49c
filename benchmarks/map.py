"""Seconds and megabytes of `assay map`, as a whole process.

    python benchmarks/map.py [--rows 50000] [--workers 2] [--corpus FILE …]

Without --corpus it maps tickets of the help-desk generator in examples/helpdesk; with --corpus the files given (JSONL,
{"input", "output"}). The version is imported first, which is not counted. The second figure is of the map found again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from curate import corpora, run


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--corpus", type=Path, nargs="+")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-map-") as temporary:
        folder = Path(temporary)
        sources = [[path] for path in given.corpus] if given.corpus else corpora(given.rows, folder)
        print("rows        first s   peak MB   again s   points MB")
        for files in sources:
            row(files, folder / "registry", given.workers)


def row(files: list[Path], registry: Path, workers: int) -> None:
    shutil.rmtree(registry, ignore_errors=True)
    assay = [sys.executable, "-m", "assay.cli.main", "--registry", str(registry)]
    for words in (["init"], ["import", "big", *map(str, files), "--workers", str(workers)]):
        subprocess.run([*assay, *words], check=True, stdout=subprocess.DEVNULL)
    wall, peak, said = run([*assay, "map", "big", "--workers", str(workers), "--json"])
    again, _, _ = run([*assay, "map", "big", "--json"])
    rows = json.loads(said)["rows"]
    print(f"{rows:<10,}  {wall:7.1f}   {peak / 1e6:7,.0f}   {again:7.1f}   {(5 * rows + 16) / 1e6:9.1f}")


if __name__ == "__main__":
    main()
