"""MLflow's plug-ins: `mlflow.data.from_assay("helpdesk@v2", registry=…)`, and sources `assay://…` that load.

MLflow imports this file by its entry points, and looks at annotations as values: they are not put off here.
"""

import json
from pathlib import Path
from typing import Any, Self

from mlflow.data.dataset import Dataset
from mlflow.data.dataset_source import DatasetSource

from assay.errors import UsageError
from assay.registry import Registry
from assay.registry.version import Version
from assay.track.mlflow.dataset import SOURCE_TYPE, described
from assay.track.uri import SCHEME, VersionUri


class AssaySource(DatasetSource):  # type: ignore[misc]
    """Where a dataset of MLflow's comes from: a version, or a split of one, by name and fingerprint.

    `registry` is remembered in this process and never written down: which machine has it is nobody's business.
    """

    def __init__(self, named: VersionUri, registry: Registry | None = None) -> None:
        self.named = named
        self._registry = registry

    @property
    def uri(self) -> str:
        """`assay://helpdesk@v2/train?fingerprint=sha256:…`."""
        return str(self.named)

    def load(self, registry: Registry | str | Path | None = None) -> Version:
        """The version with its rows, out of `registry` (or its folder), by default the one that it was made with.

        Raises UsageError when no registry is known, or when the version there has another fingerprint; NotFound,
        Revoked.
        """
        found = self._registry if registry is None else _opened(registry)
        if found is None:
            raise UsageError(f"{self.uri} does not say in which registry it lies", "load(registry=FOLDER)")
        version = found.version(self.named.ref)
        if version.fingerprint != self.named.fingerprint:
            raise UsageError(
                f"{self.named.version} of this registry is not what the run learned from: the fingerprints differ",
                "open the registry that it was loaded from",
            )
        version.admit()
        return version

    def to_dict(self) -> dict[str, Any]:
        return {"uri": self.uri}

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> Self:
        return cls(VersionUri.parse(str(source_dict.get("uri"))))

    @staticmethod
    def _get_source_type() -> str:
        return SOURCE_TYPE

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return isinstance(raw_source, str) and raw_source.startswith(f"{SCHEME}://")

    @classmethod
    def _resolve(cls, raw_source: Any) -> Self:
        return cls(VersionUri.parse(raw_source))


class AssayDataset(Dataset):  # type: ignore[misc]
    """A version, or a split of one, for `mlflow.log_input`. Name and digest are those that the tracker gives it."""

    def __init__(self, source: AssaySource, rows: int, name: str | None = None) -> None:
        self._described = described(source.named, rows)
        super().__init__(source, name or self._described.name, self._described.digest)

    def _compute_digest(self) -> str:
        return self._described.digest

    @property
    def schema(self) -> None:
        """None: rows of a version may be of several kinds, and MLflow's schemas know columns alone."""

    @property
    def profile(self) -> dict[str, int]:
        """`num_rows`."""
        known: dict[str, int] = json.loads(self._described.profile)
        return known

    def to_dict(self) -> dict[str, str]:
        return {**super().to_dict(), "profile": self._described.profile}


def from_assay(
    ref: str, registry: Registry | str | Path, name: str | None = None, digest: str | None = None
) -> AssayDataset:
    """The version, or the split, that `ref` names, as a dataset of MLflow's. `registry`: one, or its folder.

    Raises NotFound; UsageError for a `digest` that is not its own: the fingerprint's first 32 digits.
    """
    opened = _opened(registry)
    version = opened.version(ref)
    split = version.name.partition(":")[2] or None
    named = VersionUri(version.manifest.ref, version.fingerprint, split)
    made = AssayDataset(AssaySource(named, opened), len(version), name)
    if digest not in (None, made.digest):
        raise UsageError(f"the digest of {version.name} is {made.digest}, not {digest!r}", "leave it out")
    return made


def _opened(registry: Registry | str | Path) -> Registry:
    from assay.registry.opening import open

    return registry if isinstance(registry, Registry) else open(registry)
