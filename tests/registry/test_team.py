"""A registry whose index lies in a team's database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="needs the extra `postgres`")

import psycopg

import assay
from assay.errors import StorageFailure, UsageError
from assay.registry import Registry
from assay.store import layout


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "raw.jsonl"
    rows = [
        {"instruction": f"How do I change order {k}?", "output": f"Open page {k * k}."} for k in range(30)
    ]
    rows += [
        {"instruction": f"怎么退款？第 {k} 次", "output": f"请申请，{k * 37} 天内到账。"} for k in range(10)
    ]
    rows.append({"instruction": "Where is the zeppelin?", "output": "In the private hangar."})
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return str(path)


def made(tmp_path: Path, source: str, database: str) -> Registry:
    assay.init(tmp_path / "r", actor="ann")
    registry = assay.open(tmp_path / "r", actor="ann", database=database)
    registry.curate("help", [source], recipe="import")
    return registry


def words_in(registry: Registry, database: str, word: str) -> int:
    schema = f"assay_{layout.open(registry.store.storage).id}_index"
    with psycopg.connect(database) as db:
        if db.execute("SELECT to_regclass(%s)", (f"{schema}.words",)).fetchone() == (None,):
            return 0
        found = db.execute(
            f"SELECT count(*) FROM {schema}.words WHERE lexemes @@ %s::tsquery", (f"'{word}'",)
        )
        return int(found.fetchone()[0])  # type: ignore[index]


def test_answers_are_those_of_the_index_in_the_folder(tmp_path: Path, source: str, postgres: str) -> None:
    shared = made(tmp_path, source, postgres)
    assert not (tmp_path / "r" / "index").exists()
    gone = shared.search("zeppelin")[0].id
    shared.keeping.disable("help", [gone], "private")
    few = Path(source).with_name("few.jsonl")
    few.write_text("".join(Path(source).read_text("utf-8").splitlines(keepends=True)[::3]), "utf-8")
    shared.curate("help", [str(few)], recipe="import")
    shared.refs.rollback("help", "v1", "back 回去")
    own = assay.open(tmp_path / "r", actor="ann")
    for id_ in [hit.id for hit in own.search("退款", limit=5)]:
        one, other = shared.trace(id_), own.trace(id_)
        assert one.as_json() == other.as_json()
    for words in ("退款", "款", "order", '"page 4"', "zeppelin"):
        for ref in (None, "help@v1"):
            one, other = (r.search(words, ref, limit=99) for r in (shared, own))
            assert {hit.id for hit in one} == {hit.id for hit in other}
    then = shared.at("2020-01-01")
    assert then.index().versions_of(bytes.fromhex(gone)) == []


def test_what_is_forgotten_is_gone_from_the_database(tmp_path: Path, source: str, postgres: str) -> None:
    registry = made(tmp_path, source, postgres)
    other = assay.open(tmp_path / "r", actor="bo", database=postgres)
    gone = other.search("zeppelin")[0].id
    assert words_in(registry, postgres, "zeppelin") == 1
    registry.keeping.forget([gone], "asked for")
    assert words_in(registry, postgres, "zeppelin") == 0
    assert other.search("zeppelin") == [] and len(other.search("order", limit=99)) == 30
    assert words_in(registry, postgres, "zeppelin") == 0


def test_a_commit_stands_though_the_database_is_away(tmp_path: Path, source: str, postgres: str) -> None:
    nowhere = "postgresql://nobody:secret@127.0.0.1:1/none"
    registry = made(tmp_path, source, nowhere)
    assert registry.version("help").manifest.number == 1
    with pytest.raises(StorageFailure) as caught:
        registry.search("order")
    assert (
        "127.0.0.1:1/none" in caught.value.message
        and "secret" not in caught.value.message + caught.value.hint
    )
    with pytest.raises(UsageError, match="not the address"):
        assay.open(tmp_path / "r", database="sqlite:///x")
    assert len(assay.open(tmp_path / "r", database=postgres).search("order", limit=99)) == 30


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.errors import MissingExtra
    from assay.store import address

    monkeypatch.setattr(address, "find_spec", lambda name: None)
    assay.init(tmp_path / "r")
    with pytest.raises(MissingExtra) as caught:
        assay.open(tmp_path / "r", database="postgresql:///team")
    assert "assay-data[postgres]" in caught.value.hint
