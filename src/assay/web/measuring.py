"""What takes long for a page: what is kept at once, small things at once too, large ones in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, Final, Literal

from pydantic import BaseModel

from assay.model.version import Manifest, SegmentRef
from assay.registry import Registry
from assay.registry.exploring.segment_columns import unprepared
from assay.registry.monitor.kept_quality import drift_told, styles_told, trend_told
from assay.registry.monitor.kept_statistics import kept, told
from assay.registry.training.effects import Options
from assay.registry.training.kept_effects import told as effect_told
from assay.registry.version import Version
from assay.web.jobs.outliving import Outliving

State = Literal["known", "unknown", "running", "failed"]
Answer = tuple[State, dict[str, Any] | None]
AT_ONCE: Final = 3_000
"""Rows of a version that is measured while its page is made: a tenth of a second."""
IN_TURN: Final = 60_000
"""Rows of a version that is measured while somebody waits for its figures; of more, a process measures."""
WORDS_IN_TURN: Final = 2_000
"""Rows whose words are indexed while somebody waits, half a second; of more, a process indexes them."""
COLUMNS_IN_TURN: Final = 20_000
"""Rows whose columns are taken down while somebody waits, half a second too."""
LONGEST: Final = 1_800.0
"""Seconds after which a process is ended."""


@dataclass(frozen=True, slots=True)
class _Begun:
    process: Outliving
    at: float


_running: dict[str, _Begun] = {}
_lock = Lock()


def figures(registry: Registry, version: Version, *, wanted: bool) -> Answer:
    """The statistics of a whole version; `wanted`: make them when nothing kept them (`assay stats REF` keeps them)."""
    manifest = version.manifest
    return _answer(
        registry, sum(manifest.counts.values()), ["stats", manifest.ref], wanted=wanted,
        known=lambda: kept(registry, manifest),
        made=lambda: told(registry, manifest, registry.stats(manifest.ref)),
    )  # fmt: skip


def drift(registry: Registry, a: Version, b: Version, *, wanted: bool) -> Answer:
    """What drifted between two versions; `wanted`: compare them when nothing kept it (`assay drift A B` keeps it)."""
    quality = registry.quality
    return _answer(
        registry, len(a) + len(b), ["drift", a.name, b.name], wanted=wanted,
        known=lambda: quality.known_drift(a.name, b.name),
        made=lambda: drift_told(quality.drift(a.name, b.name)),
    )  # fmt: skip


def effect(registry: Registry, a: Version, b: Version, options: Options, words: Sequence[str]) -> Answer:
    """What runs on one version scored beyond those on another; `assay compare` with these words keeps it."""
    effects = registry.effects
    return _answer(
        registry, len(a) + len(b), ["compare", a.name, b.name, *words], wanted=True,
        known=lambda: effects.known(a.name, b.name, options),
        made=lambda: effect_told(effects.compare(a.name, b.name, options)),
    )  # fmt: skip


def trend(registry: Registry, name: str, rows: int, *, wanted: bool) -> Answer:
    """The trend of a line, `rows` of which have to be looked at; `assay trend NAME` keeps it."""
    quality = registry.quality
    return _answer(
        registry, rows, ["trend", name], wanted=wanted,
        known=lambda: quality.known_trend(name), made=lambda: trend_told(quality.trend(name)),
    )  # fmt: skip


def styles(registry: Registry, version: Version, *, wanted: bool) -> Answer:
    """How the generators of a version write; `assay stats REF --styles` keeps it."""
    quality = registry.quality
    return _answer(
        registry, len(version), ["stats", version.name, "--styles"], wanted=wanted,
        known=lambda: quality.known_styles(version.name),
        made=lambda: styles_told(quality.styles(version.name)),
    )  # fmt: skip


def _answer(
    registry: Registry, rows: int, words: Sequence[str], *, wanted: bool,
    known: Callable[[], dict[str, Any] | None], made: Callable[[], dict[str, Any]],
) -> Answer:  # fmt: skip
    """What is kept; else, of few rows, what is made now; else a process makes and keeps it, where it is `wanted`."""
    found = known()
    if found is not None:
        return "known", found
    if rows <= AT_ONCE or (wanted and (rows <= IN_TURN or registry.root is None)):
        fresh = made()
        return "known", known() or fresh
    return (begun(registry, words), None) if wanted else ("unknown", None)


class Wait(BaseModel):
    """What a first look has to wait for: `columns` or `words` of so many `rows` more."""

    what: Literal["columns", "words"]
    rows: int


def looked_into(registry: Registry, manifest: Manifest, words: bool) -> Wait | None:
    """What is still to be made before the rows of a version can be looked for, by `words` or without; a process is
    making it then. None: they can be looked for now."""
    segments = segments_of(manifest)
    if registry.root is None:
        return None
    left = unprepared(registry, segments)
    if left > COLUMNS_IN_TURN:
        begun(registry, ["find", manifest.ref, "--limit", "1"])
        return Wait(what="columns", rows=left)
    return indexed(registry, segments, ["find", manifest.ref, "a", "--limit", "1"]) if words else None


def indexed(registry: Registry, segments: Collection[SegmentRef], words: Sequence[str]) -> Wait | None:
    """Which words of some segments are still to be indexed, which the command `words` does; a process has begun it.
    None: few enough to be indexed now."""
    left = registry.index().unsearched({one.object for one in segments})
    if left <= WORDS_IN_TURN or registry.root is None:
        return None
    begun(registry, words)
    return Wait(what="words", rows=left)


def segments_of(manifest: Manifest) -> set[SegmentRef]:
    """The segments that a version's rows lie in."""
    return {part.segment for parts in manifest.splits.values() for part in parts}


def begun(registry: Registry, words: Sequence[str]) -> State:
    """Begin a command that keeps its answer, unless it runs; one runs at a time, and the others wait their turn."""
    key = "\n".join([*registry.reached, *words])
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
            command = [*registry.reached, "--json", *words]
            process = Outliving(
                [sys.executable, "-c", "from assay.cli.main import main; main()", *command],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            _running[key] = _Begun(process, monotonic())
    return "running"
