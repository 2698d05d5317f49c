"""Stored: what strangers wrote into any field stands in every page as text, and in every twin as it was."""

from __future__ import annotations

import json
import logging
from urllib.parse import quote

import pytest

from tests.attacks.catalogue import CANARY, Attack, each, foreign, strings
from tests.attacks.pages import filled, routes
from tests.attacks.poisoned import PLACES, World
from tests.attacks.texts import TEXTS

_TEXT = {one.id: one for one in TEXTS}
_PLACE = {one.id: one for one in PLACES}
IN_PLACES = tuple(
    Attack(f"stored/{one.id}", f"every text of `texts.py` in {one.what}", one.what,
           "its twin carries the text, and no page has an element, an attribute or a character of it", {"place": one.id})
    for one in PLACES
)  # fmt: skip
IN_PAGES = tuple(
    Attack(f"text/{one.id}", one.what, "every field of the poisoned registry",
           "in no page of the router does it stand as it is", {"text": one.id})
    for one in TEXTS
)  # fmt: skip
ATTACKS = IN_PLACES + IN_PAGES


@each(IN_PLACES)
def test_what_was_planted_is_carried_as_text(world: World, attack: Attack) -> None:
    place = _PLACE[attack.said["place"]]
    seen = place.seen(world)
    answer = world.client.get(f"/api{seen}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    text = place.held or place.text
    assert any(text in one for one in strings(answer.json())), "the attack did not arrive"
    page = world.client.get(seen)
    if page.headers["content-type"].startswith("text/html") and page.status_code == 200:
        assert foreign(page.text) == []


@each(IN_PAGES)
def test_no_page_has_it_as_it_is(pages: dict[str, str], attack: Attack) -> None:
    acts = _TEXT[attack.said["text"]].acts
    assert [path for path, html in pages.items() if acts in html] == []


def test_every_page_is_walked(world: World, pages: dict[str, str]) -> None:
    assert len(pages) > 100
    assert sum(CANARY in html for html in pages.values()) > 60, "pages show what was planted"


def test_every_page_is_well_formed_and_ours_alone(pages: dict[str, str]) -> None:
    found = {path: foreign(html) for path, html in pages.items()}
    assert {path: what for path, what in found.items() if what} == {}


def test_every_answer_to_a_program_is_json_and_never_a_failure(world: World) -> None:
    for route in routes(world.client.app, api=True):
        for path in filled(world, route.path)[:12]:
            answer = world.client.get(path)
            assert answer.status_code < 500, (path, answer.text[:300])
            kind = answer.headers["content-type"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            if kind == "application/json":
                json.loads(answer.content)
            elif kind.startswith("text/html"):
                assert answer.headers["content-disposition"].startswith("attachment"), path


def test_nothing_of_it_is_in_a_log_or_a_path(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for path in ("/", "/d/poisoned@v1", "/audit", "/jobs", f"/search?q={quote('<b zqx>')}", "/d/<b zqx>"):
            world.client.get(path)
    said = [
        one.getMessage()
        for one in caplog.records
        if one.name.partition(".")[0] not in ("httpx", "httpx2", "httpcore")
    ]
    assert [one for one in said if CANARY in one] == []
    names = [path.name for path in world.root.rglob("*") if CANARY in path.name]
    assert [name for name in names if not _is_a_name(name)] == []


def _is_a_name(name: str) -> bool:
    from assay.model.ref import check_name

    return bool(check_name(name))
