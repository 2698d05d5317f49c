"""Writes that fail or fall short at every call of a curation: the old version or the new one, never half of it."""

from __future__ import annotations

from contextlib import suppress

import pytest

import assay
from assay.errors import AssayError
from assay.registry import Registry
from assay.store.local import LocalStorage
from assay.testing.faults import Crash, FaultyCalls

from .conftest import ticket


def curate(root, calls, source, add):
    registry = Registry(LocalStorage(root, calls), root, "mira")
    return registry.curate("helpdesk", [source], add=add)


@pytest.mark.parametrize("fault", ["error", "dead", "crash", "short"])
def test_every_storage_call_may_fail(tmp_path, write, fault):
    first = write("a.jsonl", [ticket(n) for n in range(12)])
    second = write("b.jsonl", [ticket(n) for n in range(12, 20)])
    at = 1
    seen = {"old": 0, "new": 0}
    while True:
        root = tmp_path / f"{fault}{at}"
        assay.init(root)
        assay.open(root).curate("helpdesk", [first])
        calls = FaultyCalls(at, fault=fault)
        with suppress(AssayError, Crash):
            curate(root, calls, second, add=True)
        registry = assay.open(root)
        version = registry.version("helpdesk")
        assert (version.name, len(version)) in {("helpdesk@v1", 12), ("helpdesk@v2", 20)}
        seen["old" if len(version) == 12 else "new"] += 1
        assert not registry.verify().damage
        registry.gc(dry_run=False, grace_seconds=0)
        assert not registry.gc(grace_seconds=0).orphans
        assert not registry.verify().damage
        assert [e.provenance["record"] for e in version]
        if calls.count < at:
            break
        at += 1
    assert seen["old"] > 5 or fault == "short"
    assert seen["new"] > 0
