"""What judges said of one example, for its trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from assay.registry.results import Section

if TYPE_CHECKING:
    from assay.judge.judgement import Judgement
    from assay.model.operation import Operation
    from assay.registry import Registry

_MOST: Final = 20
"""Judgements that are shown, the newest of them."""


def chapter(registry: Registry, example: bytes) -> Section | None:
    """Every judgement of the example with scores, reasons and what it cost, the newest first. Raises Damaged."""
    entries = [one for one in registry.store.log.entries() if "judgements" in one.body]
    if not entries:
        return None
    from assay.registry.judgement.evidence import about

    found = [_row(*one) for one in about(registry.store.objects, entries, example)]
    return Section("judgements", "What judges said", tuple(found[: -_MOST - 1 : -1]))


def _row(operation: Operation, one: Judgement) -> dict[str, Any]:
    from assay.registry.judgement.evidence import judges_of

    by = judges_of(operation).get(one.judge, {})
    told: dict[str, Any] = {
        "dataset": operation.dataset,
        "judge": by.get("model"),
        "rubric": operation.body.get("rubric_name"),
        "outcome": one.outcome,
        "detail": one.detail,
        "scores": dict(one.scores),
        "exclude": one.exclude,
        "reasoning": one.reasoning,
        "steering": list(one.steering),
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "price": None if one.price is None else f"{one.price:f}",
        "time": one.created or operation.time,
        "digest": one.judge,
    }
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}
