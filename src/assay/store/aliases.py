"""The names `approved` and `prod`: which version each means, a fold of the log."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from assay.model.operation import Operation

APPROVED: Final = "approved"
PROD: Final = "prod"

GIVEN_BY: Final = {APPROVED: "approve", PROD: "release"}
"""Alias → the action that gives it to a `version`; `revoke` takes both from one."""


def alias_version(
    entries: Iterable[Operation], dataset: str, alias: str, refused: Collection[int] = frozenset()
) -> int | None:
    """The number of the version that an alias means, or None.

    `approved`: the highest number that was approved. `prod`: what was released last, so that releasing an older
    version again goes back to it. A revoked version has neither, until it is approved or released anew.
    Operations whose `seq` is in `refused` broke a rule and do not count.
    """
    action = GIVEN_BY[alias]
    given: dict[int, int] = {}
    for operation in entries:
        if operation.dataset != dataset or operation.seq in refused:
            continue
        version = operation.body.get("version")
        if not isinstance(version, int):
            continue
        if operation.action == "revoke":
            given.pop(version, None)
        elif operation.action == action:
            given[version] = operation.seq
    if not given:
        return None
    return max(given) if alias == APPROVED else max(given, key=lambda version: given[version])
