"""registry.load: a version as Hugging Face datasets that lie in memory-mapped files of the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa

from assay.errors import MissingExtra, Revoked, UsageError
from assay.formats.export import whole_file
from assay.formats.hub import PROVENANCE, HubRow, hub_schema, hub_splits, hub_tables, place_of
from assay.registry.export.hub import batches
from assay.registry.export.placing import placed
from assay.registry.export.row_types import RowTypes, look
from assay.registry.version import Version

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from assay.registry import Registry

SCHEME: Final = 1
"""Another one when the same version would give other files."""
BATCH_ROWS: Final = 1_000
"""Rows of a record batch: what is decoded to look one row up."""
INDEX: Final = "index.json"


def library() -> Any:
    """The package `datasets`. Raises MissingExtra when it is not there, or too old for JSON columns."""
    try:
        import datasets
    except ImportError:
        raise MissingExtra(
            "this needs Hugging Face datasets, which is not installed", "pip install 'assay-data[hf]'"
        ) from None
    if not hasattr(datasets, "Json"):
        raise MissingExtra(
            f"datasets {datasets.__version__} knows no JSON columns",
            "pip install 'assay-data[hf]': 4.8 or newer",
        )
    return datasets


def load(
    registry: Registry, ref: str, force: bool = False, reason: str = "", folder: Path | None = None
) -> DatasetDict | Dataset:
    """See `Registry.load`."""
    datasets = library()
    version = _admitted(registry, ref, force, reason)
    parent = folder if registry.root is None else registry.root / "cache" / "hf"
    if parent is None:
        raise UsageError(
            "this registry is no folder, and has no place for files", "name one: load(ref, folder=…)"
        )
    whole = version.whole()

    def fill(into: Path) -> None:
        _write(whole, look(registry, whole), into)

    root = placed(registry, parent / version.manifest.name.removesuffix(".json"), str(SCHEME), fill)
    marks = orjson.loads((root / INDEX).read_bytes())
    spelled = hub_splits(whole.counts)
    made = {
        spelled[split]: _dataset(datasets, whole, split, spelled[split], root, marks[split])
        for split in version.counts
    }
    return next(iter(made.values())) if version.name != version.manifest.ref else datasets.DatasetDict(made)


def drop_loaded(registry: Registry) -> None:
    """Delete the files of all versions, and with them what `map` and its like kept beside them."""
    if registry.root is not None:
        rmtree(registry.root / "cache" / "hf", ignore_errors=True)


def _admitted(registry: Registry, ref: str, force: bool, reason: str) -> Version:
    """The version, if models may learn from it. Raises NotFound, Revoked, NotForTraining."""
    ask = getattr(registry.runs, "admit", None)
    if ask is not None:
        try:
            found: Version = ask(ref, force=force, reason=reason)
            return found
        except Revoked:
            if not force:
                raise
    version = registry.version(ref, force=force)
    version.admit()
    return version


def _write(version: Version, found: RowTypes, into: Path) -> None:
    """A stream of record batches a split, and what is told of them."""
    marks = {}
    for number, split in enumerate(version.counts):
        told = _Told()
        with (
            whole_file(into / f"{number}.arrow") as file,
            pa.ipc.new_stream(file, hub_schema(found.columns)) as out,
        ):
            for table in hub_tables(_small(told.over(batches(version, split))), found.columns):
                out.write_table(table)
        marks[split] = {"file": f"{number}.arrow", "rows": told.rows, "mark": told.mark}
    (into / INDEX).write_bytes(orjson.dumps(marks))


def _small(rows: Iterable[list[HubRow]]) -> Iterator[list[HubRow]]:
    for batch in rows:
        for start in range(0, len(batch), BATCH_ROWS):
            yield batch[start : start + BATCH_ROWS]


class _Told:
    """Counts rows, and sums digests of what they say beside their payloads, so that their order does not count."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0
        self._said = False

    def over(self, source: Iterable[list[HubRow]]) -> Iterator[list[HubRow]]:
        for batch in source:
            for row in batch:
                known = [row.provenance.get(name) for name in PROVENANCE]
                self._said |= row.extra is not None or any(one is not None for one in known)
                digest = hashlib.sha256(orjson.dumps([row.id, known, row.extra])).digest()
                self._sum = (self._sum + int.from_bytes(digest[:8])) % (1 << 64)
            self.rows += len(batch)
            yield batch

    @property
    def mark(self) -> str:
        """Equal where equal rows say equal things; empty where they say nothing but their payloads."""
        return f"{self._sum:016x}"[:8] if self._said else ""


def _dataset(datasets: Any, version: Version, split: str, spelled: str, root: Path, told: Any) -> Dataset:
    manifest = version.manifest
    info = datasets.DatasetInfo(
        description=f"{manifest.ref}, split {split}: fingerprint {version.fingerprint}",
        homepage=place_of(manifest.ref, split, version.fingerprint),
        version=f"{manifest.number}.0.0",
        dataset_name=manifest.dataset,
        builder_name="assay",
        config_name="default",
    )
    made: Dataset = datasets.Dataset.from_file(
        str(root / told["file"]), info=info, split=datasets.NamedSplit(spelled)
    )
    made._fingerprint = cache_key(
        version.fingerprint, spelled, manifest.counts[split] - told["rows"], told["mark"]
    )
    return made


def cache_key(fingerprint: str, split: str, forgotten: int, mark: str) -> str:
    """What `datasets` keys its cache by, at most 64 characters: 16 digits of the version's fingerprint, the split,
    how many rows were forgotten, and what tells equal payloads with another provenance apart."""
    more = [f"less{forgotten}"] if forgotten else []
    if not split.isascii() or len(split) > 20:
        split = hashlib.sha256(split.encode()).hexdigest()[:16]
    return "-".join([fingerprint.removeprefix("sha256:")[:16], split, *more, *([mark] if mark else [])])
