"""A version for Great Expectations (GX Core 1.x): a flat table, a suite that holds for it, results of our own checks.

The suite is JSON as `ExpectationSuite` takes it, the results are as `ExpectationSuiteValidationResult` has them. GX
looks at columns and not into conversations: the table has an example's texts and plain figures about it. Of texts the
suite states lengths and no types: GX 1.24 knows no name for the text columns of pandas 3.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from assay.formats.export import ExportRow
from assay.model.example import kind_of, views

SCHEMA: Final = pa.schema(
    [pa.field("id", pa.string(), False), pa.field("split", pa.string(), False), pa.field("kind", pa.string(), False),
     pa.field("input", pa.string(), False), pa.field("output", pa.string(), False),
     pa.field("input_characters", pa.int64(), False), pa.field("output_characters", pa.int64(), False),
     pa.field("turns", pa.int64(), False), pa.field("last_role", pa.string()),
     *(pa.field(name, pa.string()) for name in ("origin", "generator", "licence"))]
)  # fmt: skip
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
SLACK: Final = 0.1
"""A later version's quantiles may lie so far below or above these."""

MOST_VALUES: Final = 100
"""With more different values than this a column has no set of values."""

MOST_IDS: Final = 200
"""Ids of examples that a result lists; all are counted."""

_NUMBERS: Final = ("input_characters", "output_characters", "turns")
_SETS: Final = ("split", "kind", "last_role", "origin", "generator", "licence")
_NUMBER_TYPES: Final = ("int64", "int", "INT64", "LongType", "BIGINT", "INTEGER")


def flat_row(row: ExportRow, split: str) -> dict[str, Any]:
    """An example as a row of the flat table. `turns` and `last_role` are of a conversation; 0 and null of others."""
    seen = views(row.payload)
    messages = row.payload.get("messages", [])
    return {
        "id": row.id.hex(),
        "split": split,
        "kind": kind_of(row.payload),
        "input": seen.input,
        "output": seen.output,
        "input_characters": len(seen.input),
        "output_characters": len(seen.output),
        "turns": len(messages),
        "last_role": messages[-1].get("role") if messages else None,
        **{name: row.provenance.get(name) for name in ("origin", "generator", "licence")},
    }


class Observed:
    """What was seen of the table's rows; some eight bytes a row and figure."""

    def __init__(self) -> None:
        self.rows = 0
        self._numbers = {name: array("q") for name in _NUMBERS}
        self._values: dict[str, Counter[str]] = {name: Counter() for name in _SETS}
        self._missing: Counter[str] = Counter()

    def add(self, row: Mapping[str, Any]) -> None:
        self.rows += 1
        for name, numbers in self._numbers.items():
            numbers.append(row[name])
        for name, values in self._values.items():
            if row[name] is None:
                self._missing[name] += 1
            elif len(values) <= MOST_VALUES or row[name] in values:
                values[row[name]] += 1

    def expectations(self) -> list[dict[str, Any]]:
        """What holds for the table; quantiles with some slack, so that it holds for a like version too."""
        names = SCHEMA.names
        found = [
            _expect("expect_table_columns_to_match_ordered_list", column_list=names),
            _expect("expect_table_row_count_to_equal", "warning", value=self.rows),
            _expect("expect_column_values_to_be_unique", column="id"),
            _expect("expect_column_values_to_match_regex", column="id", regex="^[0-9a-f]{64}$"),
        ]
        found += [
            _expect("expect_column_values_to_be_in_type_list", column=name, type_list=list(_NUMBER_TYPES))
            for name in _NUMBERS
        ]
        found += [
            _lengths(name, self._numbers[f"{name}_characters"]) for name in ("input", "output") if self.rows
        ]
        found += [
            _expect("expect_column_values_to_not_be_null", column=name)
            for name in names
            if self.rows and not self._missing[name]
        ]
        found += [
            _expect("expect_column_values_to_be_in_set", column=name, value_set=sorted(values))
            for name, values in self._values.items()
            if 0 < len(values) <= MOST_VALUES
        ]
        return found + [_quantiles(name, numbers) for name, numbers in self._numbers.items() if numbers]


def _lengths(name: str, numbers: array[int]) -> dict[str, Any]:
    return _expect(
        "expect_column_value_lengths_to_be_between",
        "warning",
        column=name,
        min_value=min(numbers),
        max_value=max(numbers),
    )


def _quantiles(name: str, numbers: array[int]) -> dict[str, Any]:
    values = np.frombuffer(numbers, np.int64)
    low = np.quantile(values, QUANTILES, method="lower")
    high = np.quantile(values, QUANTILES, method="higher")
    ranges = [
        [math.floor(a * (1 - SLACK)), math.ceil(b * (1 + SLACK))] for a, b in zip(low, high, strict=True)
    ]
    return _expect(
        "expect_column_quantile_values_to_be_between",
        "warning",
        column=name,
        quantile_ranges={"quantiles": list(QUANTILES), "value_ranges": ranges},
    )


def _expect(kind: str, severity: str = "critical", **arguments: Any) -> dict[str, Any]:
    return {"type": kind, "kwargs": arguments, "meta": {}, "severity": severity}


def suite(name: str, expectations: Sequence[Mapping[str, Any]], meta: Mapping[str, Any]) -> dict[str, Any]:
    """A suite; `meta` says of which version."""
    return {"name": name, "expectations": list(expectations), "meta": dict(meta), "notes": None}


def results(name: str, outcomes: Sequence[Mapping[str, Any]], meta: Mapping[str, Any]) -> dict[str, Any]:
    """Outcomes of our gate (`Outcome.as_json`) as the results of a suite: one a rule and code. What was waived, or only
    warns, does not fail the whole and says so in its `meta`."""
    made = [_result(one) for one in outcomes]
    good = sum(one["success"] for one in made)
    return {
        "success": all(one["status"] != "failed" for one in outcomes),
        "results": made,
        "suite_name": name,
        "suite_parameters": {},
        "statistics": {
            "evaluated_expectations": len(made),
            "successful_expectations": good,
            "unsuccessful_expectations": len(made) - good,
            "success_percent": 100 * good / len(made) if made else None,
        },
        "meta": dict(meta),
        "id": None,
    }


def _result(outcome: Mapping[str, Any]) -> dict[str, Any]:
    ids = list(outcome.get("ids", ()))
    return {
        "success": outcome["status"] == "passed",
        "expectation_config": {
            "type": f"assay_{outcome['rule']}_{outcome['code']}",
            "kwargs": {"limit": outcome["limit"], "unit": outcome["unit"], "bound": outcome["bound"]},
            "meta": {"message": outcome["message"]},
            "severity": "critical" if outcome["severity"] == "error" else "warning",
        },
        "result": {
            "observed_value": outcome["value"],
            "unexpected_count": outcome["count"],
            "unexpected_list": ids[:MOST_IDS],
        },
        "meta": {"status": outcome["status"], "waiver": outcome.get("waiver")},
        "exception_info": {"raised_exception": False, "exception_traceback": None, "exception_message": None},
    }
