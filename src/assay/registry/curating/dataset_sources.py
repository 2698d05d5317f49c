"""What somebody calls a dataset, as sources of a curation: files, folders, datasets in memory, datasets of the Hub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from assay.errors import BadInput, NotFound, UsageError
from assay.formats.dataset_folder import dataset_files
from assay.formats.export import whole_file
from assay.formats.hub import PLACE, split_of_place
from assay.model.recipe import TRAIN

HUB: Final = "hf:"
_ROWS: Final = 1_000


@dataclass
class DatasetSources:
    """Paths to read, the test split's apart; path → split and path → name, where these are known; how rows are built,
    where it need not be found out."""

    paths: list[str] = field(default_factory=list)
    eval_paths: list[str] = field(default_factory=list)
    splits: dict[str, str] = field(default_factory=dict)
    uris: dict[str, str] = field(default_factory=dict)
    shapes: set[str | None] = field(default_factory=set)

    @property
    def shape(self) -> str | None:
        """The one shape of all sources, None to find out."""
        return next(iter(self.shapes)) if len(self.shapes) == 1 else None

    def add(self, path: Path, split: str | None, uri: str | None = None, shape: str | None = None) -> None:
        name = str(path)
        if split is not None:
            self.splits[name] = split
        if uri is not None:
            self.uris[name] = uri
        self.shapes.add(shape)
        (self.eval_paths if split == "test" else self.paths).append(name)

    def ordered(self) -> DatasetSources:
        """The same with rows of train last: of two equal rows in two splits the one that is not train stays."""
        self.paths.sort(key=lambda path: self.splits.get(path) in (None, TRAIN))
        return self


def dataset_sources(what: Any, scratch: Path) -> DatasetSources:
    """What `what` is read from: the path of a file or folder, `hf:ORG/NAME[@REVISION]`, a Dataset, or several by split.

    Rows that lie in no file of their own are put into Arrow files in `scratch`, batch by batch. Raises NotFound,
    BadInput, UsageError, MissingExtra.
    """
    found = DatasetSources()
    if isinstance(what, (str, Path)):
        if not str(what).startswith(HUB):
            return _of_path(Path(what), found)
        return _of_splits(_from_hub(str(what)), str(what), scratch, found)
    if isinstance(what, Mapping):
        return _of_splits(what, "dataset", scratch, found)
    if not hasattr(what, "with_format") or not hasattr(what, "info"):
        raise UsageError(
            f"a {type(what).__name__} is no dataset",
            "hand in a path, hf:ORG/NAME, a Dataset or a DatasetDict",
        )
    split = str(what.split) if what.split is not None else None
    return _of_splits({split or TRAIN: what}, "dataset", scratch, found)


def _of_path(path: Path, found: DatasetSources) -> DatasetSources:
    if not path.exists():
        raise NotFound(f"{path} does not exist", "check the path; a dataset of the Hub is hf:ORG/NAME")
    for split, file in dataset_files(path) if path.is_dir() else [(None, path)]:
        found.add(file, split)
    return found.ordered()


def _from_hub(name: str) -> Mapping[str, Any]:
    """A dataset of the Hub, by the settings of whoever runs this. Raises BadInput with what the library said."""
    from assay.registry.export.as_datasets import library

    repository, _, revision = name.removeprefix(HUB).partition("@")
    datasets = library()
    try:
        loaded = datasets.load_dataset(repository, revision=revision or None)
    except Exception as error:
        said = (str(error).splitlines() or [""])[0][:300]
        raise BadInput(
            f"{name} cannot be loaded: {type(error).__name__}: {said}", "try datasets.load_dataset by itself"
        ) from None
    return loaded if isinstance(loaded, Mapping) else {TRAIN: loaded}


def _of_splits(given: Mapping[Any, Any], name: str, scratch: Path, found: DatasetSources) -> DatasetSources:
    if not given:
        raise UsageError("a DatasetDict without a split holds no rows", "hand in at least one split")
    for number, (key, dataset) in enumerate(given.items()):
        if not hasattr(dataset, "with_format"):
            raise UsageError(
                f"split {str(key)[:80]!r} is a {type(dataset).__name__}, no dataset", "see docs/formats.md"
            )
        place = str(getattr(dataset.info, "homepage", "") or "")
        ours = place.startswith(PLACE) and "\n" not in place
        split = split_of_place(place, str(key))
        path = scratch / f"split-{number}.arrow"
        _spool(dataset, path)
        uri = f"{place.partition('#')[0].rpartition(':')[0]}:{split}" if ours else f"{name}:{split}"
        columns = dataset.column_names or ()
        found.add(path, split, uri, "exported" if ours and "id" in columns else None)
    return found.ordered()


def _spool(dataset: Any, path: Path) -> None:
    """All rows as an Arrow stream, with at most some batches of them in memory."""
    tables: Iterator[pa.Table] = dataset.with_format("arrow").iter(_ROWS)
    with whole_file(path) as file:
        schema: pa.Schema = None
        out: Any = None
        try:
            for table in _tables(tables):
                if out is None:
                    schema = table.schema
                    out = pa.ipc.new_stream(file, schema)
                out.write_table(table.cast(schema))
        except (pa.ArrowException, TypeError, ValueError) as error:
            said = (str(error).splitlines() or [""])[0][:300]
            raise BadInput(
                f"rows of the dataset cannot be read: {said}", "save it and name the folder"
            ) from None
        finally:
            if out is not None:
                out.close()
        if out is None:
            features = getattr(dataset, "features", None)
            schema = features.arrow_schema if features is not None else pa.schema([])
            pa.ipc.new_stream(file, schema).close()


def _tables(tables: Iterable[Any]) -> Iterator[pa.Table]:
    for table in tables:
        yield table if isinstance(table, pa.Table) else pa.Table.from_batches([table])
