"""What takes long for a page: what is kept at once, small things at once too, large ones in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, Final, Literal

from assay.registry import Registry
from assay.registry.kept_statistics import kept, told
from assay.registry.version import Version

State = Literal["known", "unknown", "running", "failed"]
AT_ONCE: Final = 3_000
"""Rows of a version that is measured while its page is made: a tenth of a second."""
IN_TURN: Final = 60_000
"""Rows of a version that is measured while somebody waits for its figures; of more, a process measures."""
LONGEST: Final = 1_800.0
"""Seconds after which a process is ended."""


@dataclass(frozen=True, slots=True)
class _Begun:
    process: subprocess.Popen[bytes]
    at: float


_running: dict[str, _Begun] = {}
_lock = Lock()


def figures(registry: Registry, version: Version, *, wanted: bool) -> tuple[State, dict[str, Any] | None]:
    """The statistics of a whole version; `wanted`: make them when nothing kept them (`assay stats REF` keeps them)."""
    manifest = version.manifest
    found = kept(registry, manifest)
    if found is not None:
        return "known", found
    rows = sum(manifest.counts.values())
    if rows <= AT_ONCE or (wanted and (rows <= IN_TURN or registry.root is None)):
        made = registry.stats(manifest.ref)
        return "known", kept(registry, manifest) or told(registry, manifest, made)
    return (begun(registry, ["stats", manifest.ref]), None) if wanted else ("unknown", None)


def begun(registry: Registry, words: Sequence[str]) -> State:
    """Begin a command that keeps its answer, unless it runs; one runs at a time, and the others wait their turn."""
    key = "\n".join([str(registry.root), *words])
    with _lock:
        for name, one in list(_running.items()):
            code = one.process.poll()
            if code is None and monotonic() - one.at > LONGEST:
                one.process.kill()
                code = one.process.wait()
            if code is not None:
                del _running[name]
                if code and name == key:
                    return "failed"
        if not _running:
            command = ["--registry", str(registry.root), "--json", *words]
            process = subprocess.Popen(  # noqa: S603 - this program, with words of ours and names that were looked up
                [sys.executable, "-c", "from assay.cli.main import main; main()", *command],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            _running[key] = _Begun(process, monotonic())
    return "running"
