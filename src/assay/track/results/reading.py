"""Results of evaluations from a file or a folder, whichever tool wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Final

from assay.errors import BadInput, NotFound, UsageError
from assay.track.results import inspect_ai, lm_eval, tables
from assay.track.results.values import Evaluation, tidy

MLFLOW: Final = "mlflow:"
"""Before the id of a run of MLflow's, in place of a file."""
_HEAD: Final = 1 << 20
_MOST_FILES: Final = 1_000


def read(name: str, columns: Mapping[str, str] | None = None) -> list[Evaluation]:
    """What a file tells of one run, or of several where its rows name them; of a folder, what its files tell.

    Known are files of lm-evaluation-harness (`results_*.json` with `samples_*.jsonl` beside it), logs of inspect_ai
    (`.eval`, `.json`), and tables (CSV, TSV, JSON Lines, JSON) whose columns are named as usual or by `columns`.
    Raises NotFound; BadInput, which says file, record and field.
    """
    if name.startswith(MLFLOW):
        return [tidy(_mlflow(name.removeprefix(MLFLOW)))]
    path = Path(name)
    if path.is_dir():
        return _folder(path)
    return [tidy(one) for one in _file(path, columns)]


def _mlflow(id: str) -> Evaluation:
    """The newest figures of a run of MLflow's; they are of no items."""
    try:
        reader = import_module("assay.track.results.mlflow")
    except ModuleNotFoundError:
        raise UsageError(
            "metrics of MLflow cannot be read here", "write them down as CSV: metric,value"
        ) from None
    [found] = reader.read([id])
    return Evaluation("mlflow", "mlflow", found.figures, seed=found.seed, run=found.run or found.name or id)


def _folder(path: Path) -> list[Evaluation]:
    """The results that lie in a folder: files of both tools, at any depth; tables are named by themselves."""
    files = sorted(one for one in path.rglob("*") if one.suffix in (".json", ".eval") and one.is_file())
    if len(files) > _MOST_FILES:
        raise BadInput(f"{path} holds more than {_MOST_FILES:,} files", "name those that are of this run")
    found = []
    for one in files:
        head = _head(one)
        if lm_eval.recognised(one, head) or inspect_ai.recognised(one, head):
            found += [replace(each, run=each.run or one.stem) for each in read(str(one))]
    if not found:
        raise NotFound(f"{path} holds no results of lm-evaluation-harness or inspect_ai", "name a file")
    return found


def _file(path: Path, columns: Mapping[str, str] | None) -> list[Evaluation]:
    head = _head(path)
    if not columns:
        if lm_eval.recognised(path, head):
            return lm_eval.read(path)
        if inspect_ai.recognised(path, head):
            return inspect_ai.read(path)
    if path.suffix not in tables.SUFFIXES:
        raise BadInput(
            f"{path} is of no tool that is known by its name",
            "results are read from lm_eval (.json, .jsonl), inspect_ai (.eval, .json), CSV, TSV, JSON and JSON Lines",
        )
    return tables.read(path, columns)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except FileNotFoundError:
        raise NotFound(f"no file {path}", "name a file of results") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", "name a file of results") from None
