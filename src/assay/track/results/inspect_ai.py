"""Logs of inspect_ai: `.eval` (a ZIP archive of JSON files) and `.json`.

Read with files of inspect_ai 0.3.285, whose archives are compressed with zstd. A scorer that gives one value is a
metric by its name, one that gives several is a metric each, `scorer.part`. Of an item that was asked several times
(epochs) the mean stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from assay.errors import BadInput
from assay.track.results.opening import Archive, an_object, number, parsed, read_bytes, text
from assay.track.results.values import MOST_ITEMS, Evaluation, Item, tags_in

TOOL: Final = "inspect_ai"
_GRADES: Final = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Correct, partly, incorrect, no answer: what inspect_ai's own `value_to_float` makes of them."""


def recognised(path: Path, head: bytes) -> bool:
    """Whether a file is one of this tool's."""
    if path.suffix == ".eval":
        return head.startswith(b"PK")
    return path.suffix == ".json" and b'"eval_id"' in head


def read(path: Path) -> list[Evaluation]:
    """The evaluation that a log tells of. Raises BadInput, NotFound."""
    if path.suffix == ".eval":
        with Archive(path) as archive:
            names = [name for name in archive.names if name.startswith("samples/") and name.endswith(".json")]
            if "header.json" not in archive.names:
                raise BadInput(
                    f"{path} has no header.json: the evaluation did not end",
                    "wait until it has, or repeat it",
                )
            header = an_object(archive.json("header.json"), f"{path}: header.json")
            return [_evaluation(path, header, ((name, archive.json(name)) for name in names))]
    whole = an_object(parsed(read_bytes(path), str(path)), str(path))
    samples = whole.get("samples") or []
    if not isinstance(samples, list):
        raise BadInput(f"{path} field samples is no list", "it is no log of inspect_ai")
    return [_evaluation(path, whole, ((f"samples[{k}]", one) for k, one in enumerate(samples)))]


def _evaluation(path: Path, header: Mapping[str, Any], samples: Iterable[tuple[str, Any]]) -> Evaluation:
    said = an_object(header.get("eval"), f"{path} field eval")
    if header.get("status") not in ("success", None):
        raise BadInput(
            f"{path} is of an evaluation that ended as {str(header['status'])[:40]!r}",
            "repeat it: its figures are not whole",
        )
    items, unread = _items(path, samples)
    config = said.get("model_generate_config")
    seed = config.get("seed") if isinstance(config, dict) else None
    return Evaluation(
        TOOL, text(said.get("task")) or path.stem, _figures(header), tuple(items), frozenset(),
        text(said.get("model")), seed if isinstance(seed, int) else None, None, unread,
    )  # fmt: skip


def _figures(header: Mapping[str, Any]) -> dict[str, float]:
    """The first metric of each scorer, under the scorer's name, so that it is comparable with that of its items."""
    results = header.get("results")
    scores = results.get("scores") if isinstance(results, dict) else None
    found: dict[str, float] = {}
    for score in scores if isinstance(scores, list) else []:
        metrics = score.get("metrics") if isinstance(score, dict) else None
        for name, metric in metrics.items() if isinstance(metrics, dict) else ():
            value = number(metric.get("value")) if isinstance(metric, dict) else None
            scorer, part = text(score.get("scorer")), text(score.get("name"))
            if value is not None and part and name in ("accuracy", "mean"):
                found.setdefault(part if scorer in (None, part) else f"{scorer}.{part}", value)
    return found


def _items(path: Path, samples: Iterable[tuple[str, Any]]) -> tuple[list[Item], int]:
    told: dict[str, Item] = {}
    sums: dict[str, dict[str, list[float]]] = {}
    unread = 0
    for place, sample in samples:
        row = an_object(sample, f"{path}: {place}")
        id = text(row.get("id"))
        if id is None:
            raise BadInput(f"{path}: {place} has no id", "it is no log of inspect_ai")
        scores = _scores(row.get("scores"))
        unread += not scores
        for metric, value in scores.items():
            sums.setdefault(id, {}).setdefault(metric, []).append(value)
        if id not in told:
            metadata = row.get("metadata")
            tags = tags_in(metadata) if isinstance(metadata, dict) else {}
            told[id] = Item(id, {}, _question(row.get("input")), None, tags)
            if len(told) > MOST_ITEMS:
                raise BadInput(f"{path} has more than {MOST_ITEMS:,} items", "evaluate on fewer")
    means = {id: {m: sum(v) / len(v) for m, v in of.items()} for id, of in sums.items()}
    return [Item(one.id, means.get(id, {}), one.question, None, one.tags) for id, one in told.items()], unread


def _scores(found: Any) -> dict[str, float]:
    out: dict[str, float] = {}
    for scorer, score in found.items() if isinstance(found, dict) else ():
        value = score.get("value") if isinstance(score, dict) else None
        parts = (
            {f"{scorer}.{part}": one for part, one in value.items()}
            if isinstance(value, dict)
            else {scorer: value}
        )
        for name, one in parts.items():
            grade = _GRADES.get(one) if isinstance(one, str) else None
            read_as = grade if grade is not None else number(one)
            if read_as is not None:
                out[name] = read_as
    return out


def _question(asked: Any) -> str | None:
    """The text of the input, or of its last turn by the user."""
    if isinstance(asked, str):
        return asked
    if isinstance(asked, list):
        for turn in reversed(asked):
            if isinstance(turn, dict) and turn.get("role") == "user" and isinstance(turn.get("content"), str):
                return str(turn["content"])
    return None
