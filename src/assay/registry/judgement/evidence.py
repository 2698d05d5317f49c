"""Judgements in the log: what judges said of examples, with the evidence, beside the facts that follow from it.

An operation `fact` that a judge made names a Parquet object `judgements`, one row a judge and example, with columns as
`SCHEMA` has them. Of two by one judge about one example the later one stands, unless the earlier alone came to scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import Damaged
from assay.govern.facts import FACT
from assay.judge.judgement import NOT_APPLICABLE, SCORED, Judgement
from assay.kernels.ids import IdArray, contains, ids_of
from assay.model.operation import Operation
from assay.store.objects import Objects, object_key
from assay.store.parquet import get_table, put_table

SCHEMA: Final = pa.schema(
    [
        pa.field("id", pa.binary(32), nullable=False),
        pa.field("judge", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("detail", pa.string()),
        pa.field("scores", pa.string()),
        pa.field("exclude", pa.bool_()),
        pa.field("reasoning", pa.string()),
        pa.field("raw", pa.string()),
        pa.field("prompt", pa.string()),
        pa.field("answered_by", pa.string()),
        pa.field("request_ids", pa.string()),
        pa.field("input_tokens", pa.int64()),
        pa.field("output_tokens", pa.int64()),
        pa.field("price", pa.string()),
        pa.field("created", pa.string()),
        pa.field("mended", pa.bool_()),
        pa.field("steering", pa.string()),
    ]
)
"""`scores` is a JSON object; `raw`, `request_ids`, `steering` are JSON lists of text; `price` is exact US dollars."""

_STANDS: Final = (SCORED, NOT_APPLICABLE)
"""Outcomes that asking again does not change."""
_JSON: Final = ("raw", "request_ids", "steering")
_LIGHT: Final = tuple(name for name in SCHEMA.names if name not in ("reasoning", "raw"))
_WORDS: Final = ["judge", "outcome", "answered_by", "steering"]


def write_judgements(objects: Objects, judgements: Sequence[Judgement]) -> str:
    """Write judgements, sorted by id, then judge, as an object; its name."""
    rows = [_row(one) for one in sorted(judgements, key=lambda one: (one.id, one.judge))]
    return put_table(objects, pa.Table.from_pylist(rows, SCHEMA), _WORDS)


def _row(one: Judgement) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in SCHEMA.names}
    row |= {name: orjson.dumps(row[name]).decode() for name in _JSON}
    row["scores"] = orjson.dumps(dict(one.scores), option=orjson.OPT_SORT_KEYS).decode()
    return row | {"price": None if one.price is None else f"{one.price:f}", "detail": one.detail or None}


def judging_operations(entries: Iterable[Operation]) -> Iterator[Operation]:
    """The operations that hold judgements, oldest first."""
    return (one for one in entries if one.action == FACT and isinstance(one.body.get("judgements"), str))


def judges_of(operation: Operation) -> dict[str, dict[str, Any]]:
    """Digest → model, params and draws of the judges of an operation. Raises Damaged."""
    try:
        return {one["digest"]: dict(one) for one in operation.body["judges"]}
    except (KeyError, TypeError) as error:
        raise Damaged(f"operation {operation.seq} has judgements and does not say by whom: {error}") from None


def judgements_in(objects: Objects, operation: Operation, *, whole: bool = True) -> pa.Table:
    """The judgements of one operation, a table of `SCHEMA`; without reasoning and answers unless `whole`.
    Raises Damaged."""
    name = operation.body["judgements"]
    columns = SCHEMA.names if whole else list(_LIGHT)
    wanted = pa.schema([SCHEMA.field(column) for column in columns])
    try:
        return get_table(objects, name, columns).select(columns).cast(wanted)
    except (KeyError, ValueError, pa.ArrowException) as error:
        raise Damaged(f"{object_key(name)} does not hold judgements: {error}") from None


def judgement_of(row: dict[str, Any]) -> Judgement:
    """A judgement from a row of the table; what was erased of it is empty."""
    told = {name: value for name, value in row.items() if name in SCHEMA.names}
    told |= {name: tuple(orjson.loads(row[name])) if row.get(name) else () for name in _JSON}
    told["scores"] = orjson.loads(row["scores"]) if row["scores"] else {}
    told["price"] = None if row["price"] is None else Decimal(row["price"])
    return Judgement(**told | {"detail": row["detail"] or "", "prompt": row["prompt"] or ""})


@dataclass(frozen=True, slots=True)
class Known:
    """What the log has of some examples: judge's digest → id → the judgement that stands, without reasoning and
    answers; and (id, judge, created) of all that came to no scores."""

    stands: Mapping[str, dict[bytes, Judgement]]
    failed: set[tuple[bytes, str, str | None]]

    def __len__(self) -> int:
        return sum(map(len, self.stands.values()))


def known(objects: Objects, entries: Iterable[Operation], judges: Sequence[str], ids: IdArray) -> Known:
    """What the log has of the sorted `ids` by these judges, whatever dataset it was said in. Raises Damaged."""
    found = Known({judge: {} for judge in judges}, set())
    for operation in judging_operations(entries):
        if not judges_of(operation).keys() & found.stands.keys():
            continue
        table = judgements_in(objects, operation, whole=False)
        table = table.filter(pc.is_in(table["judge"], pa.array(list(judges))))
        table = table.filter(pa.array(contains(ids, ids_of(table["id"])))) if len(table) else table
        for row in table.to_pylist():
            # Of a forgotten example the scores are erased.
            if row["outcome"] in _STANDS and row["scores"] is not None:
                found.stands[row["judge"]][row["id"]] = judgement_of(row)
            else:
                found.failed.add((row["id"], row["judge"], row["created"]))
    return found


def about(
    objects: Objects, entries: Iterable[Operation], example: bytes
) -> Iterator[tuple[Operation, Judgement]]:
    """Every judgement of one example, oldest first, with the operation that states it. Raises Damaged."""
    wanted = np.frombuffer(example, "V32")
    for operation in judging_operations(entries):
        ids = ids_of(get_table(objects, operation.body["judgements"], ["id"])["id"])
        if not contains(wanted, ids).any():
            continue
        table = judgements_in(objects, operation)
        for row in table.filter(pa.array(contains(wanted, ids_of(table["id"])))).to_pylist():
            yield operation, judgement_of(row)
