"""The answer of a query as JSON has it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

_ROWS: Final = 5_000


def as_json(found: pa.Table) -> dict[str, Any]:
    """Columns, and every row as a list."""
    return {
        "columns": [{"name": field.name, "type": str(field.type)} for field in found.schema],
        "rows": [[plain(value) for value in row] for row in rows_of(found)],
    }


def plain(value: Any) -> Any:
    """A value of an Arrow column as JSON has it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def rows_of(found: pa.Table) -> Iterator[list[Any]]:
    for batch in found.to_batches(max_chunksize=_ROWS):
        columns = [column.to_pylist() for column in batch.columns]
        yield from map(list, zip(*columns, strict=True))
