"""Statistics for pages: what is kept at once, small versions at once too, large ones in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from threading import Lock
from typing import Any, Final, Literal

from assay.registry import Registry
from assay.registry.kept_statistics import kept, told
from assay.registry.version import Version

State = Literal["known", "unknown", "running", "failed"]
AT_ONCE: Final = 3_000
"""Rows of a version that is measured while its page is made: a tenth of a second."""
IN_TURN: Final = 60_000
"""Rows of a version that is measured while somebody waits for its figures; of more, a process measures."""

_running: dict[str, subprocess.Popen[bytes]] = {}
_lock = Lock()


def figures(registry: Registry, version: Version, *, wanted: bool) -> tuple[State, dict[str, Any] | None]:
    """The statistics of a whole version; `wanted`: make them when nothing kept them.

    A process is `assay stats REF`, which keeps what it found; one runs at a time, and the others wait their turn.
    """
    manifest = version.manifest
    found = kept(registry, manifest)
    if found is not None:
        return "known", found
    rows = sum(manifest.counts.values())
    if rows <= AT_ONCE or (wanted and (rows <= IN_TURN or registry.root is None)):
        return "known", told(registry, manifest, registry.stats(manifest.ref))
    return (_begun(registry, manifest.ref), None) if wanted else ("unknown", None)


def _begun(registry: Registry, ref: str) -> State:
    key = f"{registry.root}\n{ref}"
    with _lock:
        for name, process in list(_running.items()):
            code = process.poll()
            if code is not None:
                del _running[name]
                if code and name == key:
                    return "failed"
        if not _running:
            words = ["--registry", str(registry.root), "stats", ref, "--json"]
            _running[key] = subprocess.Popen(
                [sys.executable, "-c", "from assay.cli.main import main; main()", *words],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
    return "running"
