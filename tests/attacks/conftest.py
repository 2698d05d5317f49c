"""One poisoned registry for the whole catalogue, and every page of it, asked for once."""

from __future__ import annotations

from collections.abc import Iterator

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
def pages(world: World) -> dict[str, str]:
    """Path → HTML."""
    return walk(world)
