"""SQL over versions, expressions that choose examples, and facts about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import assay
from assay.errors import BadInput, NotFound, UsageError
from assay.kernels.ids import id_list
from assay.registry.governing.annotating import annotate, annotate_from, summary
from assay.registry.querying.choosing import chosen
from tests.registry.conftest import ticket

TOPICS = ["退款", "delivery", "login"]


@pytest.fixture
def registry(tmp_path):
    now = [datetime(2026, 11, 1, tzinfo=UTC)]

    def clock():
        now[0] += timedelta(hours=6)
        return now[0]

    return assay.init(tmp_path / "registry", actor="mira", clock=clock)


@pytest.fixture
def desk(registry, write):
    """Two versions of helpdesk, and one of other: 12 tickets, then 3 more."""
    rows = [
        ticket(n, id=f"T{n}", category=TOPICS[n % 3], generator="gpt-4" if n % 2 else "qwen")
        for n in range(12)
    ]
    registry.import_("helpdesk", [write("a.jsonl", [*rows, rows[0], {"nothing": 1}])])
    registry.import_(
        "helpdesk", [write("b.jsonl", [ticket(n, category="新") for n in range(12, 15)])], add=True
    )
    registry.import_("other", [write("c.jsonl", [ticket(99)])])
    return registry


def ask(registry, sql, ref=None):
    return [tuple(row.values()) for row in registry.query(sql, ref).to_pylist()]


def ids_of(registry, where, ref="helpdesk"):
    return [one.hex() for one in id_list(registry.matching(ref, where))]


def test_examples_are_those_of_the_version(desk):
    assert ask(desk, "SELECT count(*) FROM examples", "helpdesk@v1") == [(12,)]
    assert ask(desk, "SELECT count(*) FROM examples", "helpdesk") == [(15,)]
    assert ask(desk, "SELECT version, count(*) FROM examples GROUP BY 1 ORDER BY 1") == [
        ("helpdesk@v2", 15),
        ("other@v1", 1),
    ]
    known = {e.name: e for e in desk.version("helpdesk")}
    columns = (
        "id, split, kind, input, output, source, record, generator, extra->>'category', payload->>'messages'"
    )
    rows = ask(desk, f"SELECT {columns} FROM examples", "helpdesk")
    assert {row[0] for row in rows} == set(known)
    for name, split, kind, given, said, source, record, generator, category, messages in rows:
        one = known[name]
        assert (split, kind, given, said) == (one.split, one.kind, one.input, one.output)
        assert (source, record) == (one.provenance["source"], one.provenance["record"])
        assert generator == one.provenance.get("generator") and category in (*TOPICS, "新") and messages


def test_texts_of_every_kind_are_the_views(registry, write):
    rows = [
        {"prompt": "问?", "chosen": "好", "rejected": "坏"},
        {"messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"},
                      {"role": "assistant", "content": "你好"}, {"role": "user", "content": "?"},
                      {"role": "assistant", "content": "bye"}]},
    ]  # fmt: skip
    for k, row in enumerate(rows):
        registry.import_(f"d{k}", [write(f"{k}.jsonl", [row])])
        (example,) = registry.version(f"d{k}")
        assert ask(registry, "SELECT input, output FROM examples", f"d{k}") == [
            (example.input, example.output)
        ]


def test_decisions_are_the_ledger(desk):
    counted = ask(
        desk, "SELECT outcome, code, count(*) FROM decisions GROUP BY 1, 2 ORDER BY 1, 2", "helpdesk@v1"
    )
    assert counted == [
        ("kept", None, 12),
        ("malformed", "unknown_shape", 1),
        ("rejected", "identical", 1),
    ] or [(outcome, n) for outcome, _, n in counted] == [("kept", 12), ("malformed", 1), ("rejected", 1)]
    (row,) = ask(
        desk,
        "SELECT d.id, d.twin_id, e.key FROM decisions d JOIN examples e ON e.id = d.id WHERE code = 'identical'",
        "helpdesk@v1",
    )
    decision = desk.why(
        "helpdesk@v1", ask(desk, "SELECT min(source) FROM decisions", "helpdesk@v1")[0][0], 13
    )
    assert row == (decision.example_id, decision.twin.id, "T0")


def test_versions_and_the_log(desk):
    assert ask(desk, "SELECT version, examples, actor FROM versions ORDER BY operation") == [
        ("helpdesk@v1", 12, "mira"), ("helpdesk@v2", 15, "mira"), ("other@v1", 1, "mira")]  # fmt: skip
    assert ask(desk, "SELECT seq, action, body->>'version' FROM log") == [
        (1, "commit", "1"), (2, "commit", "2"), (3, "commit", "1")]  # fmt: skip
    assert [row[0] for row in ask(desk.at("2026-11-01"), "SELECT version FROM versions")] == [
        "helpdesk@v1", "helpdesk@v2"]  # fmt: skip


def test_an_empty_registry_answers_too(registry):
    for table in ("examples", "facts", "decisions", "versions", "log"):
        assert ask(registry, f"SELECT count(*) FROM {table}") == [(0,)]
        assert ask(registry, f"FROM {table}") == []


def test_a_split_is_asked_by_itself(registry, write):
    recipe = assay.Recipe.model_validate({"stages": [], "split": {"test": 0.3, "seed": 1}})
    registry.curate("helpdesk", [write("a.jsonl", [ticket(n) for n in range(40)])], recipe=recipe)
    version = registry.version("helpdesk")
    for split, count in version.counts.items():
        assert ask(registry, "SELECT split, count(*) FROM examples GROUP BY 1", f"helpdesk:{split}") == [
            (split, count)
        ]
        assert len(registry.matching(f"helpdesk:{split}", "true")) == count


def test_matching_is_sorted_and_exact(desk):
    found = ids_of(desk, "generator = 'gpt-4'")
    assert found == sorted(
        e.name for e in desk.version("helpdesk") if e.provenance.get("generator") == "gpt-4"
    )
    assert len(found) == 6 and ids_of(desk, "generator = 'claude'") == []
    assert ids_of(desk, "true", "helpdesk@v1") == sorted(e.name for e in desk.version("helpdesk@v1"))


def test_choosing_by_id_by_file_and_by_expression(desk, tmp_path):
    every = ids_of(desk, "true")
    listed = tmp_path / "ids.txt"
    listed.write_text(f"# two of them\n{every[3]}\n\n  {every[1][:10].upper()}  \n", "utf-8")

    def names(**how):
        return [one.hex() for one in id_list(chosen(desk, "helpdesk", **how))]

    assert names(ids=[every[2], every[0][:8], every[2]]) == [every[0], every[2]]
    assert names(file=str(listed)) == [every[1], every[3]]
    assert names(ids=[every[0]], file=str(listed)) == [every[0], every[1], every[3]]
    assert names(where="key = 'T5'") == ids_of(desk, "key = 'T5'")
    with pytest.raises(NotFound, match=r"1 of the 2 ids are not in helpdesk: 0{16}"):
        names(ids=[every[0], "0" * 64])
    with pytest.raises(NotFound, match="are not in helpdesk@v1"):
        late = ids_of(desk, "extra->>'category' = '新'")
        chosen(desk, "helpdesk@v1", ids=late)
    for how in (
        {},
        {"ids": [every[0]], "where": "true"},
        {"ids": ["12345"]},
        {"ids": ["xyzxyz"]},
        {"where": ""},
    ):
        with pytest.raises(UsageError):
            names(**how)
    listed.write_text("nonsense\n", "utf-8")
    with pytest.raises(UsageError, match=r"ids\.txt, line 1"):
        names(file=str(listed))
    listed.write_bytes(b"\xff\xfe")
    for path, error in ((listed, BadInput), (tmp_path / "none", NotFound)):
        with pytest.raises(error):
            names(file=str(path))


def test_facts_are_asked_like_columns(desk):
    annotate(
        desk, "helpdesk", desk.matching("helpdesk", "generator = 'gpt-4'"), {"topic": "退款", "score": 2.0}
    )
    annotate(desk, "helpdesk", desk.matching("helpdesk", "key = 'T1'"), {"score": 4.5})
    assert ask(desk, "SELECT topic, score, count(*) FROM examples GROUP BY 1, 2 ORDER BY 2 NULLS LAST", "helpdesk") == [
        ("退款", 2.0, 5), ("退款", 4.5, 1), (None, None, 9)]  # fmt: skip
    assert ids_of(desk, "generator = 'gpt-4' and score < 3") == ids_of(desk, "fact.score = 2")
    assert ask(desk, "SELECT key, count(*), min(number), min(actor) FROM facts GROUP BY 1 ORDER BY 1", "helpdesk") == [
        ("score", 6, 2.0, "mira"), ("topic", 6, None, "mira")]  # fmt: skip
    with pytest.raises(UsageError) as wrong:
        ids_of(desk, "scores < 3")
    assert "did you mean score" in wrong.value.hint
    with pytest.raises(UsageError, match="no column 'score'"):
        desk.matching("other", "score < 3")


def test_a_key_that_is_a_column_is_reached_through_fact(desk):
    annotate(desk, "helpdesk", desk.matching("helpdesk", "key = 'T1'"), {"source": "checked", "fact": "x"})
    assert ids_of(desk, "fact.source = 'checked'") == ids_of(desk, "key = 'T1'")
    assert ids_of(desk, "source = 'checked'") == []
    assert ids_of(desk, "fact.fact = 'x'") == ids_of(desk, "key = 'T1'")


def test_scores_and_tags_under_one_key_are_text(desk):
    annotate(desk, "helpdesk", desk.matching("helpdesk", "key = 'T1'"), {"grade": 3.0})
    annotate(desk, "helpdesk", desk.matching("helpdesk", "key = 'T2'"), {"grade": "good"})
    rows = ask(desk, "SELECT DISTINCT grade FROM examples ORDER BY 1 NULLS LAST")
    assert rows == [("3",), ("good",), (None,)]


def test_what_stands_already_is_not_written_again(desk):
    some = desk.matching("helpdesk", "record <= 4")
    first = annotate(desk, "helpdesk", some, {"topic": "x", "score": 1.0})
    assert (first.stated, first.removed, first.unchanged) == (2 * len(some), 0, 0) and first.operation
    again = annotate(desk, "helpdesk", some, {"topic": "x", "score": 1.0})
    assert (again.stated, again.unchanged, again.operation) == (0, 2 * len(some), None)
    dry = annotate(desk, "helpdesk", some, {"topic": "y"}, dry_run=True)
    assert dry.stated == len(some) and dry.operation is None and ids_of(desk, "topic = 'y'") == []
    gone = annotate(desk, "helpdesk", some, {"topic": None, "never": None})
    assert (gone.removed, gone.stated) == (len(some), 0)
    assert [one.key for one in summary(desk, "helpdesk")] == ["score"]
    assert len(desk.log("helpdesk")) == 4


def test_the_log_holds_no_values(desk):
    secret = "写给审阅者的一段话" * 20
    annotate(desk, "helpdesk", desk.matching("helpdesk", "key = 'T1'"), {"note": secret})
    entry = desk.log()[-1]
    assert entry.action == "fact" and set(entry.body) == {"facts", "count"} and len(entry.as_bytes()) < 500


def test_facts_are_as_of_a_day(desk):
    one = desk.matching("helpdesk", "key = 'T1'")
    annotate(desk, "helpdesk", one, {"topic": "before"})  # on the 2nd
    for _ in range(4):
        desk.clock()
    annotate(desk, "helpdesk", one, {"topic": "after"})
    assert ask(desk, "SELECT topic FROM examples WHERE key = 'T1'") == [("after",)]
    then = desk.at("2026-11-02")
    assert ask(then, "SELECT topic FROM examples WHERE key = 'T1'") == [("before",)]
    assert [s.top for s in summary(then, "helpdesk")] == [{"before": 1}]
    with pytest.raises(UsageError):
        annotate(then, "helpdesk", one, {"topic": "changed"})


def test_facts_out_of_files(desk, tmp_path):
    every = ids_of(desk, "true")
    table = tmp_path / "a.csv"
    table.write_text(f'\ufeffid,score,note\n{every[0][:12]},3.5,"a, b"\n{every[1]},,退款\n\n', "utf-8")
    done = annotate_from(desk, "helpdesk", str(table))
    assert (done.examples, done.stated, done.keys) == (2, 3, ("note", "score"))
    lines = tmp_path / "a.jsonl"
    lines.write_text(f'{{"id": "{every[0]}", "score": null, "note": "3", "ok": true}}\n', "utf-8")
    assert annotate_from(desk, "helpdesk", str(lines)).removed == 1
    assert ask(desk, "SELECT note, ok FROM examples WHERE note IS NOT NULL ORDER BY 1") == [
        ("3", "true"), ("退款", None)]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "key,score\nx,1\n", "line 1: no header"),
        ("a.csv", "id,score\n{id},1,2\n", "line 2: 3 cells"),
        ("a.csv", "id,score\n{id},\n", "states no facts"),
        ("a.csv", "id,Score\n{id},1\n", "lower case"),
        ("a.csv", 'id,score\n{id},"1\n', "line"),
        ("a.csv", "id,score\nzz,1\n", "line 2"),
        ("a.jsonl", "[1]\n", "line 1: no object with an `id`"),
        ("a.jsonl", '{{"id": "{id}"\n', "line 1: not JSON"),
        ("a.jsonl", '{{"id": "{id}", "x": [1]}}\n', "line 1, x"),
        ("a.jsonl", '{{"id": "' + "0" * 64 + '", "x": 1}}\n', "are not in helpdesk"),
    ],
)
def test_a_file_of_facts_is_taken_whole_or_not_at_all(desk, tmp_path, name, text, said):
    path = tmp_path / name
    path.write_text(text.format(id=ids_of(desk, "key = 'T1'")[0]), "utf-8")
    with pytest.raises(UsageError, match=said):
        annotate_from(desk, "helpdesk", str(path))
    assert desk.log()[-1].action == "commit"


def test_summaries(desk):
    annotate(
        desk,
        "helpdesk",
        desk.matching("helpdesk", "record <= 3 and key like 'T%'"),
        {"topic": "退款", "score": 1.0},
    )
    annotate(desk, "helpdesk", desk.matching("helpdesk", "key = 'T0'"), {"topic": "login", "score": 4.0})
    score, topic = summary(desk, "helpdesk")
    assert (score.key, score.examples, score.least, score.median, score.most, score.top) == (
        "score",
        3,
        1,
        1,
        4,
        {},
    )
    assert (topic.key, topic.distinct, dict(topic.top), topic.actor) == (
        "topic",
        2,
        {"退款": 2, "login": 1},
        "mira",
    )
    assert summary(desk, "other") == []


def test_export_and_search_take_the_same_expression(desk, tmp_path):
    annotate(desk, "helpdesk", desk.matching("helpdesk", "generator = 'gpt-4'"), {"quality": 5.0})
    done = desk.export("helpdesk", str(tmp_path / "out"), where="quality >= 4")
    (path,) = done.files
    assert done.files[path] == 6 == len(Path(path).read_text("utf-8").splitlines())
    assert desk.export("helpdesk", str(tmp_path / "dry"), where="quality >= 4", dry_run=True).files == {
        str(tmp_path / "dry" / "train.jsonl"): 6
    }
    article = desk.export("helpdesk", str(tmp_path / "art"), format="article", where="quality >= 4")
    assert list(article.files.values()) == [6]
    with pytest.raises(UsageError):
        desk.export("helpdesk", str(tmp_path / "x"), format="ledger", where="true")
    assert {h.id for h in desk.search("number", "helpdesk", where="quality >= 4")} == {
        *ids_of(desk, "quality >= 4")
    }
    assert len(desk.search("number", "helpdesk")) == 15


def test_a_search_of_everything_says_which_versions_hold_a_hit(registry, write):
    old, new = ticket(1, input="打印机坏了 please"), ticket(2, input="打印机没墨 please")
    registry.import_("a", [write("1.jsonl", [old])])
    registry.import_("a", [write("2.jsonl", [new])])
    registry.import_("a", [write("3.jsonl", [new, old])])
    registry.import_("b", [write("4.jsonl", [old])])
    assert {h.input for h in registry.search("打印机", "a@v2")} == {new["input"]}
    hits = {h.input: h for h in registry.search("印机", all=True)}
    held = {text: [(v.dataset, v.first, v.last) for v in h.versions] for text, h in hits.items()}
    assert held == {
        new["input"]: [("a", 2, None)],
        old["input"]: [("a", 1, 1), ("a", 3, None), ("b", 1, None)],
    }
    assert hits[new["input"]].version == "a@v3" and hits[old["input"]].version == "b@v1"
    assert registry.search("印机", all=True, where="output like '%case 2%'")[0].input == new["input"]
    assert len(registry.search("印机", all=True, where="output like '%case 2%'")) == 1
    with pytest.raises(UsageError):
        registry.search("印机", "a", all=True)


def test_recipes_read_facts(registry, write):
    rows = [ticket(n) for n in range(12)]
    source = write("a.jsonl", rows)
    registry.import_("helpdesk", [source])
    annotate(
        registry, "helpdesk", registry.matching("helpdesk", "record <= 6"), {"topic": "退款", "quality": 1.0}
    )
    annotate(registry, "helpdesk", registry.matching("helpdesk", "record > 6"), {"topic": "login"})
    annotate(registry, "helpdesk", registry.matching("helpdesk", "record in (3, 5)"), {"quality": 9.0})
    recipe = {"stages": [{"balance": {"by": "fact.topic", "cap": 2, "score": "fact.quality"}}]}
    result = registry.curate("helpdesk", [source], recipe=assay.Recipe.model_validate(recipe))
    kept = ask(registry, "SELECT topic, record FROM examples ORDER BY 2", result.version)
    assert [r for r in kept if r[0] == "退款"] == [("退款", 3), ("退款", 5)]
    assert len(kept) == 4
    made = registry.store.curation(registry.version(result.version).manifest)
    assert made["facts"] == {"keys": ["quality", "topic"], "operation": 4}
    wrong = {"stages": [{"balance": {"by": "fact.topics", "cap": 2}}]}
    with pytest.raises(UsageError) as lost:
        registry.curate("helpdesk", [source], recipe=assay.Recipe.model_validate(wrong))
    assert "fact.topic" in lost.value.hint


def test_a_changed_fact_is_not_remembered_as_it_was(registry, write):
    """Measured values and carried keys hang on what the facts were."""
    asked, said = (
        "How do I reset my password now, please tell me",
        "Open the settings page and choose reset it",
    )
    twins = [{"input": asked, "output": said + "!" * n} for n in (1, 2)]
    source = write("a.jsonl", twins)
    recipe = assay.Recipe.model_validate(
        {"stages": [{"near_dedup": {"threshold": 0.7, "score": "fact.quality"}}]}
    )
    for best in (1, 2, 1):
        registry.import_("helpdesk", [source])  # the parent holds both, so that the score decides
        for record in (1, 2):
            some = registry.matching("helpdesk", f"record = {record}")
            annotate(registry, "helpdesk", some, {"quality": 5.0 if record == best else 1.0})
        branch = registry.curate("helpdesk", [source], recipe=recipe)
        kept = ask(registry, "SELECT record FROM examples", branch.version)
        assert kept == [(best,)]
