"""One poisoned registry for the whole catalogue, and every page of it, asked for once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from tests.attacks.pages import walk
from tests.attacks.poisoned import World, poisoned


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = poisoned(tmp_path_factory.mktemp("attacks"))
    with made.client:
        yield made


@pytest.fixture(scope="session")
def answers(world: World) -> dict[str, Any]:
    """Every address that reads → its answer."""
    return walk(world)


@pytest.fixture(scope="session")
def pages(answers: dict[str, Any]) -> dict[str, str]:
    """Path → HTML."""
    kinds = {path: one.headers.get("content-type", "") for path, one in answers.items()}
    return {path: one.text for path, one in answers.items() if kinds[path].startswith("text/html")}
