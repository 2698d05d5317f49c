"""Facts are a fold of the log: the later operation wins, and null takes back."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import Damaged, UsageError
from assay.govern.facts import (
    FACT,
    check_key,
    check_value,
    facts,
    facts_about,
    facts_in,
    read_value,
    write_facts,
)
from assay.kernels.ids import as_ids, id_list
from assay.model.operation import Operation
from assay.store.memory import MemoryStorage
from assay.store.objects import Objects
from assay.store.parquet import put_table

IDS = [bytes([k]) * 8 + bytes(24) for k in range(4)]  # ids that end in zero bytes, as hashes may
KEYS = ["topic", "score", "主题"]
VALUES = st.one_of(
    st.none(), st.sampled_from(["退款", "", "3", "delivery"]), st.sampled_from([0.0, -1.5, 1e300])
)
SAID = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(KEYS), VALUES), min_size=1, max_size=6)


def entry(seq, objects, said, dataset="a"):
    rows = {(i, k): v for i, k, v in said}
    name = write_facts(objects, as_ids(i for i, _ in rows), [k for _, k in rows], list(rows.values()))
    return Operation(seq, None, "2026-11-01T00:00:00Z", "mira", FACT, dataset, {"facts": name})


def as_dict(found):
    rows = zip(
        id_list(found.ids), found.key.tolist(), found.value.to_pylist(), found.number.tolist(), strict=True
    )
    return {(i, found.keys[k]): number if text is None else text for i, k, text, number in rows}


@settings(deadline=None, max_examples=80)
@given(st.lists(SAID, max_size=6))
def test_the_fold_is_a_dictionary_that_is_written_to(history):
    objects = Objects(MemoryStorage())
    entries, model = [], {}
    for seq, said in enumerate(history, 1):
        entries.append(entry(seq, objects, said))
        model.update({(i, k): v for i, k, v in said})
        stands = {at: value for at, value in model.items() if value is not None}
        found = facts(objects, entries, "a")  # as of this operation
        assert as_dict(found) == stands
        assert [
            (i, found.keys[k]) for i, k in zip(id_list(found.ids), found.key.tolist(), strict=True)
        ] == sorted(stands)
        assert set(found.keys) == {key for _, key in stands}
        for key in found.keys:
            ids, values = found.said(key, numeric=key in found.scores)
            expected = {i: v for (i, k), v in stands.items() if k == key}
            if key not in found.scores:
                spelled = {0.0: "0", -1.5: "-1.5", 1e300: "1e+300"}
                expected = {i: v if isinstance(v, str) else spelled[v] for i, v in expected.items()}
            assert dict(zip(id_list(ids), values.to_pylist(), strict=True)) == expected


@settings(deadline=None, max_examples=40)
@given(SAID)
def test_what_is_said_of_one_example_is_what_the_operation_says_of_it(said):
    objects = Objects(MemoryStorage())
    twin = IDS[1][:8] + b"\x01" * 24  # somebody took pains to make one that begins alike
    one = entry(1, objects, [*said, (twin, "topic", "another's")])
    rows = facts_in(objects, one).to_pylist()
    for id_ in (*IDS, twin, b"\xff" * 32):
        assert facts_about(objects, one, id_).to_pylist() == [row for row in rows if row["id"] == id_]


def test_another_dataset_and_another_action_say_nothing():
    objects = Objects(MemoryStorage())
    said = [(IDS[0], "topic", "x")]
    other = Operation(2, None, "t", "mira", "note", "a", {"facts": "nothing"})
    assert len(facts(objects, [entry(1, objects, said, "b"), other], "a")) == 0


def test_an_object_that_holds_no_facts_is_damage():
    objects = Objects(MemoryStorage())
    wrong = put_table(objects, pa.table({"id": [1]}))
    lacking = put_table(
        objects,
        pa.table(
            {
                "id": pa.array([None], pa.binary(32)),
                "key": ["k"],
                "value": ["v"],
                "number": pa.array([None], pa.float64()),
            }
        ),
    )
    for body in ({"facts": wrong}, {"facts": lacking}, {}, {"facts": 7}):
        with pytest.raises(Damaged):
            facts(objects, [Operation(1, None, "t", "mira", FACT, "a", body)], "a")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3.0), ("-4.5e2", -450.0), (".5", 0.5), ("refunds", "refunds"), ("退款", "退款"), ('"3"', "3"), ('"', '"'),
        ("1e", "1e"), ("nan", "nan"), ("inf", "inf"), ("0x10", "0x10"), ("1_000", "1_000"), ("３", "３"),
        ('"a"b"', '"a"b"'),
    ],
)  # fmt: skip
def test_what_reads_as_a_number_is_one(text, value):
    assert read_value(text, "here") == value


@pytest.mark.parametrize("value", [math.inf, math.nan, 10**400, [1], {"a": 1}, "退" * 700])
def test_a_fact_is_a_short_text_or_a_finite_number(value):
    with pytest.raises(UsageError, match="line 3"):
        check_value(value, "line 3")
    assert check_value(True, "") == "true" and check_value(2, "") == 2.0 and check_value(None, "") is None


@pytest.mark.parametrize("key", ["Topic", "", "a b", "../x", "x" * 101, "a;b", "."])
def test_a_key_is_a_name_in_lower_case(key):
    with pytest.raises(UsageError):
        check_key(key)
    assert check_key("task_type") and check_key("主题") and check_key("judge.helpful")
