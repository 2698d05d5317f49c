"""Examples of agents: safe when acknowledged, twice is once, and in a version a little later."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient

import assay
from assay.registry.curating.landing import land
from assay.web.app import create_app
from assay.web.collected import landing as landing_module
from assay.web.collected.landing import Landing
from assay.web.collected.spool import Spool
from assay.web.database import Folder
from assay.web.desk import Desk
from assay.web.registries import Registries
from assay.web.settings import Settings

AT = "/api/d/reviews/examples"


def body(*texts: str) -> dict[str, object]:
    return {
        "generator": "lab/model-1",
        "params": {"temperature": 0.7},
        "prompt_template": "review@3",
        "examples": [
            {
                "prompt": f"问题：{text}",
                "output": f"回答 {text}",
                "request_id": text,
                "price": 0.0004,
                "tokens": {"input": 9, "output": 8},
            }
            for text in texts
        ],
    }


def key(name: str) -> dict[str, str]:
    return {"idempotency-key": name}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assay.init(tmp_path / "r", actor="ann")
    return tmp_path / "r"


@pytest.fixture
def web(root: Path) -> Iterator[TestClient]:
    app = create_app(lambda: assay.open(root, actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as made:
        yield made


def test_they_land_with_all_that_was_said_of_them(web: TestClient, root: Path) -> None:
    first = web.post(AT, json=body("a", "b"), headers=key("1"))
    assert (first.status_code, first.json()) == (200, {"dataset": "reviews", "accepted": 2, "waiting": 2})
    assert web.get(f"{AT}/waiting").json()["waiting"] == 2
    made = web.post(f"{AT}/flush").json()["versions"]
    assert [one["version"] for one in made] == ["reviews@v1"]
    version = assay.open(root).version("reviews@v1")
    assert len(version) == 2
    assert version.operation.actor == "ann"
    one = next(iter(version))
    assert one.provenance["generator"] == "lab/model-1"
    assert one.provenance["origin"] == "synthetic"
    assert web.post(f"{AT}/flush").json()["versions"] == []
    web.post(AT, json=body("c"), headers=key("2"))
    assert web.post(f"{AT}/flush").json()["versions"][0]["version"] == "reviews@v2"
    assert len(assay.open(root).version("reviews")) == 3


def test_the_same_key_and_body_gives_the_same_answer_and_nothing_twice(web: TestClient) -> None:
    first = web.post(AT, json=body("a"), headers=key("k"))
    again = web.post(AT, json=body("a"), headers=key("k"))
    assert again.json() == first.json()
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    other = web.post(AT, json=body("b"), headers=key("k"))
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")
    assert web.get(f"{AT}/waiting").json()["waiting"] == 1
    assert web.post(AT.replace("reviews", "others"), json=body("b"), headers=key("k")).status_code == 200
    assert web.post(AT, json=body("b")).status_code == 422, "a key is needed"
    web.post(f"{AT}/flush")
    assert web.post(AT, json=body("a"), headers=key("k")).json() == first.json()
    assert web.post(f"{AT}/flush").json()["versions"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": "x"},
        {"output": "y"},
        {"prompt": "x", "output": "y", "price": -1},
        {"prompt": "x", "output": "y", "origin": "alien"},
        {"prompt": "x", "messages": [], "output": "y"},
        {"messages": []},
        {"prompt": "x", "output": "y", "fields": {"id": 1}},
        {"prompt": "x", "output": "y", "depth": -1},
        {"prompt": "x", "output": "y", "unknown": 1},
    ],
)
def test_what_cannot_be_a_record_is_refused_with_all_that_came_with_it(
    web: TestClient, wrong: dict[str, object]
) -> None:
    sent = body("a")
    sent["examples"].append(wrong)  # type: ignore[attr-defined]
    answer = web.post(AT, json=sent, headers=key("k"))
    assert answer.status_code in (400, 422)
    assert answer.status_code == 422 or "example 2" in answer.json()["error"]["message"]
    assert web.get(f"{AT}/waiting").json()["waiting"] == 0


def test_a_policy_that_refuses_keeps_them_waiting_and_says_why(web: TestClient, root: Path) -> None:
    put = web.post("/api/commands/policy/set", json={"yaml": "rules:\n  - size: {min: 3, commit: refuse}\n"})
    assert put.status_code == 200, put.text
    web.post(AT, json=body("a"), headers=key("1"))
    refused = web.post(f"{AT}/flush")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "gate_failed")
    assert refused.json()["gate"]["findings"]
    told = web.get(f"{AT}/waiting").json()
    assert told["waiting"] == 1
    assert len(told["errors"]) == 1
    web.post("/api/commands/policy/set", json={"yaml": "rules:\n  - size: {min: 1, commit: refuse}\n"})
    assert web.post(f"{AT}/flush").json()["versions"][0]["version"] == "reviews@v1"


@pytest.fixture
def parts(root: Path) -> tuple[Desk, Landing]:
    desk = Desk(assay.open(root), Settings(), {}, time.time, os.urandom)
    return desk, Landing(desk, Registries(lambda: assay.open(root, actor="ann"), 2))


def lines(root: Path, count: int) -> list[bytes]:
    from assay.registry.generation.collecting import Lines

    taken = Lines(assay.open(root), "lab/m")
    for k in range(count):
        taken.add(f"q {k}", f"a {k}")
    return taken.lines


def test_they_land_by_age_and_by_number(
    root: Path, parts: tuple[Desk, Landing], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, landing = parts
    spool = desk.collected
    spool.add("bob", "reviews", "1", "x", lines(root, 3))
    landing.due(time.time())
    assert assay.open(root).datasets() == []
    monkeypatch.setattr(landing_module, "ENOUGH", 3)
    landing.due(time.time())
    assert assay.open(root).version("reviews@v1").operation.actor == "bob"
    spool.add("bob", "reviews", "2", "y", lines(root, 5)[3:])
    landing.due(time.time())
    assert spool.count("reviews") == 2
    landing.due(time.time() + landing_module.AGE + 1)
    assert (spool.count("reviews"), len(assay.open(root).version("reviews"))) == (0, 5)


def test_a_server_killed_after_the_commit_does_not_land_them_twice(
    root: Path, parts: tuple[Desk, Landing]
) -> None:
    desk, landing = parts
    spool = desk.collected
    spool.add("bob", "reviews", "1", "x", lines(root, 3))
    batch = spool.form(spool.groups()[0], "0" * 16)
    land(assay.open(root, actor="bob"), "reviews", spool.lines(batch), batch.source)
    assert spool.count("reviews") == 3, "killed here: the version is in the log, and the batch stands"
    again = Spool(Folder(root / "server"), time.time)
    assert [one.id for one in again.batches()] == [batch.id]
    landing.due(time.time())
    assert (spool.count("reviews"), spool.batches()) == (0, [])
    assert [one.latest for one in assay.open(root).datasets()] == [1]


def test_what_waits_is_bounded(
    root: Path, monkeypatch: pytest.MonkeyPatch, parts: tuple[Desk, Landing]
) -> None:
    from assay.web.collected import spool as spool_module

    monkeypatch.setattr(spool_module, "MOST", 4)
    spool = parts[0].collected
    spool.add("bob", "reviews", "1", "x", lines(root, 3))
    with pytest.raises(assay.errors.UsageError, match="wait for reviews already"):
        spool.add("bob", "reviews", "2", "y", lines(root, 2))
    assert spool.count("reviews") == 3
    spool.add("bob", "others", "2", "y", lines(root, 2))
