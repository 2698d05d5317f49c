"""Training runs that learned from a version: a fold of the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from assay.errors import Damaged
from assay.model.operation import Operation
from assay.store.log import log_key

ACTION: Final = "run"


@dataclass(frozen=True, slots=True)
class Run:
    """A run and one version that it learned from. `split` None: all of it; `details`: the object with the rest."""

    name: str
    dataset: str
    version: int
    split: str | None
    details: str
    operation: Operation

    @property
    def ref(self) -> str:
        """`helpdesk@v2:train`."""
        return f"{self.dataset}@v{self.version}" + (f":{self.split}" if self.split else "")

    def as_json(self, details: dict[str, Any]) -> dict[str, Any]:
        return {
            "run": self.name,
            "version": self.ref,
            "time": self.operation.time,
            "actor": self.operation.actor,
            **details,
        }


def runs(entries: Iterable[Operation]) -> list[Run]:
    """All links, oldest first; a link that is made again replaces the earlier one. Raises Damaged."""
    found: dict[tuple[str, str, int, str | None], Run] = {}
    for operation in entries:
        if operation.action != ACTION:
            continue
        body = operation.body
        name, version, split, details = (body.get(key) for key in ("name", "version", "split", "run"))
        if not (
            isinstance(name, str)
            and isinstance(version, int)
            and isinstance(details, str)
            and isinstance(split, str | None)
            and operation.dataset is not None
        ):
            raise Damaged(f"{log_key(operation.seq)} links no run that can be read")
        run = Run(name, operation.dataset, version, split, details, operation)
        found.pop((name, run.dataset, version, split), None)
        found[name, run.dataset, version, split] = run
    return list(found.values())
