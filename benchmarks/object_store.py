"""What a registry in an object store costs: seconds, memory and requests of each command, beside one in a folder.

    python benchmarks/object_store.py [--rows 50000] [--latency 0 30] [--entries 1000]

The store is the made-up one of assay.testing, in this process, on loopback; `--latency` is how many milliseconds it
waits before each answer (Amazon's take some 20 to 50). Every command is a process of its own. "warm": this machine's
folder has seen the registry; "cold": it is empty.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import orjson

import assay
from assay.testing.s3_bucket import S3Call
from assay.testing.s3_faults import no_s3_faults
from assay.testing.s3_server import S3Server
from curate import corpora, run

ASSAY = [sys.executable, "-c", "from assay.cli.main import main; main()"]
ADDRESS = "s3://bucket/bench"


def told(
    name: str, wall: float, peak: int, requests: Counter[str] | None, sent: int = 0, got: int = 0
) -> str:
    spelled = " ".join(f"{kind} {n}" for kind, n in sorted(requests.items())) if requests else ""
    moved = f"{sent / 1e6:8.1f} MB up {got / 1e6:8.1f} MB down" if requests is not None else ""
    return f"{name:34} {wall:7.2f} s {peak / 1e6:6.0f} MB  {moved}  {spelled}"


def measured(server: S3Server | None, name: str, *words: str) -> str:
    """Run a command, print what it took; its output."""
    since = len(server.exchanges) if server else 0
    wall, peak, text = run([*ASSAY, "--json", *words])
    if server is None:
        print(told(name, wall, peak, None))
    else:
        done = server.exchanges[since:]
        sent, got = sum(e.bytes_in for e in done), sum(e.bytes_out for e in done)
        print(told(name, wall, peak, server.requests(since), sent, got), flush=True)
    return text


def commands(server: S3Server | None, place: list[str], sources: list[str]) -> None:
    measured(server, "init", "init", *place)
    measured(server, "curate", "curate", "desk", *sources, "--workers", "1", *place)
    for name in ("list", "show desk", "head desk", "search refund", "stats desk", "verify --fast", "gc"):
        measured(server, name, *name.split(), *place)
    head = orjson.loads(measured(server, "head desk (again)", "head", "desk", *place))
    example = next(v for v in head["examples"])["id"]
    measured(server, "show ID", "show", example, *place)
    measured(server, "trace ID", "trace", example, *place)


def long_log(server: S3Server | None, place: list[str], entries: int) -> None:
    measured(server, f"list, {entries:,} entries, warm", "list", *place)
    measured(server, f"log, {entries:,} entries, warm", "log", *place)
    if server:
        shutil.rmtree(Path(os.environ["ASSAY_CACHE"]))
        measured(server, f"list, {entries:,} entries, cold", "list", *place)
        measured(server, "show desk, nothing kept yet", "show", "desk", *place)


def notes(registry: assay.Registry, count: int) -> None:
    for number in range(count):
        registry.act("note", None, {"number": number})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 30.0])
    parser.add_argument("--entries", type=int, default=1_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (paths,) = corpora([asked.rows], folder)
        sources = [str(path) for path in paths]
        print(f"folder, {asked.rows:,} rows")
        place = ["--registry", str(folder / "registry")]
        commands(None, place, sources)
        notes(assay.open(folder / "registry"), asked.entries)
        long_log(None, place, asked.entries)
        for latency in asked.latency:
            print(f"object store, {asked.rows:,} rows, {latency:g} ms before each answer")
            with S3Server() as server:
                near = str(folder / f"near-{latency}")
                os.environ.update(
                    AWS_ENDPOINT_URL=server.url, AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s",
                    AWS_REGION="us-east-1", ASSAY_CACHE=near,
                )  # fmt: skip

                def slow(call: S3Call, seconds: float = latency / 1000) -> None:
                    time.sleep(seconds)

                server.faults = slow
                place = ["--registry", ADDRESS]
                commands(server, place, sources)
                server.faults = no_s3_faults
                notes(assay.open(ADDRESS, options=server.options, cache=near), asked.entries)
                server.faults = slow
                long_log(server, place, asked.entries)


if __name__ == "__main__":
    main()
