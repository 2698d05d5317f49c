"""Pages over a large version, through HTTP: `python benchmarks/explore_web.py REGISTRY REF [--json FILE]`.

A server of its own (uvicorn, one process, mode local), asked over one connection at a time and then by `--clients`
at once. Times are what a client waits; memory is the server's, in 10⁶ bytes.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

SERVE = """
import sys, uvicorn, assay
from assay.web.app import create_app
from assay.web.arenas import few_arenas
from assay.web.settings import Limits, Settings
few_arenas()
root, port, readers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
settings = Settings(readers=readers, limits=Limits(asked=1_000_000))
app = create_app(lambda: assay.open(root, actor="bench"), settings)
uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
"""
PAGES = {
    "explore, no query": ("examples", {}),
    "a facet": ("examples", {"q": "language:en"}),
    "a rare word": ("examples", {"q": "photosynthesis"}),
    "a facet and a rare word": ("examples", {"q": "language:en photosynthesis"}),
    "a facet and a frequent word": ("examples", {"q": "language:en the"}),
    "a facet and two Chinese characters": ("examples", {"q": "length:16..256 退款"}),
    "a facet and a word, by length": ("examples", {"q": "language:en water", "sort": "-length"}),
    "nothing found, what is found without a part": (
        "examples",
        {"q": "language:zh photosynthesis turns:9.."},
    ),
    "ledger": ("rejected", {}),
    "ledger, a sample": ("rejected", {"sort": "sample", "seed": "7"}),
}


def memory(pid: int) -> tuple[float, float]:
    """Resident now and at its most."""
    told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(told["VmRSS"].split()[0]) / 1e3 * 1.024, int(told["VmHWM"].split()[0]) / 1e3 * 1.024


def ask(address: str) -> float:
    started = time.perf_counter()
    with urllib.request.urlopen(address, timeout=300) as answer:
        answer.read()
    return (time.perf_counter() - started) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("registry")
    parser.add_argument("ref")
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--clients", type=int, default=20, help="at once, in the end")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--json", type=Path)
    told = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-c", SERVE, told.registry, str(port), str(told.readers)])
    root = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                ask(f"{root}/")
                break
            except OSError:
                time.sleep(0.2)
        out: dict[str, object] = {"readers": told.readers, "started_mb": memory(server.pid)}
        addresses = {n: f"{root}/d/{told.ref}/{at}?{urlencode(q)}" for n, (at, q) in PAGES.items()}
        out["first_page_ms"] = ask(addresses["explore, no query"])
        out["one_reader_mb"] = memory(server.pid)
        with ThreadPoolExecutor(told.readers) as clients:
            started = time.perf_counter()
            list(clients.map(ask, [addresses["a facet"]] * told.readers * 2))
            out["all_readers_warm_s"] = time.perf_counter() - started
            out["all_readers_mb"] = memory(server.pid)
            pages = {}
            for name, address in addresses.items():
                first = ask(address)
                times = sorted(ask(address) for _ in range(told.calls))
                pages[name] = {
                    "first": first,
                    "median": statistics.median(times),
                    "p95": times[int(0.95 * len(times))],
                }
                print(
                    f"{name:50} first {first:7.0f}  median {statistics.median(times):5.0f} ms",
                    file=sys.stderr,
                )
            out["pages"] = pages
            out["pages_mb"] = memory(server.pid)
        with ThreadPoolExecutor(told.clients) as clients:
            started = time.perf_counter()
            times = sorted(clients.map(ask, [a for _ in range(told.calls) for a in addresses.values()]))
            out["together"] = {
                "clients": told.clients, "median": statistics.median(times), "p95": times[int(0.95 * len(times))],
                "per_second": len(times) / (time.perf_counter() - started),
            }  # fmt: skip
        out["end_mb"] = memory(server.pid)
        text = json.dumps(out, indent=1)
        print(text)
        if told.json:
            told.json.write_text(text)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
