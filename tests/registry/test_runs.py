"""registry.runs: receipts are kept with their run, and belong to the version that they name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.errors import UsageError
from assay.registry import Registry
from assay.track.receipt import Receipt
from tests.registry.conftest import ticket


@pytest.fixture
def curated(registry, write):
    sources = [write("tickets.jsonl", [ticket(n) for n in range(12)])]
    return registry.curate("helpdesk", sources).version


def receipt_of(registry: Registry, ref: str, rows: int) -> Receipt:
    version = registry.version(ref)
    return Receipt("run-1", version.manifest.ref, version.fingerprint, rows, "2026-11-01T00:00:00Z", "train")


def test_the_newest_receipt_of_a_run_counts(registry: Registry, curated: str) -> None:
    begun = receipt_of(registry, curated, 3)
    registry.runs.record(begun)
    ended = replace(begun, state="finished", ended="2026-11-01T01:00:00Z", metrics={"loss": 1.5})
    registry.runs.record(ended, {"model": "tiny"})
    (run,) = registry.runs.list()
    assert registry.runs.receipt(run) == ended
    assert registry.runs.details(run) == {"model": "tiny"}
    assert run.ref == begun.ref


def test_a_run_that_was_linked_by_hand_has_no_receipt(registry: Registry, curated: str) -> None:
    assert registry.runs.receipt(registry.runs.link(curated, "by-hand")) is None


def test_a_receipt_of_other_content_is_refused(registry: Registry, curated: str) -> None:
    other = replace(receipt_of(registry, curated, 3), fingerprint="sha256:" + "0" * 64)
    with pytest.raises(UsageError, match="fingerprints differ"):
        registry.runs.record(other)
