"""The OpenAPI document: it describes every route, and nothing that fits it makes the server fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")
pytest.importorskip("schemathesis", reason="needs schemathesis")

import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed, settings

import assay
from assay.web.app import create_app
from assay.web.settings import Limits, Settings

QUICK, LONG = 3, 60
SLOW = {
    "command_get_stats",
    "command_get_report",
    "command_get_collapse",
    "command_get_card",
    "command_get_doctor",
}


@pytest.fixture(scope="module")
def app(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    import shutil

    root = tmp_path_factory.mktemp("openapi") / "r"
    shutil.copytree(folder, root)
    limits = Limits(asked=10**9, unsafe=10**9, upload=1 << 20, uploads=10**6)
    return create_app(lambda: assay.open(root, actor="ann"), Settings(limits=limits), environment=os.environ)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    # Jobs are queued and never started: what they do is tested where they are.
    yield TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


def operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, told)
        for path, methods in app.openapi()["paths"].items()
        for method, told in methods.items()
    ]


def test_the_document_says_what_each_route_is_and_takes(app: FastAPI) -> None:
    found = operations(app)
    assert len(found) > 60
    for _, path, told in found:
        assert told["x-permission"], path
        assert told.get("summary"), path
        assert told["operationId"], path
    names = [told["operationId"] for _, _, told in found]
    assert len(names) == len(set(names))
    errors = app.openapi()["components"]["schemas"]["Refusal"]["properties"]
    assert set(errors) == {"error", "gate", "conflicts"}


def _ask(app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch, examples: int) -> int:
    from assay.web.jobs.board import Board

    monkeypatch.setattr(Board, "_start", lambda self, job, folder: None)
    schema = schemathesis.openapi.from_dict(app.openapi())
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        few = 1 if operation.definition.raw.get("operationId") in SLOW else examples

        @seed(20261121)
        @settings(
            max_examples=few, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            nonlocal asked
            asked += 1
            sent = case.as_transport_kwargs(base_url="http://127.0.0.1")
            sent.pop("cookies", None)
            headers = {k: v for k, v in (sent.pop("headers", None) or {}).items() if k.lower() != "host"}
            answer = client.request(headers=headers, **sent)
            assert answer.status_code < 500, (case.method, case.formatted_path, sent, answer.text[:500])

        check()
    return asked


@pytest.mark.filterwarnings("ignore")
def test_nothing_that_fits_the_document_makes_the_server_fail(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _ask(app, client, monkeypatch, QUICK) > 100


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_nothing_that_fits_the_document_makes_the_server_fail_for_long(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _ask(app, client, monkeypatch, LONG) > 1_000
