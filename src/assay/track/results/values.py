"""An evaluation of one run: figures, and where the tool kept them, what each item of the evaluation scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

MOST_ITEMS: Final = 1_000_000
MOST_METRICS: Final = 64
MOST_TAGS: Final = 24
MOST_VALUES: Final = 50
"""With more different values than this a tag sorts nothing: it is an id, or free text."""
LONGEST_TAG: Final = 80
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Item:
    """One item that one run was asked. `scores`: by metric; `question`: what was asked, as far as the tool says;
    `content`: the tool's own digest of it; `tags`: short texts that say what it is about."""

    id: str
    scores: Mapping[str, float]
    question: str | None = None
    content: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one run scored on one evaluation.

    `name`: the task's, where the tool says one; `figures`: metric → what the tool gives for all items together;
    `lower`: the metrics of which less is better. `unread`: records without a score. `run`: what the file calls the
    run.
    """

    tool: str
    name: str
    figures: Mapping[str, float]
    items: tuple[Item, ...] = ()
    lower: frozenset[str] = frozenset()
    model: str | None = None
    seed: int | None = None
    run: str | None = None
    unread: int = 0

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of its items, or where it has none, of its figures; by name."""
        of_items = {metric for item in self.items for metric in item.scores}
        return tuple(sorted(of_items or self.figures))


def tidy(found: Evaluation) -> Evaluation:
    """The same with tags that sort items, names and ids of bounded length, and a mean where the tool gave no
    figure."""
    items = found.items
    kept = _tags(items)
    metrics = found.metrics[:MOST_METRICS]

    def named(id: str) -> str:
        return (
            id
            if len(id) <= LONGEST_NAME
            else "sha256:" + sha256(id.encode("utf-8", "surrogatepass")).hexdigest()
        )

    held = tuple(
        replace(
            one, id=named(one.id), tags={k: v for k, v in one.tags.items() if k in kept},
            scores={k: v for k, v in one.scores.items() if k in metrics},
        )
        for one in items
    )  # fmt: skip
    figures = dict(sorted(found.figures.items())[:MOST_METRICS])
    for metric in metrics:
        scores = [one.scores[metric] for one in held if metric in one.scores]
        if scores and metric not in figures:
            figures[metric] = sum(scores) / len(scores)
    return replace(found, name=found.name[:LONGEST_NAME], items=held, figures=figures)


def _tags(items: Sequence[Item]) -> frozenset[str]:
    """Tags with few values, each on at least two items on average."""
    values: dict[str, set[str] | None] = {}
    stated: dict[str, int] = {}
    for item in items:
        for name, value in item.tags.items():
            known = values.setdefault(name, set())
            stated[name] = stated.get(name, 0) + 1
            if known is not None:
                known.add(value)
                if len(known) > MOST_VALUES:
                    values[name] = None
    good = [name for name, known in values.items() if known and 2 * len(known) <= stated[name]]
    return frozenset(sorted(good, key=lambda name: (-stated[name], name))[:MOST_TAGS])


def tags_in(record: Mapping[str, Any], but: frozenset[str] = frozenset()) -> dict[str, str]:
    """Short texts of a record, and of the objects in it by "meta.topic"; candidates for tags."""
    found: dict[str, str] = {}
    for name, value in record.items():
        if name in but:
            continue
        if isinstance(value, Mapping):
            found |= {
                f"{name}.{inner}": said
                for inner, one in value.items()
                if (said := _short(one)) is not None and len(inner) + len(name) < LONGEST_TAG
            }
        elif (said := _short(value)) is not None and len(name) <= LONGEST_TAG:
            found[name] = said
    return found


def _short(value: Any) -> str | None:
    if isinstance(value, str):
        return value if 0 < len(value) <= LONGEST_TAG else None
    return ("true" if value else "false") if isinstance(value, bool) else None
