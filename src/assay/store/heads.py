"""Which versions each dataset has: a fold of the log's commits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assay.errors import Damaged
from assay.model.operation import Operation
from assay.store.log import log_key


@dataclass(frozen=True, slots=True)
class Committed:
    """One version as the log has it: its number, its manifest's object name, and the operation."""

    number: int
    manifest: str
    operation: Operation


def versions(entries: Iterable[Operation]) -> dict[str, list[Committed]]:
    """Dataset → its versions, oldest first, numbered 1, 2, … Raises Damaged when the count breaks."""
    out: dict[str, list[Committed]] = {}
    for operation in entries:
        if operation.action != "commit" or operation.dataset is None:
            continue
        line = out.setdefault(operation.dataset, [])
        number, manifest = operation.body.get("version"), operation.body.get("manifest")
        if number != len(line) + 1 or not isinstance(manifest, str):
            raise Damaged(
                f"{log_key(operation.seq)} is not the commit of {operation.dataset}@v{len(line) + 1}"
            )
        line.append(Committed(number, manifest, operation))
    return out


def head(entries: Iterable[Operation], dataset: str) -> Committed | None:
    """The newest version of a dataset, or None."""
    line = versions(e for e in entries if e.dataset == dataset).get(dataset)
    return line[-1] if line else None
