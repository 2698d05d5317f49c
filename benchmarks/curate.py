"""Rows per second, peak memory and phases of `assay curate`, as a whole process.

    python benchmarks/curate.py [--rows 50000 200000] [--workers 1 2] [--corpus FILE …]

Without --corpus it curates tickets of the help-desk generator in examples/helpdesk, so that anybody can
repeat it. With --corpus it takes the files given (JSONL, {"input", "output"}). Every run is a fresh process
and a fresh registry; peak memory is the largest sum of resident memory over the process and its workers,
looked at every 50 ms.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
PAGE = 4096


def resident(pid: int) -> int:
    """Resident bytes of a process and its descendants; 0 where /proc does not tell."""
    total, todo = 0, [pid]
    while todo:
        current = todo.pop()
        try:
            total += int(Path(f"/proc/{current}/statm").read_text().split()[1]) * PAGE
            for task in Path(f"/proc/{current}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except (OSError, ValueError):
            continue
    return total


def run(command: list[str]) -> tuple[float, int, str]:
    """Wall seconds, peak bytes and standard output of a command."""
    began, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(0.05)
        wall = time.perf_counter() - began
        out.seek(0)
        text = out.read()
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}: {text}")
    return wall, peak, text


def corpora(rows: list[int], folder: Path) -> list[list[Path]]:
    out = []
    for count in rows:
        target = folder / f"helpdesk-{count}"
        generate = REPO / "examples" / "helpdesk" / "generate.py"
        subprocess.run(
            [sys.executable, str(generate), str(target), "--rows", str(count)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        out.append(sorted(target.glob("tickets-*.jsonl")))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="*", default=[50_000, 200_000])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--corpus", type=Path, nargs="*", default=[])
    parser.add_argument("--recipe", default="default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        groups = [[path] for path in arguments.corpus] or corpora(arguments.rows, folder)
        print(
            f"{'rows':>9} {'MB':>6} {'workers':>7} {'wall s':>7} {'rows/s':>8} {'peak MB':>8} {'kept':>9}  phases"
        )
        for files in groups:
            for workers in arguments.workers:
                registry = folder / "registry"
                assay = [sys.executable, "-m", "assay.cli.main", "--registry", str(registry)]
                subprocess.run([*assay, "init"], check=True, stdout=subprocess.DEVNULL)
                wall, peak, text = run(
                    [
                        *assay,
                        "curate",
                        "bench",
                        *map(str, files),
                        "--workers",
                        str(workers),
                        "--recipe",
                        arguments.recipe,
                        "--json",
                    ]
                )
                answer = json.loads(text)
                size = sum(path.stat().st_size for path in files) / 1e6
                phases = " ".join(f"{name}={seconds:.1f}" for name, seconds in answer["phases"].items())
                print(
                    f"{answer['read']:>9,} {size:>6.0f} {workers:>7} {wall:>7.1f} {answer['read'] / wall:>8,.0f}"
                    f" {peak / 1e6:>8.0f} {answer['kept']:>9,}  {phases}",
                    flush=True,
                )
                shutil.rmtree(registry)


if __name__ == "__main__":
    main()
