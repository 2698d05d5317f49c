"""Blast radius and runs: from a cause to every version and every run that it reached."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

import assay
from assay.errors import NotFound, UsageError
from assay.registry import Registry

GOOD = {
    "input": "Where is my parcel?",
    "output": "It left our warehouse this morning.",
    "generator": "lab/good",
}
BAD = {"input": "退款要多久?", "output": "退款将在三个工作日内到账。", "generator": "o'lab/bad"}


def write_jsonl(path: Path, rows: Iterable[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def _rows(n: int, like: dict[str, str]) -> list[dict[str, str]]:
    word = [f"{like['input']} {k * 7919:x}" for k in range(n)]
    return [like | {"input": w, "output": like["output"] + " " + w[::-1]} for w in word]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    made = assay.init(tmp_path / "r", actor="ann")
    made.import_("desk", [write_jsonl(tmp_path / "a.jsonl", _rows(8, GOOD))])
    made.import_("desk", [write_jsonl(tmp_path / "b.jsonl", _rows(5, BAD))], add=True)
    made.import_("other", [write_jsonl(tmp_path / "c.jsonl", _rows(2, BAD))])
    made.runs.link("desk@v1", "clean-run")
    made.runs.link("desk@v2", "run-7", {"model": "ours-7b", "tracker": "mlflow"})
    return made


def test_a_generator_is_followed_into_versions_and_runs(registry: Registry) -> None:
    found = registry.radius("generator", "o'lab/bad")
    assert [(one.ref, one.examples, one.newest) for one in found.versions] == [
        ("desk@v2", 5, True), ("other@v1", 2, True),
    ]  # fmt: skip
    assert found.examples == 5, "the two of `other` are examples of `desk` too"
    assert [run.name for run in found.runs] == ["run-7"]
    assert [fix[:2] for fix in found.fixes] == [
        ("disable", "desk"), ("disable", "other"), ("revoke", "desk@v2"),
    ]  # fmt: skip
    assert found.fixes[0][2:4] == ("--where", "generator = 'o''lab/bad'")


def test_an_example_and_a_source_are_followed(registry: Registry) -> None:
    source = next(s["uri"] for s in registry.version("desk@v1").sources)
    assert [(v.ref, v.examples) for v in registry.radius("source", source).versions] == [
        ("desk@v1", 8), ("desk@v2", 8),
    ]  # fmt: skip
    one = registry.version("desk@v1").head(1)[0]
    found = registry.radius("id", one.name[:12])
    assert found.value == one.name and [v.examples for v in found.versions] == [1, 1]


def test_what_was_made_from_a_reached_example_is_reached(tmp_path: Path) -> None:
    registry = assay.init(tmp_path / "r", actor="ann")
    registry.import_("desk", [write_jsonl(tmp_path / "a.jsonl", _rows(2, BAD))])
    bad = registry.version("desk").head(1)[0]
    child = GOOD | {"derived_from": [bad.name]}
    registry.import_("desk", [write_jsonl(tmp_path / "b.jsonl", [child])], add=True)
    made = next(e for e in registry.version("desk") if e.input == GOOD["input"])
    grandchild = GOOD | {"input": "May I have it at once?", "derived_from": [made.name]}
    registry.import_("desk", [write_jsonl(tmp_path / "c.jsonl", [grandchild])], add=True)
    found = registry.radius("id", bad.name)
    assert [(v.ref, v.examples) for v in found.versions] == [("desk@v1", 1), ("desk@v2", 2), ("desk@v3", 3)]
    assert (found.examples, found.derived) == (3, 2)


def test_what_is_not_there_is_said_with_what_reads_alike(registry: Registry) -> None:
    with pytest.raises(NotFound, match="generator 'lab/god'") as caught:
        registry.radius("generator", "lab/god")
    assert "lab/good" in caught.value.hint
    with pytest.raises(NotFound, match="no example") as caught:
        registry.radius("licence", "mit")
    assert "states its licence" in caught.value.hint
    with pytest.raises(UsageError, match="blast radius is not known of 'colour'"):
        registry.radius("colour", "red")


def test_runs_are_listed_and_a_link_made_again_replaces_the_first(registry: Registry) -> None:
    registry.runs.link("desk@v2", "run-7", {"model": "ours-8b"})
    found = registry.runs.list("desk")
    assert [(run.name, run.ref) for run in found] == [("clean-run", "desk@v1"), ("run-7", "desk@v2")]
    assert registry.runs.details(found[1]) == {"model": "ours-8b"}
    assert [run.name for run in registry.runs.list("desk@v1")] == ["clean-run"]
    with pytest.raises(UsageError, match="no field 'colour'"):
        registry.runs.link("desk", "x", {"colour": "red"})
    with pytest.raises(UsageError, match="cannot name a run"):
        registry.runs.link("desk", "../x")
    with pytest.raises(UsageError, match="longer than 500"):
        registry.runs.link("desk", "x", {"url": "h" * 501})
    with pytest.raises(NotFound):
        registry.runs.link("nothing", "x")
    assert json.dumps([run.as_json({}) for run in found])
