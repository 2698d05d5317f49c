"""Which objects the log can reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from assay.errors import AssayError
from assay.model.operation import Operation
from assay.store.erased import stands_in
from assay.store.log import log_key
from assay.store.objects import NAME, Objects, object_key


def names_in(value: Any) -> Iterator[str]:
    """Every object name that is a string anywhere in a JSON value, keys included."""
    stack = [value]
    while stack:
        at = stack.pop()
        if isinstance(at, str):
            if NAME.fullmatch(at):
                yield at
        elif isinstance(at, dict):
            stack.extend(at.keys())
            stack.extend(at.values())
        elif isinstance(at, list):
            stack.extend(at)


def reachable(
    objects: Objects, entries: Iterable[Operation], lost: dict[str, AssayError] | None = None
) -> dict[str, str]:
    """Object name → the file that names it, for all that the operations lead to.

    A string "<64 hex>.<suffix>" in an operation or in a reachable JSON object is a reference. Old objects of what was
    forgotten are among them, though they are gone; `stands_in` tells them. A JSON object that cannot be read ends the
    walk with its error; with `lost`, the error is put there instead.
    """
    entries = list(entries)
    found: dict[str, str] = {}
    waiting: list[str] = []

    def add(value: Any, by: str) -> None:
        for name in names_in(value):
            if name not in found:
                found[name] = by
                if name.endswith(".json"):
                    waiting.append(name)

    for operation in entries:
        add(dict(operation.body), log_key(operation.seq))
    while waiting:
        name = waiting.pop()
        try:
            add(orjson.loads(objects.get(name)), object_key(name))
        except orjson.JSONDecodeError:
            continue  # media or text under a .json name leads nowhere
        except AssayError as error:
            if objects.storage.stat(object_key(name)) is None and name in stands_in(objects, entries):
                continue  # erased on purpose
            if lost is None:
                raise
            lost[name] = error
    return found
