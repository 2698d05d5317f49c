"""Frozen eval sets: an object with the items, and the operation that names it for good."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from assay.errors import Damaged
from assay.model.canonical import canonical_json
from assay.model.operation import Operation
from assay.store.log import log_key
from assay.store.objects import Objects, object_key
from assay.store.parquet import get_table, put_table

ACTION: Final = "freeze"
DOMAIN: Final = b"assay.evalset.v1\n"

_SCHEMA = pa.schema([("question", pa.string()), ("answer", pa.string())])


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen set as the log has it. `digest`: see `digest_of`; `items`: how many; `object`: where they are."""

    name: str
    digest: str
    items: int
    object: str
    operation: Operation


def digest_of(items: Sequence[tuple[str, str]]) -> str:
    """ "sha256:…" over the domain tag and the canonical JSON of [[question, answer], …], in order."""
    return "sha256:" + hashlib.sha256(DOMAIN + canonical_json([list(item) for item in items])).hexdigest()


def write_items(objects: Objects, items: Sequence[tuple[str, str]]) -> str:
    """Write the items as an object; its name."""
    table = pa.table({"question": [q for q, _ in items], "answer": [a for _, a in items]}, schema=_SCHEMA)
    return put_table(objects, table)


def read_items(objects: Objects, frozen: Frozen) -> list[tuple[str, str]]:
    """The (question, answer) pairs, in order. Raises Damaged when they are not those that were frozen."""
    table = get_table(objects, frozen.object)
    if (
        table.schema.names != _SCHEMA.names
        or table.column("question").null_count
        or table.column("answer").null_count
    ):
        raise Damaged(f"{object_key(frozen.object)} holds no eval items")
    items = list(zip(table.column("question").to_pylist(), table.column("answer").to_pylist(), strict=True))
    if digest_of(items) != frozen.digest or len(items) != frozen.items:
        raise Damaged(
            f"{object_key(frozen.object)} does not hold the items that {log_key(frozen.operation.seq)} froze"
        )
    return items


def frozen_sets(entries: Iterable[Operation]) -> dict[str, Frozen]:
    """Name → set, by name. The first operation that froze a name holds; raises Damaged when one says nothing."""
    found: dict[str, Frozen] = {}
    for operation in entries:
        if operation.action != ACTION:
            continue
        body = operation.body
        name, digest, items, stored = (body.get(key) for key in ("name", "digest", "items", "object"))
        if not (
            isinstance(name, str) and isinstance(digest, str) and isinstance(stored, str)
        ) or not isinstance(items, int):
            raise Damaged(f"{log_key(operation.seq)} freezes nothing that can be read")
        found.setdefault(name, Frozen(name, digest, items, stored, operation))
    return dict(sorted(found.items()))
