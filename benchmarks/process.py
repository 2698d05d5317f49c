"""Wall seconds, CPU seconds and peak memory of a command and everything that it starts."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

INTERVAL = 0.1  # seconds between two looks at the memory


class Failed(Exception):
    """A command ended with something else than 0, or passed its limit."""


class Run(NamedTuple):
    wall: float
    cpu: float
    peak: float  # megabytes (1e6 bytes)
    load_before: float  # 1-minute load average
    load_after: float
    said: str  # the last line of standard output


def measure(command: list[str], limit: float = 3600.0) -> Run:
    """Run a command to its end; Failed, with the last it said, if it fails or passes the limit (seconds).

    Peak is the larger of the biggest single process, as the kernel counted it, and the sum over the process and its
    descendants of their proportional share of memory (pages shared by k processes count 1/k for each), looked at
    every 100 ms. Where there is no /proc it is the former alone.
    """
    load = os.getloadavg()[0]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+") as err:
        began, peak = time.perf_counter(), 0
        process = subprocess.Popen(command, stdout=out, stderr=err)
        overdue = threading.Timer(limit, process.kill)
        overdue.start()
        while True:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            peak = max(peak, proportional(process.pid))
            time.sleep(INTERVAL if time.perf_counter() - began > 1 else INTERVAL / 10)
        wall = time.perf_counter() - began
        overdue.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said = out.read().strip().splitlines()
        if process.returncode:
            last = "\n".join([*said[-1:], err.read()[-2000:]])
            raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n{last}")
    largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Run(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=max(peak, largest) / 1e6,
        load_before=load,
        load_after=os.getloadavg()[0],
        said=said[-1] if said else "",
    )


def proportional(root: int, alone: bool = False) -> int:
    """Bytes: the proportional set sizes of a process and, but for `alone`, its descendants; 0 where /proc does not
    tell."""
    total, todo = 0, [root]
    while todo:
        current = todo.pop()
        try:
            for task in () if alone else Path(f"/proc/{current}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
            for line in Path(f"/proc/{current}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except (OSError, ValueError):
            continue  # it ended while being looked at
    return total
