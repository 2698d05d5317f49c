"""Maps that were made, in the registry's cache: derived, deletable, never trusted over the log."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from assay.measure.map.fitting import read_fit
from assay.measure.map.terms import Common
from assay.registry.mapping.values import Cluster, VersionMap
from assay.store.erased import forgets
from assay.store.values import FileValues

if TYPE_CHECKING:
    from assay.registry import Registry

SCHEME: Final = "assay.map.v1"
"""Changes when the same version and parameters would give another map."""
LIMIT: Final = 1 << 30
"""Bytes of maps that are kept; what was not used for longest goes first."""


def name_of(about: Mapping[str, Any]) -> str:
    """The name of what is remembered under some JSON values."""
    told = orjson.dumps({"scheme": SCHEME, **about}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(told).hexdigest()


def files_of(registry: Registry) -> FileValues | None:
    """Where maps lie: `cache/maps`, if the registry is a folder."""
    return None if registry.root is None else FileValues(registry.root / "cache" / "maps")


class MapStore:
    """Maps by name. A registry that is no folder remembers none."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._files = files_of(registry)
        self._forgotten = len(forgets(registry.store.everything()))

    def get(self, name: str) -> VersionMap | None:
        """The map under a name; what is damaged counts as missing."""
        held = self.columns(name)
        if held is None:
            return None
        try:
            told = orjson.loads(held["about"].tobytes())
            clusters = tuple(
                Cluster(**{**one, **{k: tuple(one[k]) for k in ("terms", "typical", "border")}})
                for one in told.pop("clusters")
            )
            common = Common(told.pop("texts"), told.pop("holding"))
            return VersionMap(
                **told, x=held["x"], y=held["y"], cluster=held["cluster"], clusters=clusters, common=common,
                fit=read_fit(held),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError):
            return None

    def put(self, name: str, made: VersionMap) -> None:
        """Remember a map."""
        told = {
            "version": made.version, "fingerprint": made.fingerprint, "embedder": made.embedder,
            "lexical": made.lexical,
            "layout": made.layout, "like": made.like, "texts": made.common.texts, "holding": dict(made.common.holding),
            "clusters": [
                {
                    "number": c.number, "rows": c.rows, "share": c.share, "terms": c.terms, "x": c.x, "y": c.y,
                    "typical": c.typical, "border": c.border,
                }
                for c in made.clusters
            ],
        }  # fmt: skip
        about = np.frombuffer(orjson.dumps(told), np.uint8)
        self.keep(
            name, {"x": made.x, "y": made.y, "cluster": made.cluster, "about": about, **made.fit.columns()}
        )

    def columns(self, name: str) -> dict[str, npt.NDArray[Any]] | None:
        """Columns under a name, or None."""
        return None if self._files is None else self._files.get(name)

    def keep(self, name: str, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Remember columns, unless something was forgotten while they were made: they may quote it."""
        if self._files is None:
            return
        self._files.put(name, columns)
        self._files.trim(LIMIT)
        if len(forgets(self._registry.store.everything())) != self._forgotten:
            self._files.trim(0)


def drop_maps(registry: Registry) -> None:
    """Forget all maps: their clusters' terms are words of examples."""
    files = files_of(registry)
    if files is not None:
        files.trim(0)
