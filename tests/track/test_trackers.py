"""Trackers: the suite holds for one in memory, and every built-in one plugs in and names what it lacks."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from assay.errors import MissingExtra, TrackingFailed, UsageError
from assay.testing.trackers import RECEIPT, SECRET, MemoryTracker, TrackerSuite
from assay.track.told import failures_of, told
from assay.track.tracker import Tracker, tracker_named, tracker_names
from assay.track.uri import VersionUri
from assay.track.wandb import aliases, artifact_name


class TestMemory(TrackerSuite):
    @pytest.fixture(autouse=True)
    def _told(self):
        self.one = MemoryTracker()

    def tracker(self):
        return self.one

    def idle(self):
        return MemoryTracker(run=None)

    def broken(self):
        return MemoryTracker(broken=True)

    def found(self):
        return {
            str(r.run): told(r) | {"metrics": str(dict(r.metrics))} for r in self.one.begun + self.one.ended
        }


class Raises(MemoryTracker):
    def begin(self, receipt):
        raise ConnectionError("no AssayError")


class Tells(MemoryTracker):
    """Keeps the whole receipt, and every end once more."""

    told = ()

    def begin(self, receipt):
        self.told += (receipt.as_json(),)
        return super().begin(receipt)

    end = begin


@pytest.mark.parametrize(
    ("bad", "test", "caught"),
    [
        (Raises(), "test_a_failure_is_an_assay_error", ConnectionError),
        (Tells(), "test_command_lines_and_environments_are_never_told", AssertionError),
        (Tells(), "test_the_end_stands_there_and_may_be_told_again", AssertionError),
        (Tells(), "test_the_end_of_a_run_that_it_was_not_told_of_is_nothing_to_it", AssertionError),
        (MemoryTracker(run=None), "test_a_run_has_an_id_and_the_version_stands_there", AssertionError),
    ],
)
def test_the_suite_sees_a_tracker_that_breaks_a_promise(bad, test, caught):
    class Suite(TrackerSuite):
        def tracker(self):
            return bad

        broken = tracker

        def found(self):
            return {"told": str(getattr(bad, "told", ()))}

    with pytest.raises(caught):
        getattr(Suite(), test)()


def test_the_built_in_trackers_plug_in_by_name():
    assert {"mlflow", "openlineage", "wandb"} <= set(tracker_names())


@pytest.mark.parametrize(("name", "package"), [("mlflow", "mlflow"), ("wandb", "wandb")])
def test_a_tracker_without_its_package_names_the_extra(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=package) as caught:
        tracker_named(name)
    assert f"assay-data[{name}]" in caught.value.hint


def test_posting_events_without_the_client_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "openlineage", None)
    monkeypatch.setitem(sys.modules, "openlineage.client.transport.http", None)
    with pytest.raises(MissingExtra, match="openlineage-python") as caught:
        tracker_named("openlineage=http://127.0.0.1:9")
    assert "assay-data[openlineage]" in caught.value.hint


def test_a_place_is_part_of_how_a_tracker_is_spelled(tmp_path):
    tracker = tracker_named(f"openlineage={tmp_path / 'a=b.jsonl'}")
    assert isinstance(tracker, Tracker)
    assert tracker.begin(RECEIPT) and (tmp_path / "a=b.jsonl").exists()


@pytest.mark.parametrize("spelled", ["openlineage", "openlineage=", "openlineage=."])
def test_events_need_a_place_to_go(spelled):
    with pytest.raises(UsageError, match="need a place") as caught:
        tracker_named(spelled)
    assert "openlineage=FILE" in caught.value.hint


def test_a_password_in_an_address_is_refused_since_receipts_are_kept():
    with pytest.raises(UsageError, match="name or a password") as caught:
        tracker_named("openlineage=https://mira:pa55@lineage.example/x")
    assert "pa55" not in caught.value.message and "key" in caught.value.hint


def test_what_goes_wrong_is_told_in_a_line_without_credentials():
    with pytest.raises(TrackingFailed) as caught, failures_of("mlflow"):
        raise ValueError("cannot connect to postgresql://mira:pa55@db/x\nand a long story")
    assert "pa55" not in caught.value.message and "//…@db/x" in caught.value.message
    assert "story" not in caught.value.message


def test_an_error_of_ours_goes_through_as_it_is():
    with pytest.raises(UsageError, match="ours"), failures_of("mlflow"):
        raise UsageError("ours")


def test_what_is_told_leaves_out_what_may_be_secret():
    assert SECRET in str(RECEIPT.as_json())
    assert SECRET not in str(told(RECEIPT))


@pytest.mark.parametrize(
    ("version", "split"),
    [("helpdesk@v2", "train"), ("helpdesk@v2", None), ("客服@v1", "训练"), ("a.b-c_d@v9", "x")],
)
def test_a_uri_is_read_as_it_was_spelled(version, split):
    uri = VersionUri.of(replace(RECEIPT, version=version, split=split))
    assert str(uri).isascii() and VersionUri.parse(str(uri)) == uri
    assert uri.ref == (f"{version}:{split}" if split else version)


@pytest.mark.parametrize(
    "text",
    ["", "s3://a/b", "assay://helpdesk@v2", "assay://?fingerprint=sha256:" + "0" * 64,
     "assay://[/x?fingerprint=", "assay://a@v1/b/c?fingerprint=sha256:" + "0" * 64,
     "assay://a@v1?fingerprint=sha256:" + "0" * 63],
)  # fmt: skip
def test_what_is_no_uri_is_refused(text):
    with pytest.raises(UsageError, match="no URI of a version"):
        VersionUri.parse(text)


def test_names_for_wandb_are_what_its_server_takes():
    assert artifact_name("help-desk_2.a") == "help-desk_2.a"
    assert artifact_name("客服") != artifact_name("客户")
    for name in ("客服", "a" * 200, "帮助desk"):
        fit = artifact_name(name)
        assert fit.isascii() and len(fit) <= 128 and not set(fit) & set("/:")
    assert aliases(RECEIPT) == ["assay-v2", "assay-0123456789ab"]
