"""Results as a table that anybody can write: CSV, TSV, JSON Lines or a JSON array, a row an item (and a metric).

Columns are known by their names (`USUAL`): item, score, metric, run, seed, question, eval; all other short texts
are tags. A table without items, `metric,value`, is figures alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from assay.errors import BadInput, NotFound
from assay.track.results.opening import LARGEST_LINE, an_object, lines, number, parsed, read_bytes, text
from assay.track.results.values import MOST_ITEMS, Evaluation, Item, tags_in

TOOL: Final = "table"
SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "item": ("item", "item_id", "id", "question_id", "doc_id", "example_id", "sample_id", "key"),
    "score": ("score", "value", "correct", "acc", "accuracy", "exact_match", "reward"),
    "metric": ("metric", "metric_name", "scorer"),
    "run": ("run", "run_id", "run_name"),
    "seed": ("seed",),
    "question": ("question", "prompt", "instruction", "input", "query"),
    "eval": ("eval", "task", "evaluation", "benchmark"),
}
"""Part → the columns that it is looked for in, the first that there is."""
_METRIC: Final = frozenset(USUAL["score"]) - {"score", "value"}


@dataclass
class _Gathered:
    """What one run scored on one evaluation, as it comes."""

    figures: dict[str, float] = field(default_factory=dict)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    told: dict[str, Item] = field(default_factory=dict)
    seed: int | None = None
    unread: int = 0


def read(path: Path, columns: Mapping[str, str] | None = None) -> list[Evaluation]:
    """One evaluation for each run and task that the rows name. `columns`: part → column, where the usual names are
    not used. Raises NotFound; BadInput for a table without a score, or one of more than `MOST_ITEMS` rows."""
    given = dict(columns or {})
    unknown = sorted(given.keys() - USUAL.keys())
    if unknown:
        raise BadInput(f"there is no part {unknown[0]!r} of results", f"parts: {', '.join(USUAL)}")
    runs: dict[tuple[str | None, str], _Gathered] = {}
    found: dict[str, str] = {}
    for count, (place, row) in enumerate(_rows(path), 1):
        if count > MOST_ITEMS * 4:
            raise BadInput(f"{path} has more than {MOST_ITEMS * 4:,} rows", "give a file a run")
        found = found if found and found.keys() >= given.keys() else _found(row, given, f"{path} {place}")
        task = text(row.get(found.get("eval", ""))) or path.stem
        one = runs.setdefault((text(row.get(found.get("run", ""))), task), _Gathered())
        _add(one, row, found, f"{path} {place}")
    if not runs:
        raise BadInput(f"{path} holds no row", "write a row an item, with item and score")
    return [_made(run, task, one) for (run, task), one in runs.items()]


def _found(row: Mapping[str, Any], given: Mapping[str, str], place: str) -> dict[str, str]:
    """Part → column."""
    for part, name in given.items():
        if name not in row:
            some = ", ".join(list(row)[:12])
            raise BadInput(f"{place} has no column {name!r} for {part}", f"it has: {some[:200]}")
    usual = {p: next((n for n in names if n in row), "") for p, names in USUAL.items()}
    if not given.get("score") and not usual["score"]:
        some = ", ".join(list(row)[:12])
        raise BadInput(f"{place} has no score", f"name its column: score=…; it has {some[:200]}")
    return {part: name for part, name in (usual | dict(given)).items() if name}


def _add(one: _Gathered, row: Mapping[str, Any], found: Mapping[str, str], place: str) -> None:
    score = number(row.get(found["score"]))
    metric = text(row.get(found.get("metric", ""))) or (
        found["score"] if found["score"] in _METRIC else "score"
    )
    seed = number(row.get(found.get("seed", "")))
    if seed is not None and seed.is_integer():
        one.seed = int(seed)
    if "item" not in found:
        if score is None:
            raise BadInput(
                f"{place} has a {found['score']} that is no number", "write it with a decimal point"
            )
        one.figures[metric] = score
        return
    id = text(row.get(found["item"]))
    if id is None:
        raise BadInput(f"{place} has no {found['item']}", "each row names its item")
    if score is None:
        one.unread += 1
        return
    scores = one.scores.setdefault(id, {})
    if metric in scores:
        raise BadInput(
            f"{place} gives item {id[:60]!r} a second {metric}", "give each run a file, or a column `run`"
        )
    scores[metric] = score
    if id not in one.told:
        asked = row.get(found.get("question", ""))
        tags = tags_in(row, frozenset(found.values()))
        one.told[id] = Item(id, {}, asked if isinstance(asked, str) else None, None, tags)


def _made(run: str | None, task: str, one: _Gathered) -> Evaluation:
    items = tuple(Item(i.id, one.scores[id], i.question, None, i.tags) for id, i in one.told.items())
    return Evaluation(TOOL, task, one.figures, items, frozenset(), None, one.seed, run, one.unread)


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if path.suffix in (".jsonl", ".ndjson"):
        for number_of, row in lines(path):
            yield f"line {number_of}", row
    elif path.suffix == ".json":
        value = parsed(read_bytes(path), str(path))
        if isinstance(value, dict):  # {"accuracy": 0.8}: figures by name
            value = [{"metric": name, "value": one} for name, one in value.items() if number(one) is not None]
        for k, row in enumerate(value if isinstance(value, list) else [], 1):
            yield f"element {k}", an_object(row, f"{path} element {k}")
    else:
        yield from _delimited(path)


def _delimited(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(_bounded(file, path), delimiter="\t" if path.suffix == ".tsv" else ",")
            for row in reader:
                if None in row:
                    raise BadInput(
                        f"{path} line {reader.line_num} has more fields than columns", "quote the commas"
                    )
                yield f"line {reader.line_num}", {name: value or "" for name, value in row.items()}
    except FileNotFoundError:
        raise NotFound(f"no file {path}", "name a file of results") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8", "save it as UTF-8") from None
    except csv.Error as error:
        raise BadInput(
            f"{path} is no table that can be read: {error}", "quote texts that hold commas"
        ) from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", "name a file of results") from None


def _bounded(file: Any, path: Path) -> Iterator[str]:
    while line := file.readline(LARGEST_LINE):
        if len(line) >= LARGEST_LINE:
            raise BadInput(f"{path} has a line longer than {LARGEST_LINE >> 20} MiB", "split the file")
        yield line
