"""Processes that outlive who started them: who they are, whether they run, and how they are ended."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def born(pid: int) -> str | None:
    """What tells a process from a later one of the same number: when it started; None where it does not run.

    On Linux the boot and the clock ticks since it (proc(5), field 22), elsewhere what `ps` says.
    """
    if (_PROC / "self" / "stat").exists():
        try:
            fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            return None
        if fields[0] in "ZX":  # it has ended, and nobody asked yet how
            return None
        with suppress(OSError):
            boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
            return f"{boot} {fields[19]}"
        return fields[19]
    found = subprocess.run(  # noqa: S603 - a number of ours
        ["/bin/ps", "-o", "lstart=", "-p", str(int(pid))], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


def runs(pid: int, since: str | None) -> bool:
    """Whether that very process runs."""
    return since is not None and born(pid) == since


def tell(pid: int, since: str | None, how: signal.Signals) -> bool:
    """Send a signal to that very process and to those that it started; False where it does not run any more."""
    if not runs(pid, since):
        return False
    with suppress(ProcessLookupError):
        os.killpg(pid, how)
        return True
    return False
