"""Forgotten examples, and the objects that stand in for those that held them: a fold of the log.

A `forget` operation lists the ids, and names a JSON object, `replaced`: old object name → the name of the object
that has the same rows but for what was erased, or null where nothing is left. Whoever finds an object missing looks
here for the one to read in its stead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from assay.errors import Damaged
from assay.kernels.ids import IdArray, as_ids
from assay.model.operation import Operation
from assay.store.log import log_key

if TYPE_CHECKING:
    from assay.store.objects import Objects

FORGET: Final = "forget"
ERASED: Final = "{}"
"""The payload of a row that was erased: no example has it."""


@dataclass(frozen=True, slots=True)
class Erased:
    """`ids` were forgotten (V32, sorted), each by the operation `by`. `stands_in`: old object → the one to read now,
    None where nothing is left; no value is itself a key."""

    ids: IdArray
    by: Mapping[bytes, Operation]
    stands_in: Mapping[str, str | None]


def forgets(entries: Iterable[Operation]) -> list[Operation]:
    """The operations that this fold reads."""
    return [entry for entry in entries if entry.action == FORGET]


def erased(objects: Objects, entries: Iterable[Operation]) -> Erased:
    """What was forgotten by all entries. Raises Damaged."""
    from assay.kernels.ids import id_list
    from assay.store.idsets import ids_in

    by: dict[bytes, Operation] = {}
    acts = forgets(entries)
    for operation in acts:
        for one in id_list(ids_in(objects, operation.body)):
            by.setdefault(one, operation)
    return Erased(as_ids(sorted(by)), by, stands_in(objects, acts))


def stands_in(objects: Objects, entries: Iterable[Operation]) -> dict[str, str | None]:
    """Old object → what to read now, followed to the end. Raises Damaged."""
    found: dict[str, str | None] = {}
    for operation in forgets(entries):
        name = operation.body.get("replaced")
        if not isinstance(name, str):
            raise Damaged(f"{log_key(operation.seq)} does not say what it replaced")
        told = _told(objects, name)
        for old, new in found.items():
            if new is not None and new in told:
                found[old] = told[new]
        found |= told
    return found


def _told(objects: Objects, name: str) -> Mapping[str, str | None]:
    try:
        value: Any = orjson.loads(objects.get(name))
    except orjson.JSONDecodeError as error:
        raise Damaged(f"{name} is not JSON: {error}") from None
    if not isinstance(value, dict) or not all(v is None or isinstance(v, str) for v in value.values()):
        raise Damaged(f"{name} does not say which objects were replaced")
    return value
