"""Results of evaluations that were attached to training runs: a fold of the log.

An operation `results` names a JSON object with what the tool said of all items together, and in it a Parquet object
with what each item scored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from assay.errors import Damaged
from assay.model.operation import Operation
from assay.store.log import log_key

ACTION: Final = "results"


@dataclass(frozen=True, slots=True)
class Attached:
    """The results of one run on one evaluation. `object`: where they are."""

    run: str
    dataset: str
    version: int
    split: str | None
    evaluation: str
    object: str
    operation: Operation

    @property
    def ref(self) -> str:
        """`helpdesk@v2:train`."""
        return f"{self.dataset}@v{self.version}" + (f":{self.split}" if self.split else "")


def attached(entries: Iterable[Operation]) -> list[Attached]:
    """All results, oldest first; those of the same run on the same evaluation replace the earlier. Raises Damaged."""
    found: dict[tuple[str, str, int, str | None, str], Attached] = {}
    for operation in entries:
        if operation.action != ACTION:
            continue
        body: Any = operation.body
        run, version, split, name, stored = (
            body.get(key) for key in ("run", "version", "split", "evaluation", "results")
        )
        if not (
            isinstance(run, str)
            and isinstance(version, int)
            and isinstance(split, str | None)
            and isinstance(name, str)
            and isinstance(stored, str)
            and operation.dataset is not None
        ):
            raise Damaged(f"{log_key(operation.seq)} attaches no results that can be read")
        key = (run, operation.dataset, version, split, name)
        found.pop(key, None)
        found[key] = Attached(run, operation.dataset, version, split, name, stored, operation)
    return list(found.values())
