"""The catalogue itself: every family is there, every attack has a name of its own, says what must hold, and has its test."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from tests.attacks.catalogue import Attack

pytest.importorskip("playwright.sync_api", reason="needs Playwright")

FAMILIES = (
    "answers", "archives", "hub", "other_sites", "oversize", "paths", "reading", "reflected", "rights", "sessions", "stored", "walk",
)  # fmt: skip
_HERE = Path(__file__).parent


def attacks() -> list[Attack]:
    return [one for name in FAMILIES for one in import_module(f"tests.attacks.test_{name}").ATTACKS]


def test_every_file_is_a_family() -> None:
    there = {path.stem.removeprefix("test_") for path in _HERE.glob("test_*.py")} - {"catalogue"}
    assert there == set(FAMILIES)


def test_there_are_sixty_at_least_and_each_is_said_whole() -> None:
    found = attacks()
    assert len(found) >= 60
    assert [id for id, count in Counter(one.id for one in found).items() if count > 1] == []
    for one in found:
        assert one.what and one.where and one.holds, one.id


def test_each_has_its_test() -> None:
    """Those that are data of one test are its parameters; the others are named by the test that tries them."""
    for name in FAMILIES:
        module = import_module(f"tests.attacks.test_{name}")
        text = (_HERE / f"test_{name}.py").read_text("utf-8")
        tests = text[text.index("ATTACKS = ") :]
        data = {
            one.id
            for value, group in vars(module).items()
            if isinstance(group, tuple) and f"@each({value})" in tests
            for one in group
            if isinstance(one, Attack)
        }
        for one in module.ATTACKS:
            family, _, short = one.id.partition("/")
            named = one.id in tests or f"{short}" in tests or f"{family}/*" in tests
            assert one.id in data or named, one.id
