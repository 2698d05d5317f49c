"""registry.runs: receipts are kept with their run, and belong to the version that they name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.errors import Damaged, GateFailed, NotFound, UsageError
from assay.registry import Registry
from assay.track.receipt import Receipt
from assay.track.telling import TrackerWarning
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


class Notebook:
    """A tracker that remembers what it was told."""

    name = "notebook"

    def __init__(self, run: str | None = "nb-1", fails: Exception | None = None) -> None:
        self.told: list[tuple[str, Receipt]] = []
        self.run, self.fails = run, fails

    def begin(self, receipt: Receipt) -> str | None:
        if self.fails is not None:
            raise self.fails
        self.told.append(("begin", receipt))
        return self.run

    def end(self, receipt: Receipt) -> None:
        if self.fails is not None:
            raise self.fails
        self.told.append(("end", receipt))


def test_a_run_begins_and_ends_with_all_that_is_known(registry: Registry, curated: str) -> None:
    notebook = Notebook()
    begun = registry.runs.begin(
        f"{curated}:train", "run-一", seed=7, chat_template="{{ messages }}", transform={"max_length": 64},
        environment={"python": "3.11"}, trackers=[notebook],
    )  # fmt: skip
    version = registry.version(curated)
    assert (begun.ref, begun.fingerprint, begun.rows) == (
        f"{curated}:train", version.fingerprint, version.counts["train"],
    )  # fmt: skip
    assert begun.trackers == {"notebook": "nb-1"}
    assert registry.runs.holds(begun)
    ended = registry.runs.end(
        begun, metrics={"loss": 1, "bad": float("nan"), "note": "x", "ok": True}, trackers=[notebook]
    )
    assert (ended.state, dict(ended.metrics)) == ("finished", {"loss": 1.0})
    (run,) = registry.runs.list()
    assert registry.runs.receipt(run) == ended
    assert [what for what, _ in notebook.told] == ["begin", "end"]
    assert notebook.told[1][1] == ended
    assert registry.runs.named("run-一") == registry.runs.named("notebook=nb-1") == [run]
    with pytest.raises(NotFound):
        registry.runs.named("notebook=nb-2")


def test_a_checkpoint_of_another_history_does_not_hold(registry: Registry, curated: str) -> None:
    begun = registry.runs.begin(curated, "run-1")
    size, _, root = str(begun.checkpoint).partition(":")
    assert registry.runs.holds(replace(begun, checkpoint=f"{size}:{root[::-1]}")) is False
    assert registry.runs.holds(replace(begun, checkpoint=f"{int(size) + 99}:{root}")) is False
    assert registry.runs.holds(replace(begun, checkpoint=None)) is None
    with pytest.raises(Damaged):
        registry.runs.holds(replace(begun, checkpoint="yesterday"))


@pytest.mark.parametrize("fails", [OSError("no route to host"), UsageError("no such experiment", "make it")])
def test_a_tracker_that_fails_is_told_and_the_run_goes_on(
    registry: Registry, curated: str, fails: Exception
) -> None:
    heard: list[str] = []
    begun = registry.runs.begin(
        curated,
        "run-1",
        trackers=[Notebook(fails=fails), "nowhere"],
        failed=lambda name, error: heard.append(name),
    )
    assert heard == ["notebook", "nowhere"]
    assert begun.trackers == {}
    with pytest.warns(TrackerWarning, match="tracker notebook"):
        registry.runs.begin(curated, "run-2", trackers=[Notebook(fails=fails)])
    good = registry.runs.begin(curated, "run-3", trackers=[Notebook()])
    registry.runs.end(
        good, "failed", trackers=[Notebook(fails=fails)], failed=lambda name, error: heard.append(name)
    )
    assert heard[2:] == ["notebook"]
    assert registry.runs.receipt(registry.runs.named("run-3")[0]).state == "failed"


def test_a_run_under_way_is_gone_on_with_and_an_ended_one_begins_anew(
    registry: Registry, curated: str
) -> None:
    first = registry.runs.begin(curated, "run-1", program="python train.py", seed=3, trackers=[Notebook()])
    more = registry.runs.begin(curated, "run-1", chat_template="x", rows=4, environment={"torch": "2"})
    assert (more.program, more.seed, more.rows, more.started) == (first.program, 3, 4, first.started)
    assert more.trackers == {"notebook": "nb-1"}
    registry.runs.end(more, metrics={"loss": 2.0}, failed=lambda *_: None)
    ended = registry.runs.end(first, metrics={"accuracy": 0.5}, failed=lambda *_: None)
    assert dict(ended.metrics) == {"loss": 2.0, "accuracy": 0.5}
    assert ended.chat_template == more.chat_template
    again = registry.runs.begin(curated, "run-1")
    assert (again.program, again.metrics, again.state) == (None, {}, "started")
    with pytest.raises(UsageError, match="does not end as"):
        registry.runs.end(again, "started")


def test_what_is_linked_by_hand_and_receipts_do_not_erase_each_other(
    registry: Registry, curated: str
) -> None:
    begun = registry.runs.begin(curated, "run-1")
    registry.runs.link(curated, "run-1", {"model": "tiny"}, trackers={"mlflow": "ab12"})
    registry.runs.end(begun)
    (run,) = registry.runs.list()
    assert registry.runs.details(run) == {"model": "tiny"}
    assert registry.runs.trackers(run) == {"mlflow": "ab12"}
    assert registry.runs.receipt(run).state == "finished"
    (example, *_) = registry.version(curated)
    (row,) = next(one for one in registry.trace(example.name).chapters if one.name == "runs").rows
    assert (row["run"], row["model"], row["state"], row["trackers"]) == (
        "run-1", "tiny", "finished", {"mlflow": "ab12"},
    )  # fmt: skip
    with pytest.raises(UsageError, match="1 to"):
        registry.runs.link(curated, "run-1", trackers={"mlflow": ""})


def test_the_gate_is_asked_at_the_moment_train(registry: Registry, curated: str) -> None:
    registry.policies.set({"rules": [{"size": {"min": 10_000}}]})
    with pytest.raises(GateFailed):
        registry.runs.begin(curated, "run-1")
    assert registry.runs.list() == []
    assert registry.runs.begin(curated, "run-1", force=True, reason="试").state == "started"
    assert registry.log()[-2].action == "load"
