"""Edits as preference pairs: the edited answer is chosen, the original rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from assay.errors import NotFound
from assay.formats.shapes.preferences import common_prefix
from assay.govern.reviews import Reviews
from assay.kernels.ids import IdArray, as_ids, contains
from assay.model.example import Example
from assay.registry.querying.choosing import members
from assay.registry.version import Version

if TYPE_CHECKING:
    from assay.registry import Registry


def pairs(registry: Registry, version: Version, among: IdArray | None = None) -> Iterator[dict[str, Any]]:
    """One record for each edit of a review that stands in the version, by id: {prompt, chosen, rejected, …}.

    `among` (sorted): only edited examples that are there.

    Edits that changed what the model is asked, or that have no answer of their own, make no pair, since its two sides
    would answer different questions. Neither do edits whose original was erased.
    """
    for original, edited, queue, actor in _edits(registry, version, among):
        record = pair(original, edited)
        if record is not None:
            yield record | {
                "id": edited.name, "original_id": original.name, "queue": queue, "edited_by": actor,
            }  # fmt: skip


def pair(original: Example, edited: Example) -> dict[str, Any] | None:
    """The prompt that both examples share, and the two answers; None when they share none."""
    before, after = original.payload, edited.payload
    if edited.kind != original.kind or before.get("tools") != after.get("tools"):
        return None
    sides: tuple[Any, Any, Any] | None = None
    if edited.kind == "messages":
        old, new = list(before["messages"]), list(after["messages"])
        at = common_prefix(old, new)
        chosen, rejected = (list(takewhile(_answers, turns[at:])) for turns in (new, old))
        if at and chosen and rejected:
            sides = old[:at], chosen, rejected
    elif edited.kind == "completion" and before.get("prompt") == after.get("prompt"):
        sides = after["prompt"], after["completion"], before["completion"]
    elif edited.kind == "preference" and before.get("prompt") == after.get("prompt"):
        sides = after["prompt"], after["chosen"], before["chosen"]
    if sides is None or sides[1] == sides[2]:
        return None
    tools = {"tools": after["tools"]} if "tools" in after else {}
    return {"prompt": sides[0], "chosen": sides[1], "rejected": sides[2], **tools}


def _answers(turn: Mapping[str, Any]) -> bool:
    """Whether a turn is part of an answer; the next question ends it."""
    return turn.get("role") not in ("user", "system")


def _edits(
    registry: Registry, version: Version, among: IdArray | None
) -> Iterator[tuple[Example, Example, str, str]]:
    """(original, edited, queue, who wrote it) of the edits that were decided on and stand in the version."""
    decided = _decided(registry.reviews.fold(), version.manifest.dataset)
    held = contains(members(registry, version.name) if among is None else among, as_ids(sorted(decided)))
    for edited, there in zip(sorted(decided), held.tolist(), strict=True):
        if not there:
            continue
        for original, (queue, actor) in sorted(decided[edited].items()):
            try:
                yield registry.example(original.hex()), registry.example(edited.hex()), queue, actor
            except NotFound:  # erased
                continue


def _decided(found: Reviews, dataset: str) -> dict[bytes, Mapping[bytes, tuple[str, str]]]:
    """Edited id → original id → (queue, who wrote the edit)."""
    out: dict[bytes, dict[bytes, tuple[str, str]]] = {}
    for judged in found.of(dataset):
        for id_, case in judged.cases.items():
            decision = judged.decision(id_)
            if decision is None or decision.edited is None:
                continue
            wrote = next((v.actor for v in case.given if v.edited == decision.edited), decision.actor)
            out.setdefault(decision.edited, {})[id_] = (judged.queue.name, wrote)
    return dict(out)
