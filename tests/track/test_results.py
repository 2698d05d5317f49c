"""Results of evaluations as other tools write them: what is read, and what is refused with its place."""

import json
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import BadInput, NotFound, UsageError
from assay.track.results import opening, values
from assay.track.results.reading import read
from assay.track.results.values import Evaluation, Item, tidy
from tests.track.tool_files import archive, inspect_archive, inspect_log, lm_eval


def test_lm_eval_with_items(tmp_path):
    [found] = read(str(lm_eval(tmp_path, [1, 0, 1, 1, 0, 1])))
    assert (found.tool, found.name, found.model, found.seed, found.metrics) == (
        "lm-eval",
        "helpdesk",
        "tiny",
        3,
        ("acc",),
    )
    assert found.figures == {"acc": pytest.approx(4 / 6)} and found.lower == frozenset()
    first = found.items[0]
    assert (first.id, first.scores, first.question, first.tags) == (
        "0",
        {"acc": 1.0},
        "What is 0?",
        {"topic": "refunds"},
    )
    assert first.content == "0" * 64
    assert read(str(tmp_path))[0].items == found.items  # a folder
    [alone] = read(str(next(tmp_path.glob("samples_*"))))
    assert alone.items == found.items and alone.name == "helpdesk"


def test_lm_eval_filters_are_metrics_of_their_own_and_groups_are_left_out(tmp_path):
    [found] = read(str(lm_eval(tmp_path, [1, 0, 1, 1], filters=("strict", "flexible"))))
    assert found.metrics == ("acc,flexible", "acc,strict") and len(found.items) == 4
    next(tmp_path.glob("samples_*")).unlink()
    [figures] = read(str(next(tmp_path.glob("results_*"))))
    assert figures.items == () and figures.figures["acc,strict"] == 0.75


def test_less_may_be_better(tmp_path):
    path = lm_eval(tmp_path, [1, 0])
    said = json.loads(path.read_text())
    said["higher_is_better"]["helpdesk"]["acc"] = False
    path.write_text(json.dumps(said))
    assert read(str(path))[0].lower == {"acc"}


@pytest.mark.parametrize("method", [0, 8, 93])
def test_inspect_archives(tmp_path, method):
    path = inspect_archive(tmp_path / "a.eval", inspect_log(["C", "I", "P", "N"]), method)
    [found] = read(str(path))
    assert (found.tool, found.name, found.model, found.seed) == ("inspect_ai", "helpdesk", "mockllm/model", 5)
    assert [one.scores["match"] for one in found.items] == [1.0, 0.0, 0.5, 0.0]
    assert found.metrics == ("match", "style.tone")
    assert found.figures == {"match": 0.5, "style.tone": 0.5}
    assert found.items[1].question == "第 1 题？" and found.items[1].tags == {
        "language": "zh"
    }  # each topic has too few


def test_inspect_json_and_epochs(tmp_path):
    log = inspect_log([True, 0.25, "0.5"], epochs=2)
    log["samples"][0]["scores"]["match"]["value"] = "I"
    path = tmp_path / "a.json"
    path.write_text(json.dumps(log))
    [found] = read(str(path))
    assert [one.scores["match"] for one in found.items] == [0.5, 0.25, 0.5]


def test_tables(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text(
        "item,score,topic,seed\na,1,退款,4\nb,0,refunds,4\nc,1,退款,4\nd,,refunds,4\n", "utf-8-sig"
    )
    [found] = read(str(path))
    assert (found.name, found.seed, found.unread, len(found.items)) == ("run", 4, 1, 3)
    assert found.items[0] == Item("a", {"score": 1.0}, tags={}) or found.items[0].scores == {"score": 1.0}
    lines = tmp_path / "run.jsonl"
    rows = [{"qid": k, "right": k % 2 == 0, "run": f"r{k % 2}", "topic": "x"} for k in range(8)]
    lines.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    one, other = read(str(lines), {"item": "qid", "score": "right"})
    assert (one.run, other.run) == ("r0", "r1") and {i.scores["score"] for i in one.items} == {1.0}
    (tmp_path / "m.json").write_text('{"accuracy": 0.75, "note": "x", "loss": NaN}')
    assert read(str(tmp_path / "m.json"))[0].figures == {"accuracy": 0.75}
    (tmp_path / "l.tsv").write_text("item\tmetric\tvalue\na\tf1\t0.5\na\tem\t1\n")
    assert read(str(tmp_path / "l.tsv"))[0].items[0].scores == {"f1": 0.5, "em": 1.0}


def _bad(tmp_path):
    cut = inspect_archive(tmp_path / "cut.eval", inspect_log(["C", "I"]))
    cut.write_bytes(cut.read_bytes()[:-30])
    inspect_archive(tmp_path / "failed.eval", inspect_log(["C"], status="error"))
    (tmp_path / "none.eval").write_bytes(archive({"samples/a.json": b"{}"}, 8))
    spoiled = inspect_archive(tmp_path / "spoiled.eval", inspect_log(["C", "I"]))
    data = bytearray(spoiled.read_bytes())
    data[80] ^= 0xFF
    spoiled.write_bytes(data)
    lm_eval(tmp_path / "lm", [1, 0])
    samples = next((tmp_path / "lm").glob("samples_*"))
    texts = {
        "cut.json": '{"results": {"a": {"alias"', "list.jsonl": "[1]\n",
        "noscore.csv": "item,topic\na,x\n", "empty.csv": "item,score\n",
        "twice.csv": "item,score\na,1\na,0\n", "wide.csv": "item,score\na,1,2\n",
        "noitem.csv": "item,score\n,1\n",
        "figure.csv": "metric,value\nacc,good\n", "other.txt": "x", "deep.json": "[" * 5_000,
        "broken.jsonl": '{"item": "a", "score": 1}\n{"item": \n',
    }  # fmt: skip
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "latin.csv").write_bytes("item,score\nä,1\n".encode("latin-1"))
    return {
        "cut.eval": "no archive", "failed.eval": "ended as 'error'", "none.eval": "no header.json",
        "spoiled.eval": "cannot be read",
        "cut.json": "not JSON", "list.jsonl": "line 1 is not a JSON object", "noscore.csv": "line 2 has no score",
        "empty.csv": "no row",
        "twice.csv": "line 3 gives item 'a' a second", "wide.csv": "line 2 has more fields",
        "noitem.csv": "line 2 has no item",
        "figure.csv": "no number", "other.txt": "no tool", "deep.json": "not JSON",
        "broken.jsonl": "line 2 is not JSON",
        "latin.csv": "not UTF-8",
    }, samples  # fmt: skip


