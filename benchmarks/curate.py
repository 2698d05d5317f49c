"""Rows per second, peak memory and phases of `assay curate`, as a whole process.

    python benchmarks/curate.py [--rows 50000 200000] [--workers 1 2] [--corpus FILE …] [--changes]

Without --corpus it curates tickets of the help-desk generator in examples/helpdesk, so that anybody can
repeat it. With --corpus it takes the files given (JSONL, {"input", "output"}). Every run is a fresh process
and a fresh registry; peak memory is the largest sum of resident memory over the process and its workers,
looked at every 50 ms. With --changes the first run is followed by two more in the same registry: the same files with
near duplicates at 0.85 in place of 0.8, and one per cent of new rows with --add (rows of the corpus, their words in
reverse order).
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path

import yaml

from assay.registry.curating.recipes import load_plan

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


def changed_recipe(recipe: str, folder: Path) -> Path:
    """The recipe with another threshold for near duplicates, as a file."""
    spelled = load_plan(recipe).recipe.as_json()
    for stage in spelled["stages"]:
        if "near_dedup" in stage:
            stage["near_dedup"]["threshold"] = 0.85
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(spelled), encoding="utf-8")
    return path


def new_rows(files: list[Path], folder: Path) -> Path:
    """One row in a hundred, its texts with their words in reverse order."""
    path = folder / "new.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for file in files:
            with file.open("rb") as lines:
                for line in islice(lines, 0, None, 100):
                    with suppress(ValueError, AttributeError):
                        row = {k: " ".join(reversed(v.split())) for k, v in json.loads(line).items()}
                        out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def tell(label: str, workers: int, size: float, wall: float, peak: int, text: str) -> None:
    answer = json.loads(text)
    phases = " ".join(f"{name}={seconds:.1f}" for name, seconds in answer["phases"].items())
    print(
        f"{label:>9} {answer['read']:>9,} {size:>6.0f} {workers:>7} {wall:>7.1f} {answer['read'] / wall:>8,.0f}"
        f" {peak / 1e6:>8.0f} {answer['kept']:>9,}  {phases}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="*", default=[50_000, 200_000])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--corpus", type=Path, nargs="*", default=[])
    parser.add_argument("--recipe", default="default")
    parser.add_argument("--changes", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        groups = [[path] for path in arguments.corpus] or corpora(arguments.rows, folder)
        print(
            f"{'run':>9} {'rows':>9} {'MB':>6} {'workers':>7} {'wall s':>7} {'rows/s':>8} {'peak MB':>8} "
            f"{'kept':>9}  phases"
        )
        for files in groups:
            runs = [("first", files, arguments.recipe, [])]
            if arguments.changes:
                changed = str(changed_recipe(arguments.recipe, folder))
                runs += [
                    ("threshold", files, changed, []),
                    ("--add", [new_rows(files, folder)], changed, ["--add"]),
                ]
            time.sleep(3)  # a source that was written a moment ago is not trusted to stay as it is
            for workers in arguments.workers:
                registry = folder / "registry"
                assay = [sys.executable, "-m", "assay.cli.main", "--registry", str(registry)]
                subprocess.run([*assay, "init"], check=True, stdout=subprocess.DEVNULL)
                for label, sources, recipe, more in runs:
                    options = ["--workers", str(workers), "--recipe", recipe, "--json", *more]
                    measured = run([*assay, "curate", "bench", *map(str, sources), *options])
                    size = sum(path.stat().st_size for path in sources) / 1e6
                    tell(label, workers, size, *measured)
                shutil.rmtree(registry)


if __name__ == "__main__":
    main()
