"""find, rejected and restore as people and scripts meet them."""

from __future__ import annotations

import json
import shlex

import pytest
from rich.cells import cell_len

ROWS = [
    {
        "input": f"订单{n}什么时候到? number {n * 7919}",
        "output": f"答复{n} " + f"word{n} " * (n + 1),
        "intent": "delivery" if n % 3 else "退款",
    }
    for n in range(1, 9)
]
HOSTILE = {
    "input": "\x1b[31mred \u202eevil\u2066 " + "很长的文字" * 40,
    "output": "ok\x07 then " + "z" * 300,
    "intent": "\x1b]0;title\x07" + "长" * 80,
}


@pytest.fixture
def desk(assay_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [*ROWS, HOSTILE, ROWS[0], {**ROWS[1], "output": ROWS[1]["output"] + "!"}]
    lines = [json.dumps(row) for row in rows] + ['{"broken\x1b[2J\u202e']
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (tmp_path / "r.yaml").write_text("stages:\n  - exact_dedup: {}\n  - near_dedup: {threshold: 0.5}\n")
    assert assay_run("init").code == 0
    assert assay_run("curate", "helpdesk", "a.jsonl", "--recipe", "r.yaml").code == 0
    return assay_run


def fits(text):
    """No line is wider than 80 columns, command lines to copy aside, and nothing in it acts on a terminal."""
    assert not set(text) & set("\x1b\x07\u202e\u2066")
    for line in text.split("\n"):
        assert cell_len(line) <= 80 or line.startswith("  assay "), line
    return True


def test_a_page_of_examples(desk):
    found = desk("find", "helpdesk@v1", "lang:zh", "--facets", "-n", "3")
    assert (found.code, found.err) == (0, "")
    assert fits(found.out)
    assert "helpdesk@v1" in found.out and "1 to 3" in found.out
    assert "✓ zh" in found.out and "delivery" in found.out and "\\x1b]0;title" in found.out


def test_pages_are_turned_by_the_command_that_is_offered(desk):
    seen, command = [], ["find", "helpdesk", "-n", "4"]
    while command:
        found = desk(*command)
        assert found.code == 0 and fits(found.out)
        answer = desk(*command, "--json").json
        seen += [row["id"] for row in answer["rows"]]
        (line,) = [one for one in found.out.split("\n") if "--after" in one] or [""]
        command = shlex.split(line.split("  the next")[0])[1:]
    assert len(seen) == len({*seen}) == answer["total"]
    back = desk("find", "helpdesk", "-n", "4", "--before", answer["previous"], "--json").json
    assert [row["id"] for row in back["rows"]] == seen[-len(answer["rows"]) - 4 : -len(answer["rows"])]


def test_the_answer_for_scripts(desk):
    answer = desk("find", "helpdesk", "intent:退款 number", "--sort", "-length", "--json").json
    assert {"version", "total", "examples", "first", "next", "previous", "fields", "sorts"} < {*answer}
    assert answer["query"] == "number intent:退款" and answer["sort"] == "-length"
    assert {*answer["rows"][0]} >= {"id", "split", "kind", "input", "output", "flags", "scores", "language"}
    lengths = [row["length"] for row in answer["rows"]]
    assert lengths == sorted(lengths, reverse=True)
    intent = next(facet for facet in answer["facets"] if facet["field"] == "intent")
    assert {"value": "退款", "rows": answer["total"], "picked": True} in intent["values"]


def test_hostile_text_is_shown_escaped_and_given_as_it_is(desk):
    found = desk("find", "helpdesk", "evil", "--facets")
    assert fits(found.out) and "\\x1b[31mred \\u202eevil" in found.out
    (row,) = desk("find", "helpdesk", "evil", "--json").json["rows"]
    assert row["input"].startswith("\x1b[31mred \u202eevil") and row["cut"]


def test_what_is_no_query(desk):
    for words, says in (
        (("intend:x",), "no field 'intend' (character 1 of the query)"),
        (('a "b',), "at character 3 of the query: a quote is opened and never closed"),
        (("--", "score>"), "no value"),
        (("", "--sort", "intent"), "not sorted by 'intent'"),
        (("", "--after", "xyz"), "no key of a page"),
    ):
        found = desk("find", "helpdesk", *words)
        assert found.code == 2 and says in found.err and not found.out


def test_nothing_found_is_no_error(desk):
    found = desk("find", "helpdesk", "absent")
    assert found.code == 0 and "nothing is so" in found.out


def test_a_page_of_rejected_records(desk):
    found = desk("rejected", "helpdesk")
    assert found.code == 0 and fits(found.out)
    for told in ("identical", "malformed", "twin", "a.jsonl:10", "similarity 1.000", "\\x1b[2J"):
        assert told in found.out, told
    answer = desk("rejected", "helpdesk", "--stage", "near_dedup", "--sort", "-value", "--json").json
    assert answer["total"] == len(answer["rows"]) == 1
    assert answer["rows"][0]["threshold"] == 0.5 and answer["rows"][0]["twin_id"]
    none = desk("rejected", "helpdesk", "--stage", "pii")
    assert none.code == 2 and "near_dedup" in none.err
    page = desk(
        "rejected", "helpdesk", "number", "--source", "a.jsonl", "--sort", "sample", "--seed", "7", "-n", "1"
    )
    assert page.code == 0 and "--sort sample --seed 7 --limit 1 --after" in page.out


def test_restoring_a_record(desk):
    (row,) = desk("rejected", "helpdesk", "--stage", "near_dedup", "--json").json["rows"]
    place = f"a.jsonl:{row['record']}"
    planned = desk("restore", "helpdesk", place, "--reason", "not the same", "--dry-run")
    assert planned.code == 0 and "would restore 1 record" in planned.out and fits(planned.out)
    done = desk("restore", "helpdesk", place, "--reason", "not the same", "--json").json
    assert (done["version"], done["records"][0]["id"]) == ("helpdesk@v2", row["id"])
    again = desk("restore", "helpdesk", place, "--reason", "not the same")
    assert again.code == 2 and "stands in helpdesk@v2" in again.err
    assert desk("restore", "helpdesk", "a.jsonl:1", "--reason", "x").code == 2
    log = desk("log", "helpdesk")
    assert "restore" in log.out and "not the same" in log.out
