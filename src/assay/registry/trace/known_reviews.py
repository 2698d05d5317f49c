"""What was said of one example in reviews, for its trace: as far as the person who asks may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.registry.results import Section

if TYPE_CHECKING:
    from assay.registry import Registry


def chapter(registry: Registry, example: bytes) -> Section | None:
    """The verdicts on the example, and the edits that made it, oldest first. Raises Damaged."""
    if not any(one.action == "review" for one in registry.store.log.entries()):
        return None
    rows = []
    for queue, said in registry.reviews.about(example):
        row: dict[str, Any] = {
            "queue": queue,
            "verdict": said.verdict,
            "actor": said.actor,
            "time": said.time,
        }
        row |= {"tags": " ".join(f"{key}={value}" for key, value in said.tags.items())} if said.tags else {}
        row |= {"score": said.score} if said.score is not None else {}
        if said.edited is not None:
            row |= (
                {"edited_from": said.id.hex()} if said.edited == example else {"edited_to": said.edited.hex()}
            )
        rows.append(row)
    return Section("reviews", "Reviews", tuple(rows))