def test_what_cannot_be_read_is_said_with_its_place(tmp_path):
    bad, samples = _bad(tmp_path)
    for name, said in bad.items():
        with pytest.raises(BadInput) as error:
            read(str(tmp_path / name))
        assert said in error.value.message and name in error.value.message and error.value.hint, name
    for name in ("gone.csv", "gone.eval", "gone.json"):
        with pytest.raises(NotFound, match="no file"):
            read(str(tmp_path / name))
    samples.write_text('{"doc": {}, "metrics": [], "doc_id": null}\n')
    with pytest.raises(BadInput, match="line 1 has no doc_id"):
        read(str(samples))
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="holds no results"):
        read(str(tmp_path / "empty"))
    with pytest.raises(BadInput, match="no part 'x'"):
        read(str(tmp_path / "twice.csv"), {"x": "y"})
    with pytest.raises(BadInput, match="no column 'z' for score"):
        read(str(tmp_path / "twice.csv"), {"score": "z"})


def test_bounds_hold(tmp_path, monkeypatch):
    bomb = tmp_path / "bomb.eval"
    for method in (8, 93):
        bomb.write_bytes(archive({"header.json": b'"' + b"0" * 200_000 + b'"'}, method))
        monkeypatch.setattr(opening, "LARGEST_MEMBER", 100_000)
        with pytest.raises(BadInput, match="larger than"):
            read(str(bomb))
    monkeypatch.setattr(opening, "LARGEST_ARCHIVE", 500)
    with pytest.raises(BadInput, match="holds more than"):
        read(str(inspect_archive(tmp_path / "many.eval", inspect_log(["C"] * 9))))
    monkeypatch.setattr(opening, "MOST_MEMBERS", 3)
    with pytest.raises(BadInput, match="more than 3 files"):
        read(str(tmp_path / "many.eval"))
    (tmp_path / "a.json").write_text("{}" + " " * 100)
    monkeypatch.setattr(opening, "LARGEST_JSON", 50)
    with pytest.raises(BadInput, match="larger than"):
        read(str(tmp_path / "a.json"))
    monkeypatch.setattr(opening, "LARGEST_LINE", 10)
    (tmp_path / "a.jsonl").write_text('{"item": "a", "score": 1}\n')
    with pytest.raises(BadInput, match="longer than"):
        read(str(tmp_path / "a.jsonl"))


def test_figures_of_mlflow_come_by_the_id_of_a_run(monkeypatch):
    runs = {"abc": SimpleNamespace(figures={"eval_loss": 0.25}, seed=4, run="ft-4", name="x")}
    monkeypatch.setitem(
        sys.modules, "assay.track.results.mlflow", SimpleNamespace(read=lambda ids: [runs[i] for i in ids])
    )
    [found] = read("mlflow:abc")
    assert (found.tool, found.figures, found.seed, found.run) == ("mlflow", {"eval_loss": 0.25}, 4, "ft-4")
    monkeypatch.setitem(sys.modules, "assay.track.results.mlflow", None)
    with pytest.raises(UsageError, match="cannot be read here") as error:
        read("mlflow:abc")
    assert error.value.hint


def test_tags_sort_items_and_ids_are_bounded():
    items = [
        Item("x" * 500 + str(k), {"m": 1.0}, tags={"topic": "ab"[k % 2], "id": str(k), "same": "s"})
        for k in range(20)
    ]
    found = tidy(Evaluation("t", "n" * 900, {}, tuple(items)))
    assert {name for one in found.items for name in one.tags} == {"topic", "same"}
    assert (
        len({one.id for one in found.items}) == 20
        and max(len(one.id) for one in found.items) < values.LONGEST_NAME
    )
    assert len(found.name) == values.LONGEST_NAME and found.figures == {"m": 1.0}


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("any")
    for name in ("a.csv", "a.jsonl", "a.json", "a.eval", "samples_a_b.jsonl"):
        path = folder / name
        path.write_bytes(data)
        try:
            found = read(str(path))
        except BadInput as error:
            assert error.hint
        else:
            assert all(isinstance(one, Evaluation) for one in found)
