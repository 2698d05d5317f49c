"""Server time of pages over one large version: facets, search, deep pages, the ledger; in one warm process.

    python benchmarks/explore.py --corpus FILE [--folder DIR] [--repetitions 30] [--json FILE]

FILE has lines {"input", "output"}; `python benchmarks/corpus.py 1000000 DIR` makes such a file. It is curated with the
default recipe into a registry in DIR (a temporary folder without it), and every example is given a score, one in two a
tag. A registry that DIR holds already is used as it is. Times are of the call that a page makes, texts of the rows
included, in a process that asked it once before; the first time of each is told beside them. Memory is what the process
holds resident, and its peak, less what it held before the first call.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import assay
from assay.kernels.ids import IdArray, concat, order
from assay.measure.facets.keyset import Page
from assay.registry import Registry
from assay.registry.governing.annotating import annotate

NAME = "bench"
SCORES = 9


def resident() -> int:
    """Bytes that this process holds resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """The most that it ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def make(folder: Path, corpus: Path) -> None:
    """A registry with one version of the corpus, a score for each example and a tag for half of them."""
    registry = assay.init(folder, actor="bench")
    made = registry.curate(NAME, [str(corpus)])
    print(f"curated {made.kept:,} of {made.read:,} records in {made.elapsed_seconds:.0f} s", flush=True)
    manifest = registry.version(NAME).manifest
    splits = [registry.store.split_ids(manifest, split).view("V32") for split in manifest.splits]
    ids: IdArray = concat(splits)
    ids = ids[order(ids)]
    byte = ids.view("u1").reshape(-1, 32)[:, 0]
    for score in range(SCORES):
        annotate(registry, NAME, ids[byte % SCORES == score], {"score": 1.0 + score / 2})
    annotate(registry, NAME, ids[byte % 2 == 0], {"team": "blue"})


def cases(registry: Registry) -> dict[str, Callable[[], Any]]:
    """What is timed: a name, and the call of one page."""
    looking = registry.looking

    def find(query: str, page: Page = Page(20)) -> Callable[[], Any]:  # noqa: B008 - a frozen value
        return lambda: looking.explore(NAME, query, page)

    def deep(query: str, sort: str) -> Callable[[], Any]:
        """The page in the middle: its key is that of the row before it."""
        total = looking.explore(NAME, query, Page(1, sort)).total
        key = None
        for _ in range(max(1, min(40, total // 2_000))):
            key = looking.explore(NAME, query, Page(1_000, sort, after=key)).next
        return lambda: looking.explore(NAME, query, Page(20, sort, after=key))

    return {
        "no filter": find(""),
        "a facet": find("language:zh"),
        "two facets and a range": find("language:en is:twin score>=4"),
        "a rare word": find("zebra"),
        "a frequent word": find("the"),
        "a facet and a rare word": find("language:en zebra"),
        "a facet and a frequent word": find("split:train the"),
        "Chinese, two characters": find("退款"),
        "Chinese, one character, and a facet": find("language:zh 的"),
        "a phrase": find('"machine learning"'),
        "sorted by score, with a facet": find("language:zh", Page(20, "-score")),
        "row 40,000, by id": deep("", "id"),
        "row 40,000, by length": deep("", "-length"),
        "in the order of the sources": find("", Page(20, "source")),
        "ledger": lambda: looking.rejected(NAME, page=Page(20)),
        "ledger, a stage, by value": lambda: looking.rejected(
            NAME, stage=["near_dedup"], page=Page(20, "-value")
        ),
        "ledger, a sample": lambda: looking.rejected(NAME, page=Page(20, "sample"), seed=7),
    }


def prepare(folder: Path) -> dict[str, Any]:
    """What the first look and the first search cost, in this process."""
    shutil.rmtree(folder / "cache" / "facets", ignore_errors=True)
    registry, base, out = assay.open(folder, actor="bench"), resident(), dict[str, Any]()
    for name, query in (("columns", ""), ("words", "xyzzy")):
        began, cpu = time.perf_counter(), time.process_time()
        registry.looking.explore(NAME, query)
        out[f"{name}_s"], out[f"{name}_cpu_s"] = time.perf_counter() - began, time.process_time() - cpu
        out[f"{name}_peak_mb"] = (peak() - base) / 1e6
    files = (folder / "cache" / "facets").glob("*/*")
    return out | {"cache_mb": sum(path.stat().st_size for path in files) / 1e6}


def pages(folder: Path, repetitions: int) -> dict[str, Any]:
    """What pages cost, in this process, where all is prepared."""
    registry, base = assay.open(folder, actor="bench"), resident()
    began = time.perf_counter()
    rows = registry.looking.explore(NAME).total
    out: dict[str, Any] = {"rows": rows, "open_s": time.perf_counter() - began, "base_mb": base / 1e6}
    out["open_peak_mb"] = (peak() - base) / 1e6
    out["cases"] = {}
    for name, call in cases(registry).items():
        began = time.perf_counter()
        found = call()
        first = time.perf_counter() - began
        times, cpu = [], []
        for _ in range(repetitions):
            began, used = time.perf_counter(), time.process_time()
            call()
            times.append((time.perf_counter() - began) * 1e3)
            cpu.append((time.process_time() - used) * 1e3)
        times.sort()
        out["cases"][name] = {
            "total": found.total,
            "first_ms": first * 1e3,
            "median_ms": statistics.median(times),
            "p95_ms": times[min(len(times) - 1, round(0.95 * len(times)))],
            "cpu_ms": statistics.median(cpu),
            "peak_mb": (peak() - base) / 1e6,
        }
    return out


def show(found: dict[str, Any]) -> None:
    print(f"\n{found['rows']:,} examples; load {os.getloadavg()[0]:.1f}")
    for key, value in found.items():
        if key not in ("rows", "cases"):
            print(f"{key:<16} {value:8.2f}")
    print(
        "\n| page | chosen | first ms | median ms | p95 ms | CPU ms | peak MB |\n|---|---:|---:|---:|---:|---:|---:|"
    )
    for name, row in found["cases"].items():
        told = " | ".join(
            f"{row[key]:.0f}" for key in ("first_ms", "median_ms", "p95_ms", "cpu_ms", "peak_mb")
        )
        print(f"| {name} | {row['total']:,} | {told} |")


def apart(folder: Path, step: str, repetitions: int) -> dict[str, Any]:
    """What a step finds in a process of its own: what came before left nothing in its memory."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder)]
    ran = subprocess.run(
        [*command, "--repetitions", str(repetitions)], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--repetitions", type=int, default=30)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--skip-prepare", action="store_true", help="time pages alone")
    parser.add_argument("--step", choices=("prepare", "pages"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step == "prepare":
        print(json.dumps(prepare(given.folder)))
        return
    if given.step == "pages":
        print(json.dumps(pages(given.folder, given.repetitions)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch) / "registry"
        if not (folder / "registry.json").exists():
            if given.corpus is None:
                raise SystemExit("--corpus FILE: there is no registry to look at")
            make(folder, given.corpus)
        found = {} if given.skip_prepare else apart(folder, "prepare", 0)
        found |= apart(folder, "pages", given.repetitions)
    show(found)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
