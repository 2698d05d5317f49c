"""SQL from which nothing can be reached but the tables at hand, and of them only what is asked for."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.store.sql.database import Limits, answer, matching
from assay.store.sql.tables import Column, Table

ROWS = {
    "id": pa.chunked_array([[b"a" * 32, b"b" * 32], [b"c" * 32]], pa.binary(32)),
    "generator": pa.chunked_array([["gpt-4", "作者"], [None]], pa.string()),
    "payload": pa.chunked_array([['{"text":"x"}', '{"text":"退款"}'], ["{}"]], pa.string()),
    "score": pa.chunked_array([[1.0, 4.5], [None]], pa.float64()),
}


class Asked:
    """Two tables that remember which columns were read."""

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.examples = Table(
            "examples",
            [
                Column("id", pa.binary(32), "lower(hex({}))"),
                Column("generator", pa.string()),
                Column("payload", pa.string(), "{}::JSON"),
                Column("score", pa.float64()),
            ],
            self.load,
            {"fact": {"score": "score"}},
        )
        self.log = Table(
            "log", [Column("seq", pa.int64())], lambda names: pa.table({"seq": pa.chunked_array([[1, 2]])})
        )

    def load(self, names):
        self.columns += names
        return pa.table({name: ROWS[name] for name in names})

    def query(self, sql, **limits):
        return answer(sql, [self.examples, self.log], Limits(**limits)).to_pylist()

    def where(self, expression):
        found = matching(expression, self.examples, Limits())
        return [bytes.fromhex(one)[:1].decode() for one in found["id"].to_pylist()]


@pytest.fixture
def asked():
    return Asked()


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT generator, count(*) FROM examples GROUP BY 1", ["generator"]),
        ("WITH e AS (FROM examples) SELECT count(generator) FROM (SELECT * FROM e)", ["generator"]),
        ("SELECT score FROM examples WHERE payload->>'text' = '退款'", ["payload", "score"]),
        ("SELECT fact.score FROM examples", ["score"]),
        ("SELECT e FROM examples AS e", list(ROWS)),
        ("SELECT a.score FROM examples a JOIN examples b USING (generator)", ["generator", "score"]),
        ("SELECT * FROM log", []),
        ("SELECT 1 FROM examples WHERE 1 = 0", []),
        ("DESCRIBE examples", []),
    ],
)
def test_only_what_a_statement_needs_is_read(asked, sql, columns):
    asked.query(sql)
    assert sorted(set(asked.columns)) == sorted(columns)


def test_columns_that_are_not_read_change_no_answer(asked):
    assert asked.query("SELECT count(*) AS n FROM examples") == [{"n": 3}]
    assert asked.query("SELECT count(*) AS n FROM examples, log") == [{"n": 6}]
    assert asked.query("SELECT fact.score AS s FROM examples WHERE generator = '作者'") == [{"s": 4.5}]
    everything = asked.query("FROM examples ORDER BY id")
    assert [row["id"] for row in everything] == [(letter * 32).encode().hex() for letter in "abc"]
    assert everything[1]["payload"] == '{"text":"退款"}' and everything[1]["fact"] == {"score": 4.5}


STATEMENTS = [
    "SELECT * FROM '{file}'",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM parquet_scan('{file}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('examples')",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM json_execute_serialized_sql('{{}}')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM memory.main.examples",
    "SELECT * FROM loaded_examples",
    "SELECT * FROM (SELECT * FROM (WITH x AS (SELECT 1) SELECT (SELECT count(*) FROM '{file}') FROM x))",
    "SELECT current_setting('threads')",
    "SELECT getvariable('x')",
    "SELECT repeat('x', 4000000000)",
    "SELECT range(4000000000)",
    "SELECT score FROM examples WHERE len(lpad('x', 4000000000, 'y')) > 1",
    "COPY examples TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "EXPORT DATABASE '{folder}/out'",
    "ATTACH '{folder}/out.db'",
    "CREATE TABLE t AS SELECT 1",
    "CREATE MACRO m() AS 1",
    "INSERT INTO examples VALUES (1)",
    "DELETE FROM examples",
    "DROP VIEW examples",
    "INSTALL httpfs",
    "LOAD json",
    "SET threads = 8",
    "SET enable_external_access = true",
    "RESET threads",
    "PRAGMA version",
    "CALL pragma_version()",
    "PREPARE p AS SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO '{folder}/out.csv'",
    "",
    "   ",
    "SELEC 1",
    "SELECT '\ud800'",
]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_nothing_else_can_be_reached(asked, tmp_path, sql):
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    with pytest.raises(UsageError) as refused:
        asked.query(sql.format(file=secret, folder=tmp_path))
    assert refused.value.message and "\n" not in refused.value.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv"]
    assert asked.columns == []


def test_a_variable_of_the_program_is_no_table(asked):
    frame = pa.table({"x": [1]})
    with pytest.raises(UsageError, match="no table 'frame'"):
        asked.query("SELECT * FROM frame")
    assert len(frame) == 1


def test_time_memory_and_answer_are_bounded(asked):
    with pytest.raises(UsageError, match=r"more than 0\.2 seconds"):
        asked.query("SELECT count(*) FROM range(100000000000) a WHERE a.range % 7 = 1", seconds=0.2)
    with pytest.raises(UsageError, match="answer has more than 1 MiB"):
        asked.query("SELECT * FROM range(100000000)", answer_bytes=1 << 20)
    with pytest.raises(UsageError, match="of memory"):
        asked.query(
            "SELECT count(*) FROM (SELECT DISTINCT range::VARCHAR || 'xxxxxxxxxxxxxxxxxxxx' FROM range(4000000))",
            memory_bytes=64 << 20,
        )


def test_errors_name_columns(asked):
    with pytest.raises(UsageError) as wrong:
        asked.query("SELECT generater FROM examples")
    assert wrong.value.message == "there is no column 'generater'"
    assert wrong.value.hint.startswith("did you mean generator?") and "score" in wrong.value.hint
    with pytest.raises(UsageError) as lost:
        asked.query("SELECT * FROM exampels")
    assert "did you mean examples?" in lost.value.hint
    with pytest.raises(UsageError, match="Could not convert"):
        asked.query("SELECT generator::INT FROM examples")


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("generator = 'gpt-4'", "a"),
        ("generator = '作者' and score > 3", "b"),
        ("generator is null or score < 2", "ac"),
        ("payload->>'text' like '%款'", "b"),
        ("true -- ) and (", "abc"),
        ("/* ) */ score > 3", "b"),
        ("fact.score between 4 and 5", "b"),
        ("1 = 0", ""),
    ],
)
def test_where_is_one_expression_on_a_row(asked, expression, found):
    assert "".join(asked.where(expression)) == found


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "true; SELECT 1",
        "true) UNION SELECT id FROM examples WHERE (true",
        "true) LIMIT (1",
        "true) ORDER BY (id",
        "true) GROUP BY (id",
        "id IN (SELECT id FROM examples)",
        "EXISTS (FROM examples)",
        "EXISTS (FROM '/etc/hosts')",
        "count(*) > 1",
        "row_number() OVER () = 1",
        "generator = 'x",
        "scor < 1",
        "fact.scor < 1",
        "len(repeat('x', 4000000000)) > 1",
        "current_setting('threads') = '1'",
        "x" * 200_000,
    ],
)
def test_where_is_nothing_else(asked, expression):
    with pytest.raises(UsageError):
        asked.where(expression)


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from(list("()'\";-/*= selctfromwhrandu1,退")), max_size=40))
def test_no_text_is_anything_but_an_expression_or_refused(text):
    asked = Asked()
    try:
        found = asked.where(text)
    except UsageError:
        return
    assert set(found) <= set("abc") and len(found) == len(set(found))
