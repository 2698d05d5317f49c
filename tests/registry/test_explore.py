"""Exploring a version says what a loop over its examples says, whatever became of it; pages visit every row once."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.errors import Damaged, NotFound, Revoked, UsageError
from assay.kernels.counting import count_units
from assay.measure.facets.keyset import Page
from assay.measure.facets.query import Picked, Query, parse
from assay.registry import warm as warm_module
from assay.registry.exploring.explored import CHARS, opening
from assay.registry.exploring.segment_columns import facet_files
from assay.registry.governing.annotating import annotate
from assay.registry.review.results import Given
from assay.registry.review.samples import Drawing
from assay.registry.warm import warm_of
from assay.store.index.words import Query as Words
from assay.store.index.words import fold

TOPICS = ["refund", "delivery", "账单", None]
TEXTS = [
    "退款 please",
    "how is the refund",
    "什么时候退款到账?",
    "a delivery, a delivery",
    "nothing of the sort",
]


def record(n):
    """A ticket of which n decides everything."""
    made = {
        "input": f"{TEXTS[n % 5]} number {n}",
        "output": f"{'好的，马上处理' if n % 3 == 0 else 'We will look at it'} {n} {'and more ' * (n % 7)}",
        "origin": ["human", "synthetic", None][n % 3],
        "generator": "lab/a" if n % 3 == 1 else None,
        "intent": TOPICS[n % 4],
    }
    return {key: value for key, value in made.items() if value is not None}


def clock():
    """Six hours later whenever it is asked."""
    now = [datetime(2026, 11, 1, tzinfo=UTC)]

    def tick():
        now[0] += timedelta(hours=6)
        return now[0]

    return tick


@pytest.fixture
def registry(tmp_path):
    return assay.init(tmp_path / "registry", actor="mira", clock=clock())


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """Two versions of helpdesk from three files, in two splits; scores and a tag on some examples. To look at."""
    folder = tmp_path_factory.mktemp("still")
    for name, first, end in (("a", 0, 40), ("b", 40, 60), ("c", 60, 75)):
        lines = (json.dumps(record(n), ensure_ascii=False) + "\n" for n in range(first, end))
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    registry = assay.init(folder / "registry", actor="mira", clock=clock())
    recipe = assay.Recipe.model_validate({"stages": [{"exact_dedup": {}}], "split": {"test": 0.2, "seed": 1}})
    registry.curate("helpdesk", [str(folder / "a.jsonl"), str(folder / "b.jsonl")], recipe=recipe)
    registry.import_("helpdesk", [str(folder / "c.jsonl")], add=True)
    rows = examples(registry, "helpdesk")
    for score in {row["score"] for row in rows} - {None}:
        annotate(registry, "helpdesk", ids(row for row in rows if row["score"] == score), {"score": score})
    annotate(registry, "helpdesk", ids(row for row in rows if row["team"]), {"team": "blue"})
    return registry


@pytest.fixture
def desk(still, tmp_path):
    """A copy of it, to change."""
    shutil.copytree(still.root, tmp_path / "desk")
    return assay.open(tmp_path / "desk", actor="mira")


def ids(rows):
    from assay.kernels.ids import sorted_ids

    return sorted_ids(bytes.fromhex(row["id"]) for row in rows)


def examples(registry, ref):
    """All examples of a version, as plain rows."""
    found = []
    for example in registry.version(ref):
        n = int(example.input.rsplit(" ", 1)[1])
        found.append(
            {
                "id": example.name,
                "n": n,
                "split": example.split,
                "text": f"{example.input}\n{example.output}",
                "origin": example.provenance.get("origin", ""),
                "generator": example.provenance.get("generator", ""),
                "intent": TOPICS[n % 4] or "",
                "length": count_units(example.input) + count_units(example.output),
                "score": 1.0 + n % 9 / 2 if n % 4 else None,
                "team": "blue" if n % 2 else "",
            }
        )
    return sorted(found, key=lambda row: row["id"])


def pages(registry, ref, query="", sort="id", limit=7):
    """Every page of an answer, forwards."""
    page, found = Page(limit, sort), []
    while True:
        answer = registry.looking.explore(ref, query, page)
        found.append(answer)
        if answer.next is None:
            return found
        page = Page(limit, sort, after=answer.next)


def rows_of(answers):
    return [row.id for answer in answers for row in answer.rows]


def holds(row, query):
    words = Words(tuple(fold(word) for word in query.words))
    if not words.matches(row["text"]) or any(Words((fold(w),)).matches(row["text"]) for w in query.without):
        return False
    for name in query.fields:
        said = [one for one in query.picked if one.field == name]
        wanted = [one.value for one in said if not one.out]
        if (wanted and row[name] not in wanted) or row[name] in [one.value for one in said if one.out]:
            return False
    return True


VALUES = {
    "split": ["train", "test"],
    "origin": ["human", "synthetic", ""],
    "intent": ["refund", "delivery", "账单", ""],
    "team": ["blue", ""],
}
CONDITION = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.builds(Picked, st.just(name), st.sampled_from(VALUES[name]), st.booleans())
)
WORDS = ["退款", "refund", "delivery, a", "好的", "款", "number 1", "xyz"]
QUERY = st.builds(
    Query,
    st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    st.lists(st.sampled_from(["退款", "the", "number"]), max_size=1).map(tuple),
    st.lists(CONDITION, max_size=3).map(tuple),
)


def test_a_query_says_what_a_loop_says(still):
    rows = examples(still, "helpdesk")

    @settings(deadline=None, max_examples=50)
    @given(QUERY)
    def check(query):
        query = parse(query.text)
        answer = still.looking.explore("helpdesk", query, Page(1_000))
        meant = [row["id"] for row in rows if holds(row, query)]
        assert [row.id for row in answer.rows] == meant
        assert (answer.total, answer.examples) == (len(meant), len(rows))
        for facet in answer.facets:
            if facet.field in VALUES:
                others = Query(
                    query.words, query.without, tuple(p for p in query.picked if p.field != facet.field)
                )
                among = [row for row in rows if holds(row, others)]
                for one in facet.values:
                    assert one.rows == sum(row[facet.field] == one.value for row in among)

    check()


@pytest.mark.parametrize(
    "sort", ["id", "-id", "source", "-source", "length", "-length", "score", "-score", "turns"]
)
@pytest.mark.parametrize("query", ["", "退款 -origin:human"])
def test_pages_visit_every_row_once_forwards_and_backwards(still, sort, query):
    whole = still.looking.explore("helpdesk", query, Page(1_000, sort))
    ordered = [row.id for row in whole.rows]
    meant = {row["id"] for row in examples(still, "helpdesk") if holds(row, parse(query))}
    assert len(ordered) == len({*ordered}) == whole.total == len(meant)
    assert {*ordered} == meant
    answers = pages(still, "helpdesk", query, sort)
    assert rows_of(answers) == ordered
    assert [answer.first for answer in answers] == list(range(1, len(ordered) + 1, 7))
    back, answer = [answers[-1]], answers[-1]
    while answer.previous is not None:
        answer = still.looking.explore("helpdesk", query, Page(7, sort, before=answer.previous))
        back.insert(0, answer)
    assert rows_of(back) == ordered


def test_orders(still):
    by = {row["id"]: row for row in examples(still, "helpdesk")}

    def ordered(sort):
        return [by[row.id] for row in still.looking.explore("helpdesk", "", Page(1_000, sort)).rows]

    def score(row, sign):
        return (row["score"] is None, sign * (row["score"] or 0), row["id"])

    rows = list(by.values())
    assert ordered("score") == sorted(rows, key=lambda row: score(row, 1))
    assert ordered("-score") == sorted(rows, key=lambda row: score(row, -1))
    assert ordered("length") == sorted(rows, key=lambda row: (row["length"], row["id"]))
    assert [row["n"] for row in ordered("source")] == list(range(75))
    assert [row["id"] for row in ordered("-id")] == sorted(by, reverse=True)
    with pytest.raises(UsageError, match="not sorted by") as caught:
        still.looking.explore("helpdesk", "", Page(sort="intent"))
    assert "length" in caught.value.hint


def test_a_key_is_of_one_version_and_one_order(still):
    key = still.looking.explore("helpdesk@v1", "", Page(3)).next
    for ref, sort in (("helpdesk@v2", "id"), ("helpdesk@v1", "length")):
        with pytest.raises(UsageError, match="no key of a page of this version in this order"):
            still.looking.explore(ref, "", Page(3, sort, after=key))


def test_numbers_and_bands(still):
    rows = examples(still, "helpdesk")
    assert still.looking.explore("helpdesk", "score>=4").total == sum(
        (row["score"] or 0) >= 4 for row in rows
    )
    assert still.looking.explore("helpdesk", 'score:""').total == sum(row["score"] is None for row in rows)
    answer = still.looking.explore("helpdesk", "length:16..32 score:3..4")
    facets = {facet.field: facet for facet in answer.facets}
    assert [one.value for one in facets["length"].values if one.picked] == ["16..32"]
    assert [one.value for one in facets["score"].values] == [
        "1..2",
        "2..3",
        "3..3.5",
        "3.5..4",
        "4..4.5",
        "4.5..",
        "",
    ]
    for one in facets["score"].values:
        among = [row for row in rows if 16 <= row["length"] < 32]
        low, _, high = one.value.partition("..")
        meant = [
            row
            for row in among
            if (row["score"] is None if one.value == "" else row["score"] is not None and
                float(low) <= row["score"] < float(high or "inf"))
        ]  # fmt: skip
        assert one.rows == len(meant)


def test_fields_by_other_names_and_fields_there_are_not(still):
    def total(query):
        return still.looking.explore("helpdesk", query).total

    assert total("lang:zh") == total("language:zh") > 0
    assert total("file:b.jsonl") == 20
    assert total("fact.team:blue") == total("team:blue") > 0
    with pytest.raises(UsageError, match=r"no field 'intend' .character 4") as caught:
        still.looking.explore("helpdesk", "退款 intend:refund")
    assert "did you mean intent?" in caught.value.hint and "generator" in caught.value.hint


def test_a_field_of_the_records_can_be_named(registry, write):
    registry.import_(
        "x", [write("a.jsonl", [{**record(n), "meta": {"shop": f"s{n % 3}"}} for n in range(9)])]
    )
    assert registry.looking.explore("x", "meta.shop:s1", fields=["meta.shop"]).total == 3
    with pytest.raises(UsageError, match="no field"):
        registry.looking.explore("x", "meta.shop:s1")
    with pytest.raises(UsageError, match="25 fields"):
        registry.looking.explore("x", fields=[f"f{n}" for n in range(25)])


def test_a_split_a_branch_and_the_past(desk, write):
    assert {row.split for row in desk.looking.explore("helpdesk:test", "", Page(100)).rows} == {"test"}
    assert desk.looking.explore("helpdesk:test").total == desk.version("helpdesk").counts["test"]
    assert desk.looking.explore("helpdesk@v1").total == 60
    desk.refs.branch("helpdesk", "side")
    desk.import_("helpdesk", [write("d.jsonl", [record(99)])], add=True, branch="side")
    assert desk.looking.explore("helpdesk@side").total == 76
    assert desk.looking.explore("helpdesk").total == 75
    past = desk.at(desk.log("helpdesk")[1].time[:16] + "Z")  # before anything was said of them
    assert past.looking.explore("helpdesk").total == 75
    assert "score" not in past.looking.explore("helpdesk").fields


def test_facts_are_those_of_now(desk):
    some = examples(desk, "helpdesk")[:3]
    annotate(desk, "helpdesk", ids(some), {"mood": "calm", "turns": 7.0})
    assert desk.looking.explore("helpdesk", "mood:calm").total == 3
    assert desk.looking.explore("helpdesk", "fact.turns:7").total == 3
    assert desk.looking.explore("helpdesk", "turns:7").total == 0


def test_disabled_forgotten_and_revoked(desk):
    first, second = examples(desk, "helpdesk")[:2]
    desk.looking.explore("helpdesk", "退款")
    desk.keeping.disable("helpdesk", [first["id"]], "wrong")
    assert desk.looking.explore("helpdesk").total == 74
    shown = desk.looking.explore("helpdesk@v2", "is:disabled")
    assert [row.id for row in shown.rows] == [first["id"]] and "disabled" in shown.rows[0].flags
    assert any((facet_files(desk).folder).glob("*/*"))
    desk.keeping.forget([second["id"]], "asked to")
    assert not any((facet_files(desk).folder).glob("*/*"))
    again = desk.looking.explore("helpdesk@v2", "", Page(1_000))
    assert again.total == again.examples == 74 and second["id"] not in {row.id for row in again.rows}
    assert desk.looking.explore("helpdesk", "", Page(1_000)).total == 73
    desk.releases.revoke("helpdesk@v2", "no good")
    with pytest.raises(Revoked):
        desk.looking.explore("helpdesk@v2")


def test_reviews_edits_twins_and_masks(registry, write):
    rows = [record(n) for n in range(12)]
    rows += [
        {"input": "write to [EMAIL] about 退款 number 90", "output": "done"},
        {**rows[0], "output": rows[0]["output"] + " "},
    ]
    registry.curate(
        "x", [write("a.jsonl", rows)], recipe=assay.Recipe.model_validate({"stages": [{"exact_dedup": {}}]})
    )
    assert registry.looking.explore("x", "is:masked").total == 1
    (twin,) = registry.looking.explore("x", "is:twin").rows
    assert twin.record == 14
    names = [row.id for row in registry.looking.explore("x", "", Page(3)).rows]
    registry.reviews.create("q", "x", Drawing(ids=tuple(names)))
    assert registry.looking.explore("x", "review:open").total == 3
    registry.reviews.give("q", [Given(names[0], "accept")])
    answer = registry.looking.explore("x", "review:accept")
    assert [row.id for row in answer.rows] == [names[0]] and "reviewed" in answer.rows[0].flags


def test_rows_show_the_first_turn_and_the_answer(registry, write):
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "钱到账了吗? " + "x" * 500},
        {"role": "assistant", "content": "Not yet."},
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "Soon."},
    ]
    registry.import_("x", [write("a.jsonl", [{"messages": turns}])])
    (row,) = registry.looking.explore("x").rows
    assert row.input == ("钱到账了吗? " + "x" * 500)[:CHARS] and row.cut
    assert (row.output, row.turns, row.split) == ("Not yet.", 2, "train")
    assert opening({"messages": [{"role": "system", "content": "a"}]}) == ("", "")
    assert opening({"text": "alone"}) == ("", "alone")
    assert opening({"prompt": "p", "completion": "c"}) == ("p", "c")


def test_columns_are_made_once_and_trusted_only_while_whole(desk, monkeypatch):
    expected = desk.looking.explore("helpdesk", "lang:zh", Page(100)).as_json()
    files = [path for path in facet_files(desk).folder.glob("*/*") if path.is_file()]
    assert files
    made = []
    read = "assay.registry.exploring.segment_columns.read_groups"
    original = __import__("assay.registry.exploring.segment_columns", fromlist=["x"]).read_groups
    monkeypatch.setattr(read, lambda *given: made.append(given) or original(*given))
    other = assay.open(desk.root, actor="mira")
    assert other.looking.explore("helpdesk", "lang:zh", Page(100)).as_json() == expected
    assert not made
    for path in files:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    third = assay.open(desk.root, actor="mira")
    assert third.looking.explore("helpdesk", "lang:zh", Page(100)).as_json() == expected
    assert made


def test_a_row_that_was_changed_on_disk_is_not_shown(desk):
    desk.looking.explore("helpdesk")
    for path in (desk.root / "objects").glob("*/*.parquet"):
        data = bytearray(path.read_bytes())
        for at in range(8, len(data) - 2_000, 97):
            data[at] ^= 0x55
        path.chmod(0o644)
        path.write_bytes(data)
    with pytest.raises(Damaged):
        desk.looking.explore("helpdesk", "", Page(100))


def test_what_is_in_memory_is_bounded(desk, monkeypatch):
    monkeypatch.setattr(warm_module, "FOUND_BYTES", 0)
    desk.looking.explore("helpdesk", "退款 -the")
    for ref in ("helpdesk@v1", "helpdesk@v2", "helpdesk@v1"):
        desk.looking.explore(ref, "refund")
    held = warm_of(desk).shelf
    assert len(held.tables) <= warm_module.TABLES
    assert len(held.found) <= len(desk.store.segments(desk.version("helpdesk").manifest))


def test_hostile_text_is_data(registry, write):
    hostile = "\x1b[31mred\u202eleft {n} <script>"
    registry.import_(
        "x", [write("a.jsonl", [{"input": hostile, "output": "'; DROP TABLE words; --", "topic": hostile}])]
    )
    answer = registry.looking.explore("x", '"DROP TABLE" "\'; drop"')
    assert answer.total == 1 and answer.rows[0].input == hostile
    assert json.dumps(answer.as_json())
    assert registry.looking.explore("x", Query(picked=(Picked("topic", hostile),))).total == 1
    assert registry.looking.explore("x", parse('"* NEAR(" -"\\"a OR b"')).total == 0


def test_nothing_there(registry, write):
    with pytest.raises(NotFound):
        registry.looking.explore("nothing")
    registry.import_("x", [write("a.jsonl", [record(1)])])
    answer = registry.looking.explore("x", "absent")
    assert (answer.total, answer.first, answer.rows, answer.next, answer.previous) == (0, 0, (), None, None)


def test_registries_that_share_hold_one_table_and_answer_from_several_threads(desk):
    others = [assay.open(desk.root, actor="tom") for _ in range(3)]
    for one in others:
        one.looking.share(desk)
    queries = ["refund", "language:zh", "score>=3", "-退款"]
    alone = {q: desk.looking.explore("helpdesk@v2", q, Page(sort="-length")).as_json() for q in queries}

    def ask(one):
        return [one.looking.explore("helpdesk@v2", q, Page(sort="-length")).as_json() for q in queries * 4]

    with ThreadPoolExecutor(4) as threads:
        for answers in threads.map(ask, [desk, *others]):
            assert answers == [alone[q] for q in queries] * 4
    assert len({id(warm_of(one).shelf) for one in [desk, *others]}) == 1
    assert warm_of(assay.open(desk.root, actor="eve")).shelf is not warm_of(desk).shelf


def test_what_is_forgotten_leaves_the_memory_of_all_who_share(desk):
    other = assay.open(desk.root, actor="tom")
    other.looking.share(desk)
    row = other.looking.explore("helpdesk@v2", "", Page(1)).rows[0]
    desk.keeping.forget([row.id], "asked to")
    for one in (other, desk):
        found = one.looking.explore("helpdesk@v2", "", Page(100))
        assert row.id not in {r.id for r in found.rows}
    assert warm_of(other).shelf is warm_of(desk).shelf
