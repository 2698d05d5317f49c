"""What every tracker must do, and a tracker in memory.

Subclass `TrackerSuite` in your tests and give it a tracker with a run under way, one without, one whose place is
broken, and a way to read back what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from assay.errors import AssayError, TrackingFailed
from assay.track.receipt import Receipt
from assay.track.told import id_at
from assay.track.tracker import Tracker

SECRET: Final = "s3cr3t-7f1c"  # noqa: S105 - no password: what must not get out
FINGERPRINT: Final = "sha256:" + "0123456789abcdef" * 4
RECEIPT: Final = Receipt(
    run="run-1",
    version="helpdesk@v2",
    fingerprint=FINGERPRINT,
    rows=12,
    started="2026-11-01T00:00:00Z",
    split="train",
    transform="sha256:" + "a" * 64,
    seed=7,
    program=f"train.py --token {SECRET}",
    environment={"host": SECRET},
    checkpoint="assay/registry/00ff\n8\nq83vEjRWeJA=\n",
)
"""The run `run-1` on helpdesk@v2:train. Its command line and environment hold `SECRET`."""
ODD: Final = replace(
    RECEIPT,
    run="第一次 运行/№ 1",
    version="客服@v12",
    split="训练",
    checkpoint=None,
    transform=None,
    seed=None,
)
METRICS: Final = {"eval_loss": 1.25, "准确率 (top@1)": 0.5, "loss!": 3.0}


@dataclass
class MemoryTracker:
    """Remembers what it was told. `run`: the id it answers with, None for "no run is under way"; `broken`: fails."""

    run: str | None = "memory-1"
    broken: bool = False
    name: str = "memory"
    begun: list[Receipt] = field(default_factory=list)
    ended: list[Receipt] = field(default_factory=list)

    def begin(self, receipt: Receipt) -> str | None:
        self._check()
        if self.run is not None:
            self.begun.append(receipt)
        return self.run

    def end(self, receipt: Receipt) -> None:
        if id_at(receipt, self.name) is not None:
            self._check()
            self.ended.append(receipt)

    def _check(self) -> None:
        if self.broken:
            raise TrackingFailed(f"{self.name} was not told of the run", "mend it")


class TrackerSuite:
    """The promises of a tracker. Override `tracker`, `broken` and `found`; `idle` where there may be no run."""

    def tracker(self) -> Tracker:
        """One that has a run under way."""
        raise NotImplementedError

    def idle(self) -> Tracker | None:
        """One that has none under way; None where that cannot be."""
        return None

    def broken(self) -> Tracker:
        """One whose place cannot be reached or written."""
        raise NotImplementedError

    def found(self) -> Mapping[str, Any]:
        """All that can be read back at the tracker's place: by key, whatever was told last."""
        raise NotImplementedError

    def test_it_is_a_tracker_with_a_name(self) -> None:
        tracker = self.tracker()
        assert isinstance(tracker, Tracker)
        assert tracker.name and tracker.name == tracker.name.lower()

    def test_a_run_has_an_id_and_the_version_stands_there(self) -> None:
        id = self.tracker().begin(RECEIPT)
        assert isinstance(id, str) and id
        said = str(dict(self.found()))
        assert all(text in said for text in ("helpdesk", "v2", FINGERPRINT, "run-1"))

    def test_without_a_run_nothing_is_written(self) -> None:
        tracker = self.idle()
        if tracker is None:
            return
        before = dict(self.found())
        assert tracker.begin(RECEIPT) is None
        assert dict(self.found()) == before

    def test_the_end_stands_there_and_may_be_told_again(self) -> None:
        tracker = self.tracker()
        ended = _ended(tracker, RECEIPT)
        tracker.end(replace(ended, trackers={f"{tracker.name}=a place": ended.trackers[tracker.name]}))
        first = dict(self.found())
        assert "finished" in str(first) and "1.25" in str(first)
        tracker.end(ended)
        assert dict(self.found()) == first

    def test_the_end_of_a_run_that_it_was_not_told_of_is_nothing_to_it(self) -> None:
        tracker, before = self.tracker(), dict(self.found())
        tracker.end(replace(RECEIPT, state="finished"))
        assert dict(self.found()) == before

    def test_a_run_that_failed_is_said_to_have_failed(self) -> None:
        tracker = self.tracker()
        tracker.end(replace(_ended(tracker, RECEIPT), state="failed"))
        assert "failed" in str(dict(self.found()))

    def test_a_failure_is_an_assay_error(self) -> None:
        with pytest.raises(AssayError):
            self.broken().begin(RECEIPT)
        tracker = self.broken()
        with pytest.raises(AssayError):
            tracker.end(replace(RECEIPT, trackers={tracker.name: "0" * 32}, state="failed"))

    def test_command_lines_and_environments_are_never_told(self) -> None:
        tracker = self.tracker()
        tracker.end(_ended(tracker, RECEIPT))
        assert SECRET not in str(dict(self.found()))

    def test_any_receipt_can_be_told(self) -> None:
        tracker = self.tracker()
        metrics = METRICS | {"nan": float("nan"), "inf": float("inf")}
        tracker.end(replace(_ended(tracker, ODD), metrics=metrics))
        assert "客服@v12" in str(dict(self.found()))


def _ended(tracker: Tracker, receipt: Receipt) -> Receipt:
    """The receipt once the run is over."""
    id = tracker.begin(receipt)
    assert id is not None
    return replace(
        receipt,
        trackers={tracker.name: id},
        state="finished",
        ended="2026-11-01T01:00:00Z",
        metrics=METRICS,
    )
