"""Parquet that we wrote gives every record back as it was; to others its columns are plain."""

import json

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats.columns import METADATA, MOST_FIELDS, Layout, learn
from assay.formats.export import ExportRow, write_rows
from assay.formats.source import open_source
from assay.model.record import Malformed

KEYS = st.sampled_from(["a", "b", "messages", "tools", "a/b", "~", "", "__null__", "日期", "arguments"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70)
    | st.sampled_from([1, 1.0, 0, -0.0, 1e300, "", "null", "1"])
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
RECORDS = st.lists(st.dictionaries(KEYS, JSON, max_size=4), min_size=1, max_size=6)
ALIKE = st.lists(st.dictionaries(KEYS, st.none() | st.text(max_size=2) | st.lists(
    st.dictionaries(KEYS, st.none() | st.text(max_size=2), max_size=3) | st.none(), max_size=3), max_size=4),
    min_size=1, max_size=6)  # fmt: skip


def exactly(value):
    """A value's JSON, in which 1 and 1.0 differ, and null and missing keys."""
    return json.dumps(value, sort_keys=True)


def through(path, records):
    rows = [ExportRow({"text": ""}, dict(one), None, "text", {}, b"") for one in records]
    assert write_rows(path, rows, None, "parquet") == len(records)
    with open_source(path, shape="payload") as source:
        return [dict(one.data) for one in source.records()]


@settings(deadline=None, max_examples=150)
@given(records=RECORDS | ALIKE)
def test_every_record_comes_back(tmp_path_factory, records):
    found = through(tmp_path_factory.mktemp("pq") / "a.parquet", records)
    assert [exactly(one) for one in found] == [exactly({"text": "", **one}) for one in records]


def test_columns_are_plain_to_others(tmp_path):
    turns = [{"role": "user", "content": "问"}, {"role": "assistant", "tool_calls": [{"f": {"x": 1}}]}]
    other = [{"role": "user", "content": None}]
    records = [
        {"messages": turns, "score": 1.5, "tags": ["a", "b"], "meta": {"n": 1, "s": "x"}, "n": 1, "mixed": 1},
        {"messages": other, "score": None, "tags": [], "meta": {"n": 2, "s": "y"}, "n": 2, "mixed": "x"},
    ]
    assert [exactly(one) for one in through(tmp_path / "a.parquet", records)] == [
        exactly({"text": "", **one}) for one in records
    ]
    table = pq.read_table(tmp_path / "a.parquet")
    message = pa.struct([("role", pa.string()), ("content", pa.string()), ("tool_calls", pa.string())])
    types = {field.name: field.type for field in table.schema}
    assert types["messages"] == pa.list_(message)
    assert (types["score"], types["tags"], types["n"]) == (pa.float64(), pa.list_(pa.string()), pa.int64())
    assert (
        types["meta"] == pa.struct([("n", pa.int64()), ("s", pa.string())]) and types["mixed"] == pa.string()
    )
    assert table.column("__null__").to_pylist() == [None, ["/messages/0/content", "/score"]]
    assert table.column("mixed").to_pylist() == ["1", '"x"']
    assert table.column("messages").to_pylist()[0][1]["tool_calls"] == '[{"f":{"x":1}}]'


def test_objects_of_many_keys_are_json(tmp_path):
    records = [{"messages": [{f"k{k}": k for k in range(MOST_FIELDS + 1)}]}]
    assert learn(records).types["messages"].name == "json"
    assert through(tmp_path / "a.parquet", records) == [{"text": "", **records[0]}]


@pytest.mark.parametrize(
    "said",
    [
        b"no json", b"[]", b"{}", {"columns": 2}, {"columns": 1, "json": 3}, {"columns": 1, "json": [[]]},
        {"columns": 1, "json": [[1]]}, {"columns": 1, "json": [["a"]], "nulls": 3, "drop": [], "spread": []},
        {"columns": 1, "json": [[None]], "nulls": None, "drop": [], "spread": []},
        {"columns": 1, "json": [["a", {}]], "nulls": None, "drop": [], "spread": []},
        {"columns": 1, "json": [], "nulls": None, "drop": [1], "spread": []},
    ],
)  # fmt: skip
def test_metadata_that_are_not_ours_change_nothing(tmp_path, said):
    metadata = {METADATA: said if isinstance(said, bytes) else orjson.dumps(said)}
    assert Layout.of(metadata) is None
    table = pa.table({"text": ["a"], "a": pa.array([None], pa.string())}).replace_schema_metadata(metadata)
    pq.write_table(table, tmp_path / "a.parquet")
    with open_source(tmp_path / "a.parquet") as source:
        assert [dict(one.data) for one in source.records()] == [{"text": "a", "a": None}]


def test_metadata_that_lie_make_records_malformed_or_odd_and_never_stop_the_reading(tmp_path):
    layout = Layout((("text",), ("text", None, "x"), ("b", "c")), "text", ("z",), ("b",))
    table = pa.table({"text": ['"a"', "{", None], "b": ["[1]", "{}", "x"]}).replace_schema_metadata(
        layout.metadata()
    )
    pq.write_table(table, tmp_path / "a.parquet")
    with open_source(tmp_path / "a.parquet", shape="text") as source:
        found = list(source.records())
    assert [one.number for one in found] == [1, 2, 3]
    assert isinstance(found[2], Malformed) and found[2].code == "invalid_json"
