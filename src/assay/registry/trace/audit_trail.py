"""Which operations concern an example: they name it, or a version with it came about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import AssayError, UsageError
from assay.registry.trace.explaining import example_by_id
from assay.store.objects import NAME, object_key
from assay.store.parquet import get_table, open_parquet

if TYPE_CHECKING:
    from assay.model.operation import Operation
    from assay.registry import Registry
    from assay.store.objects import Objects


def about(registry: Registry, entries: Sequence[Operation], id: str) -> list[Operation]:
    """Those of `entries` that concern an example, by its whole id or a prefix that only it has.

    A whole id need not be known to the registry, so that forgotten examples can be asked for. Raises NotFound,
    UsageError, Damaged.
    """
    example = _whole(id) or example_by_id(registry, id).id
    moved = set(registry.index().turns_of(example))
    return [
        one
        for one in entries
        if (one.dataset, one.body.get("version")) in moved
        or example.hex() in _inline(one)
        or any(_holds(registry.store.objects, name, example) for name in _tables(one))
    ]


def _whole(id: str) -> bytes | None:
    if len(id) != 64:
        return None
    try:
        return bytes.fromhex(id)
    except ValueError:
        raise UsageError(f"{id!r} is not an id", "an id has 64 hexadecimal digits") from None


def _inline(one: Operation) -> Sequence[str]:
    ids = one.body.get("ids")
    return ids if isinstance(ids, list) else ()


def _tables(one: Operation) -> Iterator[str]:
    """Parquet objects that the body itself names: sets of ids, facts."""
    for value in one.body.values():
        if isinstance(value, str) and value.endswith(".parquet") and NAME.fullmatch(value):
            yield value


def _holds(objects: Objects, name: str, example: bytes) -> bool:
    """Whether a Parquet object has the example in its column `id`; an object that was destroyed has not."""
    try:
        file = open_parquet(objects.buffer(name), object_key(name))
        if "id" not in file.schema_arrow.names or file.schema_arrow.field("id").type != pa.binary(32):
            return False
        return bool(pc.any(pc.equal(get_table(objects, name, ["id"]).column("id"), example)).as_py())
    except AssayError:
        if objects.storage.stat(object_key(name)) is None:
            return False
        raise
