"""How long the web application takes for a page of a large registry, and how much memory it takes.

    python benchmarks/web_pages.py REGISTRY [DATASET]

Starts `assay serve`, asks for each page once to warm it, then 20 times, and prints the median, the slowest, and the
memory of the server (MB, resident, at its highest).
"""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import assay

TIMES = 20


def main() -> None:
    root = sys.argv[1]
    registry = assay.open(root)
    dataset = sys.argv[2] if len(sys.argv) > 2 else registry.datasets()[0].name
    version = registry.version(dataset)
    example = next(iter(version)).name
    pages = {
        "home": "/",
        "dataset": f"/d/{dataset}/versions",
        "version": f"/d/{version.name}",
        "example": f"/d/{version.name}/examples/{example}",
        "search": f"/search?q={example[:12]}",
    }
    if version.manifest.number > 1:
        pages["diff"] = f"/d/{dataset}/diff/v{version.manifest.number - 1}..v{version.manifest.number}"
    print(f"{version.name}: {len(version):,} rows; {TIMES} requests a page, after a first one")
    del registry, version
    port = _free()
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from assay.cli.main import main; main()",
            "--registry",
            root,
            "serve",
            "--port",
            str(port),
        ]
    )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(base)
        for name, path in pages.items():
            first, times = _ask(base + path), sorted(_ask(base + path) for _ in range(TIMES))
            print(
                f"{name:8} median {1000 * statistics.median(times):6.0f} ms   slowest {1000 * times[-1]:6.0f} ms"
                f"   first {1000 * first:6.0f} ms   {_memory(server.pid, 'VmRSS'):5.0f} MB"
            )
        print(json.dumps({"server_mb_highest": round(_memory(server.pid, "VmHWM"))}))
    finally:
        server.terminate()
        server.wait()


def _ask(url: str) -> float:
    start = time.perf_counter()
    with urllib.request.urlopen(url, timeout=120) as answer:
        answer.read()
    return time.perf_counter() - start


def _wait(base: str) -> None:
    for _ in range(200):
        try:
            _ask(base + "/login")
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _memory(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
