"""Which files a folder of a dataset holds, and of which split each is: a Hugging Face repository, what `save_to_disk`
left, or plain files named after their splits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from assay.errors import BadInput, NotFound
from assay.formats.hub import SPLIT_KEY, hub_splits, split_of_place

SPLITS: Final = frozenset({"train", "test", "validation"})
MOST_FILES: Final = 10_000
_DATA: Final = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".pq", ".arrow")
_PACKED: Final = (".gz", ".gzip", ".zst", ".zstd")
_SHARD: Final = re.compile(r"(.+)-\d{5}-of-\d{5}")
_MOST_BYTES: Final = 4 << 20

Files = list[tuple[str | None, Path]]
"""(split, file); None where the folder does not say the split."""


def dataset_files(folder: Path) -> Files:
    """The data files of a folder in the order of their names. Raises NotFound, BadInput.

    What says the splits is asked in this order: `dataset_dict.json` or `state.json` of `save_to_disk`; the `configs` of
    README.md; the names of the files, if one of them is `train`, `test` or `validation` (`train.jsonl`,
    `data/test-00000-of-00002.parquet`). Files of another place, where links or `..` lead, are refused.
    """
    if (folder / "dataset_dict.json").is_file():
        splits = _json(folder / "dataset_dict.json").get("splits")
        if not isinstance(splits, list):
            raise BadInput(f"{folder / 'dataset_dict.json'} names no splits", "save the dataset again")
        found: Files = [
            (name, path) for name in map(str, splits) for _, path in _saved(_inside(folder, name))
        ]
    elif (folder / "state.json").is_file():
        found = _saved(folder)
    else:
        found = _of_readme(folder) or _by_name(folder)
    if not found:
        raise NotFound(f"{folder} holds no data", f"files that are read: {', '.join(_DATA)}")
    if len(found) > MOST_FILES:
        raise BadInput(f"{folder} holds more than {MOST_FILES:,} files", "name its files in several goes")
    return [(_own_name(split, path), path) for split, path in found]


def _saved(folder: Path) -> Files:
    """The Arrow files of one saved dataset."""
    state = _json(folder / "state.json")
    if state.get("_indices_files") or state.get("_indices_data_files"):
        raise BadInput(
            f"{folder} was saved with indices beside the rows", "flatten_indices() and save it again"
        )
    split, files = state.get("_split"), state.get("_data_files")
    try:
        names = [str(one["filename"]) for one in files or ()]
    except (TypeError, KeyError):
        raise BadInput(f"{folder / 'state.json'} does not name its files", "save the dataset again") from None
    return [(split if isinstance(split, str) else None, _inside(folder, name)) for name in names]


def _saved_place(folder: Path) -> str:
    """Where a saved dataset says that it came from."""
    path = folder / "dataset_info.json"
    place = _json(path).get("homepage") if path.is_file() else None
    return place if isinstance(place, str) else ""


def _of_readme(folder: Path) -> Files:
    """The files that the header of README.md names; none where there is no such header."""
    try:
        text = (folder / "README.md").read_bytes()[:_MOST_BYTES].decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    parts = text.split("---\n", 2)
    if len(parts) < 3 or parts[0]:
        return []
    try:
        header = yaml.safe_load(parts[1])
    except (yaml.YAMLError, RecursionError):
        raise BadInput(
            f"the header of {folder / 'README.md'} is no YAML", "mend it, or name the files"
        ) from None
    configs = header.get("configs") if isinstance(header, dict) else None
    if not isinstance(configs, list) or not all(isinstance(one, dict) for one in configs):
        return []
    named = {str(one.get("config_name", "default")): one.get("data_files") for one in configs}
    if len(named) != 1 and "default" not in named:
        raise BadInput(
            f"{folder} has the configs {', '.join(sorted(named))}", "name the files of the one that you mean"
        )
    told = named["default"] if "default" in named else next(iter(named.values()))
    return [(split, path) for split, glob in _patterns(told) for path in _matching(folder, glob)]


def _patterns(told: Any) -> Iterable[tuple[str | None, str]]:
    """(split, pattern) of what a config has under `data_files`."""
    if isinstance(told, str):
        yield None, told
    for one in told if isinstance(told, list) else ():
        if isinstance(one, str):
            yield None, one
        elif isinstance(one, dict):
            paths = one.get("path")
            for path in paths if isinstance(paths, list) else [paths]:
                yield (str(one["split"]) if "split" in one else None), str(path)


def _matching(folder: Path, pattern: str) -> list[Path]:
    if pattern.startswith(("/", "~")) or ".." in Path(pattern).parts or "://" in pattern:
        raise BadInput(
            f"{folder / 'README.md'} names files of another place: {pattern[:200]}", "name the files"
        )
    return sorted(
        _inside(folder, str(path.relative_to(folder))) for path in folder.glob(pattern) if path.is_file()
    )


def _by_name(folder: Path) -> Files:
    """The data files in the folder, or where it has none in its `data`, by name."""
    for place in (folder, folder / "data"):
        files = sorted(path for path in place.glob("*") if path.is_file() and _stem(path) is not None)
        names = [_stem(path) or "" for path in files]
        if files:
            told = bool(SPLITS & {*names})
            return [(name if told else None, path) for name, path in zip(names, files, strict=True)]
    return []


def _stem(path: Path) -> str | None:
    """The file's name without its endings and the number of its shard; None for a file that holds no rows."""
    name = path.name
    for ending in _PACKED:
        name = name.removesuffix(ending)
    stem = next((name.removesuffix(ending) for ending in _DATA if name.lower().endswith(ending)), None)
    if (
        stem is None
        or stem.startswith(".")
        or name in ("croissant.json", "dataset_info.json", "dataset_infos.json")
    ):
        return None
    numbered = _SHARD.fullmatch(stem)
    return numbered[1] if numbered else stem


def _own_name(split: str | None, path: Path) -> str | None:
    """The split as our own shards say it inside, where `datasets` did not allow its name."""
    if split is None:
        return None
    if path.suffix == ".arrow":
        return split_of_place(_saved_place(path.parent), split)
    if path.suffix != ".parquet":
        return split
    try:
        told = (pq.read_schema(path).metadata or {}).get(SPLIT_KEY, b"").decode("utf-8")
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return split
    return told if told and hub_splits([told])[told] == split else split


def _inside(folder: Path, name: str) -> Path:
    """A file or folder below `folder`. Raises BadInput for one of another place, NotFound."""
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BadInput(f"{folder} names a file of another place: {name[:200]}", "name the files")
        if not path.exists():
            raise NotFound(f"{path} does not exist", "copy the whole folder")
    except (OSError, ValueError):
        raise BadInput(f"{folder} names a file that cannot be: {name[:200]!r}", "name the files") from None
    return path


def _json(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_bytes()[:_MOST_BYTES])
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} cannot be read: {type(error).__name__}", "save the dataset again") from None
    if not isinstance(value, dict):
        raise BadInput(f"{path} is no object", "save the dataset again")
    return value
