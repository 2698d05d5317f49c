"""Runs several tools in turn on one corpus, and lays their figures side by side."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import corpus
from process import Failed, Run, measure

MB = 1e6


@dataclass(frozen=True)
class Tool:
    """A command to time; it is given the corpus file and an empty folder for its results, in this order."""

    name: str
    command: tuple[str, ...]
    ours: bool = False
    # Not timed: (folder of results) -> file of removed rows, for tools that keep them in a form of their own.
    removed: Callable[[Path], Path] = lambda out: out / "removed.jsonl"


@dataclass
class Result:
    tool: Tool
    runs: list[Run] = field(default_factory=list)
    failures: int = 0
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def wall(self) -> float:
        return statistics.median(run.wall for run in self.runs) if self.runs else math.inf


def corpora(sizes: Sequence[int], given: Sequence[Path], cache: Path) -> list[Path]:
    """The folders of the corpora given, else of our own of these sizes, written into the cache if need be."""
    if given:
        return list(given)
    sources = sorted(Path(corpus.__file__).parent.glob("corpus*.py"))
    made_by = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    folders = []
    for size in sizes:
        folder, marker = cache / f"corpus-{size}", cache / f"corpus-{size}" / "made-by"
        if not marker.is_file() or marker.read_text("ascii") != made_by:
            corpus.write(folder, size)
            marker.write_text(made_by, "ascii")
        folders.append(folder)
    return folders


def contest(
    tools: Sequence[Tool],
    folder: Path,
    scratch: Path,
    repetitions: int,
    inspect: Callable[[Tool, Path, Run], dict[str, str]],
) -> list[Result]:
    """Time every tool `repetitions` times, interleaved; `inspect` looks at the results of its first good run.

    A run that fails is counted and reported, and has no part in the figures. The order turns by one with every
    round, so that no tool always runs behind the same other.
    """
    results = [Result(tool) for tool in tools]
    for round_ in range(repetitions):
        for result in results[round_ % len(results) :] + results[: round_ % len(results)]:
            out = scratch / "out"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)
            try:
                run = measure([*result.tool.command, str(folder / "corpus.jsonl"), str(out)])
            except Failed as failed:
                result.failures += 1
                print(f"  {folder.name} round {round_ + 1}: {result.tool.name}: {failed}", file=sys.stderr)
                continue
            result.runs.append(run)
            print(
                f"  {folder.name} round {round_ + 1}: {result.tool.name} {run.wall:.2f} s,"
                f" load {run.load_before:.1f} to {run.load_after:.1f}",
                file=sys.stderr,
                flush=True,
            )
            if not result.extra:
                result.extra = inspect(result.tool, out, run)
            shutil.rmtree(out, ignore_errors=True)
    return results


def table(results: Sequence[Result], rows: int) -> str:
    """A Markdown table; the last column is the tool's median wall time over that of our first tool."""
    ours = next((result for result in results if result.tool.ours), results[0])
    extra = list(ours.extra)
    head = [
        "tool",
        "wall s: median (least to most)",
        "CPU s",
        "peak MB",
        "rows/s",
        *extra,
        "load",
        "wall / ours",
    ]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for result in sorted((one for one in results if one.runs), key=lambda one: one.wall):
        walls = [run.wall for run in result.runs]
        loads = [run.load_before for run in result.runs] + [run.load_after for run in result.runs]
        cells = [
            result.tool.name,
            f"{result.wall:.2f} ({min(walls):.2f} to {max(walls):.2f})",
            f"{statistics.median(run.cpu for run in result.runs):.2f}",
            f"{max(run.peak for run in result.runs):,.0f}",
            f"{rows / result.wall:,.0f}",
            *(result.extra.get(name, "–") for name in extra),
            f"{min(loads):.1f} to {max(loads):.1f}",
            f"{result.wall / ours.wall:.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdict(results: Sequence[Result]) -> str:
    """How our tool stands to the fastest peer, by medians of wall and of CPU seconds."""
    ours = next((result for result in results if result.tool.ours), None)
    peers = [result for result in results if not result.tool.ours]
    if not ours or not ours.runs or not any(peer.runs for peer in peers):
        return ""
    fastest = min(peers, key=lambda result: result.wall)
    cpu = [statistics.median(run.cpu for run in result.runs) for result in (fastest, ours)]
    return (
        f"fastest peer: {fastest.tool.name}; {ours.tool.name} is {fastest.wall / ours.wall:.2f} times as fast"
        f" by wall time, {cpu[0] / cpu[1]:.2f} by CPU time (ratios of medians, n = {len(ours.runs)})"
    )


def conditions() -> str:
    """Date, machine and load: what a figure means nothing without."""
    loads = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, {platform.machine()}, {platform.system()},"
        f" Python {platform.python_version()}; load average {loads}"
    )


def lines_of(path: Path) -> int:
    with path.open("rb") as data:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: data.read(1 << 20), b""))


def report(results: Sequence[Result], folder: Path) -> None:
    """Print what is known about one corpus."""
    size = (folder / "corpus.jsonl").stat().st_size / MB
    rows = lines_of(folder / "corpus.jsonl")
    print(f"\n### {folder.name}: {rows:,} rows, {size:,.0f} MB\n\n{conditions()}\n")
    print(table(results, rows))
    for result in results:
        if result.failures:
            runs = result.failures + len(result.runs)
            print(f"\n{result.tool.name}: {result.failures} of {runs} runs failed and are not counted")
    print(f"\n{verdict(results)}", flush=True)


def record(path: Path, folder: Path, results: Sequence[Result]) -> None:
    """Append every single run to a JSONL file."""
    with path.open("a", encoding="utf-8") as out:
        for result in results:
            for number, run in enumerate(result.runs):
                entry = {"corpus": folder.name, "tool": result.tool.name, "run": number, **run._asdict()}
                out.write(json.dumps(entry, ensure_ascii=False) + "\n")
