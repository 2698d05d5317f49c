"""Results of lm-evaluation-harness: `results_*.json`, and beside it `samples_TASK_*.jsonl` when --log_samples was on.

Read with files of lm_eval 0.4.13. A metric is called as there, `acc,none`, less a filter that is `none`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from assay.errors import BadInput
from assay.track.results.opening import an_object, lines, number, parsed, read_bytes, text
from assay.track.results.values import MOST_ITEMS, Evaluation, Item, tags_in

TOOL: Final = "lm-eval"
_QUESTIONS: Final = ("question", "prompt", "instruction", "input", "query", "problem", "text", "ctx")
_SEEDS: Final = ("random_seed", "torch_seed", "numpy_seed")


def recognised(path: Path, head: bytes) -> bool:
    """Whether a file is one of this tool's."""
    if path.name.startswith("samples_") and path.suffix == ".jsonl":
        return b'"doc_id"' in head
    return path.suffix == ".json" and b'"results"' in head and (b'"alias"' in head or b'"n-shot"' in head)


def read(path: Path) -> list[Evaluation]:
    """One evaluation a task. A `samples_` file may be read by itself. Raises BadInput, NotFound."""
    if path.suffix == ".jsonl":
        return [_task(path.name.removeprefix("samples_").rpartition("_")[0] or path.stem, {}, {}, {}, path)]
    whole = an_object(parsed(read_bytes(path), str(path)), str(path))
    results = an_object(whole.get("results"), f"{path} field results")
    config, better, grouped = (
        _object(whole.get(n)) for n in ("config", "higher_is_better", "group_subtasks")
    )
    stamp = path.stem.removeprefix("results")
    found = []
    for task, figures in results.items():
        if grouped.get(task):
            continue  # a group: the mean of tasks that stand here by themselves
        items = path.with_name(f"samples_{task}{stamp}.jsonl")
        told = an_object(figures, f"{path} field results.{task}")
        found.append(_task(task, told, _object(better.get(task)), config, items if items.is_file() else None))
    model = text(whole.get("model_name"))
    if not found:
        raise BadInput(f"{path} has results of no task", "run lm_eval with at least one task")
    return [replace(one, model=model) for one in found]


def _object(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def _task(
    task: str,
    figures: Mapping[str, Any],
    better: Mapping[str, Any],
    config: Mapping[str, Any],
    items: Path | None,
) -> Evaluation:
    told = {
        _metric(name): value
        for name, said in figures.items()
        if "_stderr" not in name and "," in name and (value := number(said)) is not None
    }
    rows, unread = _items(items) if items is not None else ([], 0)
    metrics = {*told, *(metric for row in rows for metric in row.scores)}
    lower = frozenset(m for m in metrics if better.get(m.partition(",")[0]) is False)
    seed = next((config[name] for name in _SEEDS if isinstance(config.get(name), int)), None)
    return Evaluation(TOOL, task, told, tuple(rows), lower, None, seed, None, unread)


def _metric(name: str, filtered: str = "") -> str:
    """`acc,none` is `acc`; `exact_match,strict` stays."""
    metric, _, by = name.partition(",")
    by = by or filtered
    return metric if by in ("", "none") else f"{metric},{by}"


def _items(path: Path) -> tuple[list[Item], int]:
    """The items; an item has a line for each filter, and a score for each of its metrics."""
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    told: dict[str, Item] = {}
    unread = 0
    for line, row in lines(path):
        number_of = text(row.get("doc_id"))
        if number_of is None:
            raise BadInput(f"{path} line {line} has no doc_id", "it is no file of --log_samples")
        doc = _object(row.get("doc"))
        named = row.get("metrics")
        metrics = (
            named
            if isinstance(named, list)
            else [m for m in row if number(row[m]) is not None and m != "doc_id"]
        )
        got = {
            _metric(metric, str(row.get("filter") or "")): value
            for metric in metrics
            if isinstance(metric, str) and (value := number(row.get(metric))) is not None
        }
        unread += not got
        scores[number_of] |= got
        if number_of not in told:
            told[number_of] = Item(number_of, {}, _question(doc), text(row.get("doc_hash")), tags_in(doc))
            if len(told) > MOST_ITEMS:
                raise BadInput(f"{path} has more than {MOST_ITEMS:,} items", "evaluate on fewer")
    return [Item(one.id, scores[id], one.question, one.content, one.tags) for id, one in told.items()], unread


def _question(doc: Mapping[str, Any]) -> str | None:
    return next(
        (doc[name] for name in _QUESTIONS if isinstance(doc.get(name), str) and doc[name].strip()), None
    )
