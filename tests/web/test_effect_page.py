"""/d/NAME/effect: two versions are chosen, and what their runs scored is shown beside the rows that changed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registry import effect_runs
from tests.web.desk import well_formed

import assay

fastapi = pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient  # noqa: E402

from assay.web.app import create_app  # noqa: E402
from assay.web.settings import Settings  # noqa: E402


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    root: Path = tmp_path_factory.mktemp("effect-web")
    made = effect_runs.linked(root, effect_runs.registry(root))
    made.runs.link("helpdesk@v1", "without-results")
    app = create_app(lambda: assay.open(root / "registry", actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def test_the_newest_two_versions_with_results_are_compared(desk: TestClient) -> None:
    page, twin = well_formed(desk, "/d/helpdesk/effect")
    assert twin["measured"] and (twin["a"], twin["b"], twin["choices"]) == ("v1", "v2", ["v2", "v1"])
    found = twin["found"]
    assert found["metric"] == "score" and found["whole"]["runs"] == [3, 3] and found["without"] == [1, 0]
    by = {one["name"]: one for one in found["groups"][0]["rows"]}
    assert (by["refunds"]["reading"], by["refunds"]["came"], by["refunds"]["went"]) == ("better", 60, 10)
    assert by["shipping"]["reading"] == "worse" and by["billing"]["came"] == 0
    assert found["groups"][0]["elsewhere"] == [["warranty", 15, 0]]
    assert len(found["runs"]) == 6
    for said in (
        'class="forest good"',
        'class="forest bad"',
        "not to say that one made the other move",
        "warranty",
    ):
        assert said in page
    assert twin["command"] == "assay compare helpdesk@v1 helpdesk@v2"
    assert page.count("</svg>") > 8 and "style=" not in page


def test_versions_and_fields_are_chosen(desk: TestClient) -> None:
    _, twin = well_formed(desk, "/d/helpdesk/effect?a=v2&b=v1&by=category")
    assert (twin["a"], twin["b"]) == ("v2", "v1") and [g["field"] for g in twin["found"]["groups"]] == [
        "category"
    ]
    assert twin["command"] == "assay compare helpdesk@v2 helpdesk@v1 --by category"
    same = well_formed(desk, "/d/helpdesk/effect?a=v1&b=v1")[1]["found"]
    assert same["whole"]["value"] == 0
    assert desk.get("/d/helpdesk/effect?a=v1&b=v2&by=nothing").status_code == 400
    assert desk.get("/d/helpdesk/effect?a=v1&b=v9").status_code == 404
    assert desk.get("/d/helpdesk/effect?a=v1&b=v2&metric=f1").status_code == 400


def test_the_same_as_csv_without_formulas(desk: TestClient) -> None:
    answer = desk.get("/d/helpdesk/effect.csv?a=v1&b=v2")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.headers["content-type"].startswith("text/csv") and rows[0]["field"] == ""
    assert {"refunds", "退款"} <= {one["value"] for one in rows}
    refunds = next(one for one in rows if one["value"] == "refunds")
    assert refunds["rows_came"] == "60" and float(refunds["low"]) < 0.3 < float(refunds["high"])


def test_the_command_answers_alike(desk: TestClient) -> None:
    said = desk.get("/api/commands/compare", params={"a": "helpdesk@v1", "b": "helpdesk@v2"}).json()
    assert said["effect"]["metric"] == "score" and said["runs"]["a"][0]["run"] == "ft-v1-s0"


def test_it_speaks_chinese(desk: TestClient) -> None:
    page = desk.get("/d/helpdesk/effect", headers={"accept-language": "zh"}).text
    assert "每次训练的得分" in page and "更好" in page and "Reading" not in page
