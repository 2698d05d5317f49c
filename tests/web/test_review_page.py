"""Reviewing over HTTP: blind queues stay blind, nobody's verdict is lost or judged over unseen, edits keep the text."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient
from tests.web.conftest import HOSTILE
from tests.web.desk import Desk, send, well_formed

from assay.registry.review.results import Given, Rules
from assay.registry.review.samples import Drawing
from assay.web.access.roles import Role


@pytest.fixture
def desk(folder: Path, tmp_path: Path) -> Desk:
    return Desk.copy(folder, tmp_path)


@pytest.fixture
def ann(desk: Desk) -> Iterator[TestClient]:
    with desk.client("ann") as made:
        yield made


def card(client: TestClient, queue: str, **asked: Any) -> dict[str, Any]:
    page: dict[str, Any] = client.get(f"/api/review/{queue}", params=asked).json()
    found: dict[str, Any] = page["card"]
    return found


def test_the_queues_and_one_example_are_pages_with_twins(desk: Desk, ann: TestClient) -> None:
    page, twin = well_formed(ann, "/review")
    assert twin["queues"] == []
    assert "No queue yet" in page
    desk.registry("cy").reviews.create("q", "help", Drawing("random", 10), note=HOSTILE)
    page, twin = well_formed(ann, "/review")
    assert [(one["name"], one["left"], one["covered"]) for one in twin["queues"]] == [("q", 10, 0.0)]
    _, twin = well_formed(ann, "/review/q")
    assert len(twin["coming"]) == 8
    assert twin["coming"][0] == twin["card"]["id"]
    assert well_formed(ann, "/review?dataset=help")[1]["command"] == "assay review list help"
    assert ann.get("/review/none").status_code == 404
    assert ann.get("/review?dataset=none").status_code == 404
    assert ann.get(f"/review/q?id={'0' * 64}").status_code == 404


def test_a_queue_is_made_judged_taken_back_and_applied(desk: Desk, ann: TestClient) -> None:
    fields = {
        "name": "web",
        "ref": "help@v1",
        "sample": "random",
        "n": "6",
        "reviewers": "1",
        "blind": "auto",
    }
    made = send(ann, "/review/queues", fields)
    assert (made.status_code, made.headers["location"]) == (303, "/review/web")
    first = card(ann, "web")
    said = {
        "id": first["id"],
        "follows": "0",
        "verdict": "reject",
        "comment": HOSTILE,
        "tags": "tone=4",
        "score": "2",
    }
    done = send(ann, "/review/web/judge", said)
    assert (done.status_code, done.headers["location"]) == (303, "/review/web")
    assert card(ann, "web")["id"] != first["id"]
    page, twin = well_formed(ann, f"/review/web?id={first['id']}")
    assert twin["card"]["mine"]["verdict"] == "reject"
    assert twin["card"]["mine"]["tags"] == {"tone": "4"}
    assert "A new verdict takes its place" in page
    back = send(ann, "/review/web/undo", {"id": first["id"]})
    assert back.headers["location"] == f"/review/web?id={first['id']}"
    again = card(ann, "web", id=first["id"])
    assert (again["mine"]["verdict"], again["state"]) == ("skip", "open")
    assert send(ann, "/review/web/undo", {"id": first["id"]}).status_code == 400
    said["follows"] = str(again["follows"])
    assert send(ann, "/review/web/judge", said).status_code == 303
    _, twin = well_formed(ann, "/review/web/apply")
    assert twin["would"]["rejected"] == 1
    assert send(ann, "/review/web/apply", {"reason": "bad"}).headers["location"] == "/d/help%40v3"
    assert len(desk.registry().version("help@v3")) == len(desk.registry().version("help@v2")) - 1
    page, twin = well_formed(ann, f"/review/web?id={first['id']}")
    assert "in a version already" in twin["card"]["closed"]
    assert 'value="accept"' not in page
    late = send(ann, "/review/web/undo", {"id": first["id"]})
    assert late.status_code == 409
    assert "in a version already" in late.text
    assert [one.action for one in desk.registry().log()].count("review") == 3, "the taken back one stays"


def test_a_blind_queue_tells_nothing_before_all_have_judged(desk: Desk, ann: TestClient) -> None:
    bob = desk.registry("bob")
    bob.reviews.create("blind", "help", Drawing("random", 5), Rules(2))
    judged = bob.reviews.next("blind")
    assert judged is not None
    bob.reviews.give("blind", [Given(judged.example.name, "reject", {"tone": "9"}, 0.25, "SECRET-COMMENT")])
    where = f"/review/blind?id={judged.example.name}"
    for path in (where, "/review"):
        for text in (ann.get(path).text, ann.get("/api" + path).text):
            assert "SECRET-COMMENT" not in text
            assert "0.25" not in text
            assert "tone" not in text or "tone=9" not in text
    value = card(ann, "blind", id=judged.example.name)
    assert value["hidden"]
    assert (value["origin"], value["facts"], value["said"], value["follows"]) == ({}, [], [], 0)
    assert "bob" not in ann.get(where).text
    assert "raw.jsonl" not in ann.get(where).text
    send(ann, "/review/blind/judge", {"id": judged.example.name, "verdict": "accept", "follows": "0"})
    shown = card(ann, "blind", id=judged.example.name)
    assert not shown["hidden"]
    assert {one["comment"] for one in shown["said"]} == {"", "SECRET-COMMENT"}
    assert shown["origin"]


def test_who_was_first_is_said_and_nothing_is_judged_over_unseen(desk: Desk, ann: TestClient) -> None:
    bob = desk.registry("bob")
    bob.reviews.create("open", "help", Drawing("random", 5), Rules(2, blind=False))
    bob.reviews.create("one", "help", Drawing("random", 5))
    seen, single = card(ann, "open"), card(ann, "one")
    bob.reviews.give("open", [Given(seen["id"], "reject")])
    bob.reviews.give("one", [Given(single["id"], "reject")])
    before = len(bob.log())
    for queue, id_ in (("open", seen["id"]), ("one", single["id"])):
        late = send(ann, f"/review/{queue}/judge", {"id": id_, "verdict": "accept", "follows": "0"})
        assert late.status_code == 409
        assert "bob" in late.text
        assert f'href="/review/{queue}"' in late.text
    assert len(bob.log()) == before
    again = card(ann, "open", id=seen["id"])
    given = {"id": seen["id"], "verdict": "accept", "follows": str(again["follows"])}
    assert send(ann, "/review/open/judge", given).status_code == 303
    assert send(ann, "/review/open/judge", given).status_code == 409, "the same window twice"


def test_a_third_person_decides_what_is_in_conflict(desk: Desk, ann: TestClient) -> None:
    bob, cy = desk.registry("bob"), desk.registry("cy")
    bob.reviews.create("two", "help", Drawing("random", 3), Rules(2))
    found = bob.reviews.next("two")
    assert found is not None
    bob.reviews.give("two", [Given(found.example.name, "accept", comment=HOSTILE)])
    cy.reviews.give("two", [Given(found.example.name, "reject")])
    page, twin = well_formed(ann, "/review/two?conflicts=1")
    assert twin["adjudicating"]
    assert "You are the third person" in page
    assert {one["actor"] for one in twin["card"]["said"]} == {"bob", "cy"}
    said = {"id": found.example.name, "verdict": "reject", "follows": str(twin["card"]["follows"])}
    assert send(ann, "/review/two/adjudicate", said).headers["location"] == "/review/two?conflicts=1"
    with desk.client("bob") as other:
        refused = send(other, "/review/two/undo", {"id": found.example.name})
        assert refused.status_code == 409
        assert "adjudicated by ann" in refused.text


def test_an_edit_changes_what_was_changed_and_no_line_ends(desk: Desk, ann: TestClient) -> None:
    registry = desk.registry()
    registry.reviews.create("edit", "help@v1")
    ids = [one.hex() for one in registry.reviews.fold().named("edit").queue.ids]
    plain = next(one for one in ids if not card(ann, "edit", id=one)["payload"])
    texts = [turn["text"] for turn in card(ann, "edit", id=plain)["turns"]]
    given = {"id": plain, "verdict": "edit", "texts": [texts[0], "one\r\ntwo"], "follows": "0"}
    assert send(ann, "/review/edit/judge", given).status_code == 303
    shown = registry.reviews.fold().named("edit").case(bytes.fromhex(plain)).verdicts["ann"]
    assert shown.payload is not None
    payload = registry.store.objects.get_json(shown.payload)["payload"]
    assert [one["content"] for one in payload["messages"]] == [texts[0], "one\ntwo"]
    same = {
        "id": ids[0],
        "verdict": "edit",
        "texts": [t["text"] for t in card(ann, "edit", id=ids[0])["turns"]],
    }
    if not card(ann, "edit", id=ids[0])["payload"] and ids[0] != plain:
        assert send(ann, "/review/edit/judge", same).status_code == 400
    assert (
        send(ann, "/review/edit/judge", {"id": plain, "verdict": "edit", "texts": ["x"]}).status_code == 400
    )
    wrong = {"id": plain, "verdict": "edit", "payload": "[1"}
    assert send(ann, "/review/edit/judge", wrong).status_code == 400
    assert send(ann, "/review/edit/judge", {"id": plain, "verdict": "accept", "tags": "x"}).status_code == 400


def test_what_acts_unseen_is_edited_as_json_that_spells_it(desk: Desk, ann: TestClient) -> None:
    import json

    registry = desk.registry()
    registry.reviews.create("edit", "help@v1")
    ids = [one.hex() for one in registry.reviews.fold().named("edit").queue.ids]
    odd = next(one for one in ids if card(ann, "edit", id=one)["payload"])
    page, twin = well_formed(ann, f"/review/edit?id={odd}")
    assert "\\u202e" in page
    assert json.loads(twin["card"]["payload"]) == registry.example(odd).payload


def test_single_keys_can_be_switched_off(desk: Desk, ann: TestClient) -> None:
    desk.registry().reviews.create("q", "help", Drawing("random", 3))
    assert '<body data-keys="on">' in ann.get("/review/q").text
    chosen = send(ann, "/settings/view", {"language": "en"})
    assert "keys=off" in " ".join(chosen.headers.get_list("set-cookie"))
    assert '<body data-keys="off">' in ann.get("/review/q").text
    assert "Single keys are switched off" in ann.get("/review/q").text


def test_four_people_judge_one_queue_of_two_hundred_and_nothing_is_lost(tmp_path: Path) -> None:
    import json

    import assay

    source = tmp_path / "raw.jsonl"
    rows = ({"instruction": f"What is {k} and {k * 7}?", "output": f"It is {k * 8}."} for k in range(260))
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assay.init(tmp_path / "r", actor="zed").curate("sums", [str(source)], recipe="import")
    desk = Desk(tmp_path / "r")
    desk.registry("zed").reviews.create("all", "sums", Drawing("random", 200))

    people = ["ann", "bob", "cy", "李"]
    client, tokens = desk.asking("token", {name: {Role.REVIEWER} for name in people})

    def judge(actor: str) -> tuple[int, int, int]:
        given = late = other = 0
        with TestClient(client.app, base_url="http://127.0.0.1") as client_:
            client_.headers["authorization"] = f"Bearer {tokens[actor]}"
            while (found := client_.get("/api/review/all").json())["card"] is not None:
                body = {"id": found["card"]["id"], "verdict": "accept", "follows": found["card"]["follows"]}
                status = client_.post("/api/review/all/judge", json=body).status_code
                given, late, other = (
                    given + (status == 200), late + (status == 409), other + (status not in (200, 409))
                )  # fmt: skip
        return given, late, other

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(judge, people))
    assert sum(one[2] for one in told) == 0
    assert sum(one[0] for one in told) == 200
    found = desk.registry("zed").reviews
    assert found.status("all").states["decided"] == 200
    assert found.fold().refused == []
    counts = {actor: sum(words.values()) for actor, words in found.status("all").verdicts.items()}
    assert counts == {a: n for a, (n, _, _) in zip(people, told, strict=True) if n}
