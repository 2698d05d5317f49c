"""Collapse along a real line of versions: which rows count, what is read, and what is refused."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

import assay
from assay.errors import NotFound, UsageError
from assay.store.segments import read_groups
from tests.measure.generations import generation, people, records


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """A registry with `desk`: v1 of people, v2 with as many of a model, v3 and v4 of models alone; `try` from v2."""
    folder = tmp_path_factory.mktemp("line")
    registry = assay.init(folder / "registry", actor="mira")

    def source(name, outputs, depth):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(records(outputs, depth, name), ensure_ascii=False), encoding="utf-8")
        return [str(path)]

    now = people(260)
    registry.import_("desk", source("a", now, 0))
    one = generation(now, 260, 2)
    registry.import_("desk", source("b", one, 1), add=True)
    registry.refs.branch("desk", "try", "v2")
    two = generation(one, 260, 3)
    registry.import_("desk", source("c", two, 2))
    registry.import_("desk", source("d", generation(two, 260, 4), 3))
    registry.import_("desk", source("e", people(120, 8), 0), add=True, branch="try")
    return registry


def by_name(found):
    return {check.name: check for check in found.checks}


def test_a_line_is_told_from_its_first_version_to_the_newest(line):
    found = line.collapse("desk")
    assert [one.version for one in found.versions] == ["desk@v1", "desk@v2", "desk@v3", "desk@v4"]
    assert (found.line, found.first, found.left_out, found.verdict) == ("desk@v4", "desk@v1", 0, "warning")
    made = [one.composition for one in found.versions]
    assert [one.examples for one in made] == [260, 520, 260, 260]
    assert [one.mean_depth for one in made] == [0.0, 0.5, 2.0, 3.0]
    assert made[1].as_json()["origins"] == {"human": 0.5, "synthetic": 0.5}
    assert made[3].depths == {3: 260}
    checks = by_name(found)
    assert {checks[n].verdict for n in ("depth", "originals", "diversity", "tail", "synthetic")} == {
        "warning"
    }
    assert checks["against_originals"].verdict == "not_enough"
    assert [one.rare_kept for one in found.versions][:2] == [1.0, 1.0]
    assert found.versions[3].rare_kept < 0.2
    assert found.versions[1].originals and found.versions[3].originals is None


def test_an_older_version_ends_the_line_and_a_branch_goes_its_own_way(line):
    assert [one.number for one in line.collapse("desk@v2").versions] == [1, 2]
    branch = line.collapse("desk@try")
    assert [one.number for one in branch.versions] == [1, 2, 5]
    assert by_name(branch)["originals"].verdict == "healthy"
    assert by_name(branch)["tail"].verdict == "healthy"


def test_the_first_version_stays_when_only_the_last_are_shown(line):
    found = line.collapse("desk", last=1)
    assert ([one.number for one in found.versions], found.left_out) == ([1, 4], 2)
    whole = by_name(line.collapse("desk"))
    whole.pop("synthetic")  # whose first version is not shown any more
    assert {name: check for name, check in by_name(found).items() if name != "synthetic"} == whole
    assert [one.number for one in line.collapse("desk", last=3).versions] == [1, 2, 3, 4]


def test_values_of_a_field_are_judged_by_themselves(line):
    found = line.collapse("desk@v2", by="generator")
    assert {one.title: one.verdict for one in found.groups} == {
        "(not stated)": "healthy",
        "lab/g1": "not_enough",
    }
    assert [dict(one.groups) for one in found.versions] == [
        {"(not stated)": 260}, {"(not stated)": 260, "lab/g1": 260},
    ]  # fmt: skip
    assert {one.title for one in line.collapse("desk@v2", by="origin").groups} == {"human", "synthetic"}
    assert [one.title for one in line.collapse("desk@v2", by="nothing.like").groups] == ["(not stated)"]


def test_every_segment_is_read_once(line, monkeypatch):
    read = Counter()

    def counted(objects, ref, columns=None):
        read[ref.object] += 1
        return read_groups(objects, ref, columns)

    monkeypatch.setattr("assay.registry.monitor.collapse_rows.read_groups", counted)
    line.collapse("desk@try", by="generator")
    assert len(read) >= 3 and set(read.values()) == {1}


def test_what_is_refused(line):
    for wrong in ({"last": 0}, {"by": " "}):
        with pytest.raises(UsageError) as caught:
            line.collapse("desk", **wrong)
        assert caught.value.hint
    for ref in ("nowhere", "desk@v9", "desk:nosplit"):
        with pytest.raises(NotFound):
            line.collapse(ref)


def test_a_field_with_too_many_values_is_no_category(line, monkeypatch):
    monkeypatch.setattr("assay.registry.monitor.collapse_rows.MOST_VALUES", 100)
    with pytest.raises(UsageError, match="no category"):
        line.collapse("desk", by="messages")


def test_few_rows_warn_of_nothing(registry, write):
    rows = records(people(30), 0, "a") + records(people(30, 2), 2, "b")
    registry.import_("desk", [write("a.jsonl", rows)])
    registry.import_("desk", [write("b.jsonl", rows[:40])])
    found = registry.collapse("desk")
    assert (found.verdict, found.first, found.rows) == ("not_enough", None, 0)
    assert [one.figures for one in found.versions] == [None, None]
    assert found.as_json()["versions"][0]["diversity"] is None


def test_the_answer_hangs_on_the_rows_and_not_on_their_order(tmp_path, write):
    rows = records(people(150), 0, "a")
    for row in rows[:20]:
        row["topic"] = "refund"
    more = records(generation(people(150), 150, 2), 1, "b")
    answers = []
    for seed in (1, 2):
        registry = assay.init(tmp_path / f"r{seed}", actor="mira")
        for name, part in (("a", rows), ("b", more)):
            mixed = random.Random(seed).sample(part, len(part))
            registry.import_("desk", [write(f"{name}{seed}.jsonl", mixed)], add=name == "b")
        answer = registry.collapse("desk", by="topic").as_json()
        for version in answer["versions"]:
            version.pop("made")
        answers.append(answer)
    assert answers[0] == answers[1]
    assert answers[0]["versions"][1]["groups"] == {"refund": 20, "(not stated)": 280}


def test_rows_that_say_little(registry, write):
    rows = [{"text": f"打印机 {k} 坏了 {k * 7}", "label": "ja"} for k in range(110)]
    said = [{"input": f"q{k}", "output": f"a {k}", "generator": "lab/m"} for k in range(110)]
    said += [{"input": f"d{k}", "output": f"b {k}", "depth": 2} for k in range(10)]
    registry.import_("desk", [write("a.jsonl", rows), write("b.jsonl", said)])
    found = registry.collapse("desk").versions[0]
    assert dict(found.composition.origins) == {"unknown": 110, "synthetic": 120}
    assert found.composition.depths == {0: 110, 1: 110, 2: 10}
    assert found.originals.vocabulary > 20, "of a labelled row the text counts, not the label"


def test_forgotten_rows_count_no_more(registry, write):
    registry.import_("desk", [write("a.jsonl", records(people(130), 0, "a"))])
    ids = [row.id.hex() for row in registry.version("desk")][:25]
    registry.keeping.forget(ids, "asked to")
    (found,) = registry.collapse("desk").versions
    assert found.composition.examples == 105
    assert registry.collapse("desk").rows == 105
