"""What examples state in a field, as the name of a group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from assay.govern.view import Examples, View
from assay.kernels.ids import id_list
from assay.model.label import label_of

MOST_VALUES: Final = 10_000
"""With more different values than this a field is no category (it is an id, or free text)."""

FACT: Final = "fact."

Labels = Callable[[Examples], list[str | None]]


def labels_of(view: View, path: str) -> Labels:
    """What gives one label a row of a version; None where a row states nothing.

    `path` may be dotted (`meta.topic`). The record's left-over fields and provenance are looked at first, then the
    payload. `fact.KEY` is what is stated about the example as a fact.
    """
    if path.startswith(FACT):
        stated = view.facts(path.removeprefix(FACT))
        return lambda rows: [stated.get(one) for one in id_list(rows.ids)]
    return lambda rows: _labels(rows, path)


def _labels(rows: Examples, path: str) -> list[str | None]:
    batch = rows.batch
    fields = batch.fields or ({},) * len(batch)
    return [
        _label(_at(field, path), payload, path) for field, payload in zip(fields, batch.payloads, strict=True)
    ]


def _label(stated: Any, payload: Any, path: str) -> str | None:
    value = stated if stated not in (None, "") else _at(payload, path)
    return None if value in (None, "") else label_of(value)


def _at(held: Any, path: str) -> Any:
    value = held.get(path)
    if value is not None or "." not in path:
        return value
    value = held
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
