"""Statistics of versions, kept once they were made: derived, deletable, never trusted over the log."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from assay import __version__
from assay.registry.yields import yields
from assay.store.erased import forgets

if TYPE_CHECKING:
    from assay.model.version import Manifest
    from assay.registry import Registry
    from assay.registry.measuring import Statistics

KEPT: Final = 500
"""Versions whose statistics stay; what was not used for longest goes first."""
_FORM: Final = 1
_OPENINGS: Final = 8


def folder(registry: Registry) -> Path | None:
    """Where they lie, if the registry is a folder."""
    return None if registry.root is None else registry.root / "cache" / "statistics"


def kept(registry: Registry, manifest: Manifest) -> dict[str, Any] | None:
    """What `keep` kept of a version. None: nothing was, another program made it, an example was forgotten since."""
    path = _path(registry, manifest)
    if path is None:
        return None
    try:
        data: dict[str, Any] = orjson.loads(path.read_bytes())
        os.utime(path)
    except (OSError, ValueError):
        return None
    return data


def told(registry: Registry, manifest: Manifest, found: Statistics) -> dict[str, Any]:
    """The statistics of a whole version as plain values: `health`, `profile` (without samples) and, by source, what
    became of its records (`sources`)."""
    profile = asdict(found.profile)
    del profile["samples"]
    profile["diversity"]["openings"] = profile["diversity"]["openings"][:_OPENINGS]
    for name in ("length", "input", "output"):
        if profile[name] is not None:
            del profile[name]["curve"]
    return {
        "health": [asdict(check) for check in found.health],
        "profile": profile,
        "sources": yields(registry, manifest),
    }


def keep(registry: Registry, manifest: Manifest, found: Statistics) -> dict[str, Any]:
    """Keep the statistics of a whole version; what a full disk does not take is made again when it is asked for."""
    data = told(registry, manifest, found)
    path = _path(registry, manifest)
    if path is not None:
        part = path.with_suffix(f".{os.getpid()}.part")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(orjson.dumps(data))
            part.replace(path)
            _trim(path.parent, KEPT)
        if _path(registry, manifest) != path:
            drop(registry)  # Somebody forgot an example meanwhile, which the openings may quote.
    return data


def drop(registry: Registry) -> None:
    """Delete all that was kept: an example is forgotten, and figures quote texts."""
    if (here := folder(registry)) is not None:
        _trim(here, 0)


def _trim(here: Path, most: int) -> None:
    with suppress(OSError):
        files = sorted(here.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[most:]:
            path.unlink(missing_ok=True)


def _path(registry: Registry, manifest: Manifest) -> Path | None:
    here = folder(registry)
    if here is None:
        return None
    gone = len(forgets(registry.store.everything()))
    key = f"{_FORM}\n{__version__}\n{manifest.fingerprint}\n{manifest.name}\n{gone}"
    return here / (hashlib.sha256(key.encode()).hexdigest() + ".json")


def worst_of(found: Mapping[str, Any]) -> str:
    """The worst verdict of kept statistics: warning, watch, healthy; `unknown` only when all of them are."""
    verdicts = {check["verdict"] for check in found["health"]}
    return next((one for one in ("warning", "watch", "healthy") if one in verdicts), "unknown")
