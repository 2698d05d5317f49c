"""Folders for `datasets`: what goes in comes out, whatever the arguments of tool calls look like."""

import json

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import NotExpressible
from assay.formats.hub import MOST_FIELDS, SHARD_BYTES, Columns, HubRow, hub_splits, shard_names, write_shards

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool"]), "content": st.text(max_size=10)},
    optional={"tool_calls": JSON.filter(lambda v: v is not None), "name": st.text(max_size=5), "x": JSON},
)
CHATS = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGE, min_size=1, max_size=3)}, optional={"tools": st.lists(JSON, max_size=2)}
)
PAIRS = st.fixed_dictionaries(
    {"prompt": st.text(max_size=5) | st.lists(MESSAGE, max_size=2), "completion": st.text(max_size=5)},
    optional={"label": st.booleans() | st.integers(0, 3) | st.text(max_size=3)},
)
PAYLOADS = st.lists(CHATS | PAIRS, min_size=1, max_size=6)


def columns_of(rows):
    learned = Columns()
    for row in rows:
        learned.add(row)
    return learned.result()


def rows_of(payloads):
    return [HubRow(f"{k:064x}", payload, {}, None) for k, payload in enumerate(payloads)]


def back(value, column):
    if value is None:
        return None
    if column.type == "json":
        return json.loads(value)
    if column.type == "messages":
        return [{one.name: back(item[one.name], one) for one in column.fields} for item in value]
    return value


def bare(value):
    """A message without the keys whose value is null: those are no keys."""
    if isinstance(value, list):
        return [
            {k: v for k, v in item.items() if v is not None} if isinstance(item, dict) else item
            for item in value
        ]
    return value


@settings(max_examples=120)
@given(PAYLOADS)
def test_what_goes_in_comes_out(tmp_path_factory, payloads):
    folder, rows = tmp_path_factory.mktemp("hub"), rows_of(payloads)
    columns = columns_of(rows)
    (shard,) = write_shards(folder, shard_names("train", len(rows), 100), [rows], columns, "train")
    assert shard.rows == len(rows)
    for stored, row in zip(pq.read_table(folder / shard.path).to_pylist(), rows, strict=True):
        for column in columns[1:]:
            given = row.payload.get(column.name)
            assert bare(back(stored[column.name], column)) == bare(given), (column, given)


@settings(max_examples=60)
@given(PAYLOADS, st.randoms())
def test_columns_do_not_depend_on_the_order_of_rows(payloads, random):
    rows = rows_of(payloads)
    learned = columns_of(rows)
    random.shuffle(rows)
    assert columns_of(rows) == learned


def test_columns_have_plain_types_where_they_can():
    plain = rows_of([{"text": "a", "label": 1}, {"text": "b", "label": 2}])
    assert [(c.name, c.type) for c in columns_of(plain)] == [
        ("id", "string"),
        ("label", "int64"),
        ("text", "string"),
    ]
    mixed = rows_of([{"text": "a", "label": 1}, {"text": "b", "label": "two"}])
    assert {c.name: c.type for c in columns_of(mixed)}["label"] == "json"
    chat = rows_of([{"messages": [{"role": "user", "content": "a"}], "tools": []}])
    assert [(c.name, c.type) for c in columns_of(chat)[1:]] == [("messages", "messages"), ("tools", "json")]
    assert [c.name for c in columns_of(chat)[1].fields] == ["role", "content"]
    many = rows_of([{"messages": [{"role": "user", **{f"k{n}": "x" for n in range(MOST_FIELDS)}}]}])
    assert columns_of(many)[1].type == "json"


def test_large_splits_are_cut_and_every_row_is_in_one_shard(tmp_path):
    names = shard_names("train", 10, 3 * SHARD_BYTES)
    assert names == {f"data/train-{k:05d}-of-00003.parquet": n for k, n in enumerate((4, 4, 2))}
    rows = rows_of([{"text": str(n)} for n in range(10)])
    batches = [rows[:3], rows[3:9], rows[9:]]
    shards = write_shards(tmp_path, names, batches, columns_of(rows), "train")
    found = [row["text"] for shard in shards for row in pq.read_table(tmp_path / shard.path).to_pylist()]
    assert found == [str(n) for n in range(10)]
    again = write_shards(tmp_path, names, [rows], columns_of(rows), "train")
    assert [one.path for one in again] == [one.path for one in shards]


def test_names_of_splits_that_datasets_cannot_have():
    assert hub_splits(["train", "dev-set", "测试"]) == {
        "train": "train",
        "dev-set": "dev_set",
        "测试": "测试",
    }
    with pytest.raises(NotExpressible, match="'a-b' and 'a_b' are both 'a_b'"):
        hub_splits(["a_b", "a-b"])
