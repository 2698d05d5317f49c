"""A registry with two versions, and the application over it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import assay

fastapi = pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient  # noqa: E402

from assay.web.app import create_app  # noqa: E402
from assay.web.settings import Settings  # noqa: E402

HOSTILE = "<script>alert(1)</script> \u202egnp.exe \x1b[31m ' onmouseover=x \""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry: `help` has two versions, and texts that would act in a page."""
    root = tmp_path_factory.mktemp("web")
    rows = [
        {
            "instruction": f"How do I change the number {k} of my order?",
            "input": "",
            "output": f"Open order {k * k}.",
        }
        for k in range(40)
    ]
    rows += [
        {"instruction": f"怎么退款？第 {k} 次", "input": "", "output": f"请在订单页申请，{k * 37} 天内到账。"}
        for k in range(20)
    ]
    rows.append({"instruction": HOSTILE, "input": "", "output": HOSTILE})
    source = root / "raw.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    registry = assay.init(root / "registry", actor="ann")
    registry.curate("help", [str(source)], recipe="import", message=HOSTILE)
    registry.curate("help", [str(source)], message="second")
    return root / "registry"


@pytest.fixture
def client(application: TestClient) -> TestClient:
    """The application in mode local, for a browser that was never here."""
    application.cookies.clear()
    return application


@pytest.fixture(scope="module")
def application(folder: Path) -> Iterator[TestClient]:
    """One for all tests of a module: making it takes a third of a second."""
    app = create_app(lambda: assay.open(folder, actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as made:
        yield made
