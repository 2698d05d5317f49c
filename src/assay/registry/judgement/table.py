"""Judgements as a table for SQL: one row a judge and example, every one that was ever stated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from assay.kernels.ids import concat, contains, ids_of, order
from assay.registry.judgement.evidence import judgements_in, judges_of, judging_operations
from assay.store.sql.tables import Column, Table

if TYPE_CHECKING:
    from assay.model.operation import Operation
    from assay.registry.querying.tables import Scope

_STORED = (
    "judge", "outcome", "detail", "scores", "exclude", "reasoning", "raw", "steering", "answered_by", "input_tokens",
    "output_tokens", "created",
)  # fmt: skip
_JSON = ("scores", "raw", "steering")
_TYPES = {"exclude": pa.bool_(), "input_tokens": pa.int64(), "output_tokens": pa.int64()}


def judgement_table(scope: Scope) -> Table:
    """The judgements of examples of the versions in scope, whatever dataset they were said in."""
    columns = [
        Column("id", pa.binary(32), "lower(hex({}))"), Column("dataset", pa.string()), Column("model", pa.string()),
        Column("rubric", pa.string()),
        *(Column(n, _TYPES.get(n, pa.string()), "{}::JSON" if n in _JSON else "{}") for n in _STORED),
        Column("overall", pa.float64()), Column("price", pa.float64()), Column("operation", pa.int64()),
        Column("time", pa.string()),
    ]  # fmt: skip
    kinds = {column.name: column.type for column in columns}

    def load(names: Sequence[str]) -> pa.Table:
        made, members = [], concat([scope.ids(version) for version in scope.versions])
        members = members[order(members)]
        for operation in judging_operations(scope.registry.store.log.entries()):
            table = judgements_in(scope.registry.store.objects, operation)
            table = table.filter(pa.array(contains(members, ids_of(table["id"]))))
            made.append(pa.table({n: _column(n, operation, table, kinds[n]) for n in names}))
        schema = pa.schema([(n, kinds[n]) for n in names])
        return pa.concat_tables([one.cast(schema) for one in made]) if made else schema.empty_table()

    return Table("judgements", columns, load)


def _column(name: str, operation: Operation, table: pa.Table, kind: pa.DataType) -> Any:
    judges = judges_of(operation)
    said = {
        "dataset": operation.dataset, "rubric": operation.body.get("rubric_name"), "operation": operation.seq,
        "time": operation.time,
    }  # fmt: skip
    if name in said:
        return pa.array([said[name]] * len(table), kind)
    if name == "model":
        return pa.array([judges.get(one, {}).get("model") for one in table["judge"].to_pylist()], kind)
    if name == "overall":
        scores = [orjson.loads(one) if one else {} for one in table["scores"].to_pylist()]
        return pa.array([one.get("overall") for one in scores], kind)
    if name == "price":
        return pa.array([None if one is None else float(one) for one in table["price"].to_pylist()], kind)
    return table[name]
