"""What Great Expectations is told: expectations that hold for the rows, and results of our gate as its results."""

from assay.formats.export import ExportRow
from assay.formats.gx import MOST_IDS, MOST_VALUES, SCHEMA, Observed, flat_row, results


def rows(count):
    for k in range(count):
        turns = [{"role": "user", "content": f"问{k}"}, {"role": "assistant", "content": "答" * (k + 1)}]
        payload = {"messages": turns} if k % 4 else {"text": "字"}
        yield flat_row(
            ExportRow(payload, {}, None, "payload", {"generator": f"m{k}"}, k.to_bytes(32)), "train"
        )


def told(count):
    observed = Observed()
    for row in rows(count):
        assert list(row) == SCHEMA.names
        observed.add(row)
    return observed.expectations()


def of(expectations, kind, column):
    return [e["kwargs"] for e in expectations if e["type"] == kind and e["kwargs"].get("column") == column]


def test_rows_are_flat():
    text, chat = list(rows(2))
    assert (text["kind"], text["turns"], text["last_role"], text["output"]) == ("text", 0, None, "字")
    assert (chat["turns"], chat["last_role"], chat["input"], chat["output_characters"]) == (
        2,
        "assistant",
        "问1",
        2,
    )


def test_expectations_hold_for_what_was_seen():
    found = told(40)
    assert of(found, "expect_column_values_to_be_in_set", "kind") == [
        {"column": "kind", "value_set": ["messages", "text"]}
    ]
    assert of(found, "expect_column_values_to_not_be_null", "id") and not of(
        found, "expect_column_values_to_not_be_null", "last_role"
    )
    assert of(found, "expect_column_value_lengths_to_be_between", "output")[0]["max_value"] == 40
    (quantiles,) = of(found, "expect_column_quantile_values_to_be_between", "output_characters")
    assert [low < high for low, high in quantiles["quantile_ranges"]["value_ranges"]] == [True] * 5
    many = told(MOST_VALUES + 50)
    assert not of(many, "expect_column_values_to_be_in_set", "generator")


def test_a_version_without_rows_has_a_suite():
    found = told(0)
    assert of(found, "expect_table_row_count_to_equal", None) == [{"value": 0}]
    assert not of(found, "expect_column_values_to_not_be_null", "id")


def test_results_count_everything_and_name_so_many():
    def outcome(status, severity, ids):
        about = {"rule": "size", "code": "too_small", "message": "m", "unit": "examples", "bound": "least"}
        said = {"status": status, "severity": severity, "value": 1.0, "limit": 2.0}
        return {**about, **said, "count": len(ids), "ids": ids}

    bad = [
        outcome("failed", "error", ["a"] * (MOST_IDS + 1)),
        outcome("passed", "error", []),
        outcome("warned", "warning", []),
    ]
    made = results("s", bad, {})
    assert (made["success"], made["statistics"]["successful_expectations"]) == (False, 1)
    assert made["results"][0]["result"]["unexpected_count"] == MOST_IDS + 1
    assert len(made["results"][0]["result"]["unexpected_list"]) == MOST_IDS
    assert made["results"][0]["expectation_config"]["type"] == "assay_size_too_small"
    assert results("s", bad[1:], {})["success"] is True
    assert results("s", [], {})["statistics"]["success_percent"] is None
