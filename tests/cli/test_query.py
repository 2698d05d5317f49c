"""query, fact and facts as people and scripts meet them."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pytest
from rich.cells import cell_len

from assay.cli.render import query as picture

ROWS = [
    {
        "id": f"T{n}", "input": f"订单{n}什么时候到? number {n}", "output": f"答复{n} " + "word " * n,
        "topic": "delivery" if n % 3 else "退款",
    }
    for n in range(1, 9)
]  # fmt: skip


@pytest.fixture
def desk(assay_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    assert assay_run("init").code == 0
    assert assay_run("import", "helpdesk", "a.jsonl", "--generator", "gpt-4").code == 0
    return assay_run


def test_a_table_fits_80_columns(desk):
    for sql in (
        "FROM examples",
        "SELECT id, input, output FROM examples ORDER BY record",
        "FROM examples LIMIT 1",
        "FROM decisions",
        "FROM log",
        "FROM versions",
        "DESCRIBE examples",
    ):
        drawn = desk("query", sql)
        assert drawn.code == 0 and drawn.out
        assert max(cell_len(line) for line in drawn.out.splitlines()) <= 80, sql
    assert "did not fit" in desk("query", "FROM examples").out
    counted = desk(
        "query", "SELECT extra->>'topic' AS topic, count(*) AS n FROM examples GROUP BY 1 ORDER BY 2"
    )
    assert counted.out == "topic     n\n退款      2\ndelivery  6\n"
    assert desk("query", "SELECT id FROM examples WHERE false").out == "no rows\n"
    assert "… 5 rows more" in desk("query", "SELECT record FROM examples", "-n", "3").out


def test_json_and_csv_give_every_row(desk):
    sql = "SELECT record, input, payload FROM examples ORDER BY record"
    found = desk("query", sql, "--json").json
    assert [column["name"] for column in found["columns"]] == ["record", "input", "payload"]
    assert [row[:2] for row in found["rows"]] == [[n, row["input"]] for n, row in enumerate(ROWS, 1)]
    cells = list(csv.reader(io.StringIO(desk("query", sql, "--csv", "-n", "1").out)))
    assert cells[0] == ["record", "input", "payload"] and [row[:2] for row in cells[1:]] == [
        [str(n), row["input"]] for n, row in enumerate(ROWS, 1)
    ]
    assert desk("query", sql, "--csv", "--json").code == 2


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"]
)
def test_a_spreadsheet_runs_no_cell(text):
    assert picture.cell(text) == "'" + text
    assert picture.cell(f"a {text}") == f"a {text}" and picture.cell(-2.5) == "-2.5"


def test_hostile_text_does_nothing_to_a_terminal(paint):
    evil = "\x1b[31mred\x1b[0m \u202e x [bold]y[/] \n" + "长" * 300
    drawn = paint(picture.rows(pa.table({"\x1b]0;t": [evil, None], "n": [1, 2]}), 10))
    assert "\x1b" not in drawn and "\u202e" not in drawn and "\\x1b[31m" in drawn
    assert max(cell_len(line) for line in drawn.splitlines()) <= 80
    one = paint(picture.rows(pa.table({name: [evil] for name in "abcd"}), 10))
    assert "\x1b" not in one and max(cell_len(line) for line in one.splitlines()) <= 80


def test_errors_say_what_is_wrong(desk):
    wrong = desk("query", "SELECT generater FROM examples")
    assert wrong.code == 2 and "no column 'generater'" in wrong.err and "did you mean generator" in wrong.err
    assert desk("query", "DROP VIEW examples").code == 2
    assert desk("query", "SELECT 1; SELECT 2", "--json").json["error"]["code"] == "usage"
    assert desk("query", "FROM examples", "--ref", "nothing").code == 2


def test_facts_from_the_command_line(desk):
    done = desk(
        "fact", "helpdesk", "topic=退款", "score=4.5", "--where", "extra->>'topic' = '退款'", "--json"
    ).json
    assert done == {
        "dataset": "helpdesk", "examples": 2, "stated": 4, "removed": 0, "unchanged": 0,
        "keys": ["score", "topic"], "operation": 2,
    }  # fmt: skip
    first = desk("query", "SELECT id FROM examples WHERE score > 4 ORDER BY id LIMIT 1", "--json").json[
        "rows"
    ][0][0]
    assert "stated 1 fact about 1 example" in desk("fact", "helpdesk", "lang=zh", "--id", first[:10]).out
    assert "took back 1 fact" in desk("fact", "helpdesk", "--remove", "score", "--id", first).out
    assert "nothing to do" in desk("fact", "helpdesk", "--remove", "score", "--id", first).out
    shown = desk("facts", "helpdesk")
    assert max(cell_len(line) for line in shown.out.splitlines()) <= 80 and "退款 2" in shown.out
    assert [key["key"] for key in desk("facts", "helpdesk", "--json").json["keys"]] == [
        "lang",
        "score",
        "topic",
    ]
    assert len(desk("search", "订单", "--where", "score > 4", "--json").json["hits"]) == 1
    everywhere = desk("search", "订单", "--all", "--where", "lang = 'zh'")
    assert "held by  helpdesk v1 to the newest in train" in everywhere.out
    assert desk("export", "helpdesk", "out", "--where", "topic = '退款'", "--json").json["files"] == {
        "out/train.jsonl": 2
    }


@pytest.mark.parametrize(
    "words",
    [
        ["topic=x"],
        ["--where", "true"],
        ["topic", "--where", "true"],
        ["topic=", "--where", "true"],
        ["topic=x", "topic=y", "--where", "true"],
        ["topic=x", "--remove", "topic", "--where", "true"],
        ["topic=x", "--where", "true", "--id", "0123456789"],
        ["topic=x", "--from", "a.jsonl"],
        ["--from", "a.jsonl", "--where", "true"],
        ["--from", "none.csv"],
        ["a b=x", "--where", "true"],
        ["topic=x", "--where", "tru"],
    ],
)
def test_a_fact_that_makes_no_sense_is_refused(desk, words):
    refused = desk("fact", "helpdesk", *words)
    assert refused.code == 2 and refused.err.startswith("error: ")
    assert len(desk("log", "--json").json["operations"]) == 1
