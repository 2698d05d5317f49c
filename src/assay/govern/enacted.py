"""Which policy is in force: a fold of the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from assay.model.operation import Operation

POLICY: Final = "policy"
"""The action that puts a policy in force: `policy`, an object; `digest`; `approvals` and `approvers`, as it has them.

Its `dataset` says for which; None: for every dataset that has none of its own."""


@dataclass(frozen=True, slots=True)
class Enacted:
    """A policy as the log has it. `number` counts the policies of its dataset (or of the registry) from 1."""

    number: int
    object: str
    digest: str
    approvals: int
    approvers: tuple[str, ...]
    operation: Operation

    @property
    def dataset(self) -> str | None:
        return self.operation.dataset


def in_force(entries: Iterable[Operation], dataset: str | None) -> Enacted | None:
    """The newest policy of a dataset; where it never had one, the registry's; None where there is none."""
    own: Enacted | None = None
    common: Enacted | None = None
    for operation in entries:
        if operation.action != POLICY or operation.dataset not in (None, dataset):
            continue
        if operation.dataset is None:
            common = enacted(operation, common) or common
        else:
            own = enacted(operation, own) or own
    return own or common


def enacted(operation: Operation, before: Enacted | None) -> Enacted | None:
    """The policy that an operation puts in force after `before`; None for one that says nothing of the kind."""
    body = operation.body
    stored, digest, approvals, approvers = (
        body.get(key) for key in ("policy", "digest", "approvals", "approvers")
    )
    if not isinstance(stored, str) or not isinstance(digest, str):
        return None
    if not isinstance(approvals, int) or not isinstance(approvers, list) or approvals < 1:
        return None
    number = before.number + 1 if before is not None else 1
    return Enacted(number, stored, digest, approvals, tuple(map(str, approvers)), operation)
