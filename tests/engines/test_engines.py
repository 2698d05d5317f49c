"""The engines: what all owe, and how they are named."""

from __future__ import annotations

import sys

import pytest

import assay
from assay.curate.engine import Engine, open_engine
from assay.engines.local import LocalEngine
from assay.errors import UsageError
from assay.testing.engines import EngineSuite
from tests.registry.conftest import ticket, write  # noqa: F401


class TestThisThread(EngineSuite):
    def make(self) -> Engine:
        return LocalEngine()


class TestThreads(EngineSuite):
    def make(self) -> Engine:
        return LocalEngine(2, threads=True)


class TestProcesses(EngineSuite):
    def make(self) -> Engine:
        return LocalEngine(2)


def test_an_engine_is_named_by_a_setting():
    assert open_engine("local", 3, threads=True) == LocalEngine(3, threads=True)


def test_an_unknown_engine_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="no engine 'spark'") as caught:
        open_engine("spark", 1, threads=False)
    assert caught.value.hint == "one of: local, ray"


def test_the_local_engine_has_no_address():
    with pytest.raises(UsageError, match="has no address"):
        open_engine("local:10.0.0.1", 1, threads=False)


def test_without_ray_the_extra_is_named(tmp_path, write, monkeypatch):  # noqa: F811
    monkeypatch.setitem(sys.modules, "ray", None)
    registry = assay.init(tmp_path / "registry")
    with pytest.raises(UsageError, match="needs Ray") as caught:
        registry.curate("a", [write("a.jsonl", [ticket(1)])], engine="ray")
    assert "assay-data[ray]" in caught.value.hint
    assert registry.datasets() == []


def test_an_engine_of_ones_own_serves(tmp_path, write):  # noqa: F811
    source = write("a.jsonl", [ticket(k) for k in range(30)])
    registry = assay.init(tmp_path / "registry")
    expected = registry.curate("a", [source], batch_rows=4).fingerprint
    assert (
        registry.curate("b", [source], batch_rows=4, engine=LocalEngine(3, threads=True)).fingerprint
        == expected
    )
