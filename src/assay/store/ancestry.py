"""Which version came from which: the parents of versions, as the log has them."""

from __future__ import annotations

from assay.errors import NotFound
from assay.store.heads import Committed, Line


def parents(committed: Committed) -> tuple[int, ...]:
    """Numbers of the versions that one was made from: the one before it, then the one that was merged in."""
    merged = committed.operation.body.get("from") if committed.operation.action == "merge" else None
    before = () if committed.before is None else (committed.before,)
    return (*before, merged) if isinstance(merged, int) and 0 < merged < committed.number else before


def ancestors(line: Line, number: int) -> set[int]:
    """Numbers of the versions that one came from, itself among them."""
    found, waiting = {number}, [number]
    while waiting:
        for parent in parents(line.versions[waiting.pop() - 1]):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def nearest_common(line: Line, a: int, b: int) -> Committed:
    """The newest version that both came from. Raises NotFound where there is none.

    Where two branches were merged into each other there may be several that none of the others came from; it is
    the one with the highest number.
    """
    common = ancestors(line, a) & ancestors(line, b)
    if not common:
        raise NotFound(f"v{a} and v{b} have no version in common", "merge versions of one history")
    return line.versions[max(common) - 1]
