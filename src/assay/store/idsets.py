"""Sets of example ids in an operation: a few of them inline, many as an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from assay.errors import Damaged
from assay.kernels.ids import IdArray, as_ids, id_list, ids_of, is_increasing
from assay.store.objects import Objects, object_key
from assay.store.parquet import get_table, put_table

INLINE: Final = 64
"""Ids that an operation holds itself; more of them lie in an object that it names."""

_SCHEMA: Final = pa.schema([pa.field("id", pa.binary(32), nullable=False)])


def ids_body(objects: Objects, ids: IdArray) -> dict[str, Any]:
    """The fields of an operation that say these ids (V32, sorted, no two equal); the object, if any, is written."""
    if not is_increasing(ids):
        raise ValueError("ids must be sorted, no two equal")
    if len(ids) <= INLINE:
        return {"ids": [one.hex() for one in id_list(ids)], "count": len(ids)}
    column = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(32), len(ids), [None, pa.py_buffer(np.ascontiguousarray(ids).tobytes())]
    )
    return {"id_set": put_table(objects, pa.table([column], schema=_SCHEMA)), "count": len(ids)}


def ids_in(objects: Objects, body: Mapping[str, Any]) -> IdArray:
    """The ids that an operation's fields say: V32, sorted. Raises Damaged."""
    if "ids" in body:
        try:
            ids = as_ids([bytes.fromhex(one) for one in body["ids"]])
        except (ValueError, TypeError) as error:
            raise Damaged(f"an operation lists ids that are none: {error}") from None
    elif "id_set" in body:
        table = get_table(objects, body["id_set"])
        if table.schema.names != ["id"]:
            raise Damaged(f"{object_key(body['id_set'])} is not a set of ids")
        ids = ids_of(table["id"])
    else:
        return as_ids([])
    if len(ids) != body.get("count", len(ids)) or not is_increasing(ids):
        raise Damaged("an operation's ids are not sorted, not distinct, or not as many as it says")
    return ids
