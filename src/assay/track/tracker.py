"""Trackers: where experiments are written down. Each is told of receipts, and plugs in by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Final, Protocol, runtime_checkable

from assay.errors import UsageError
from assay.track.receipt import Receipt

GROUP: Final = "assay.trackers"
"""The entry-point group: a name and a class that is made without arguments, or with one text: its place."""


@runtime_checkable
class Tracker(Protocol):
    """Told of a receipt when a run begins and when it ends. It never makes a run fail: what goes wrong is an
    AssayError that the caller reports and goes on from."""

    name: str

    def begin(self, receipt: Receipt) -> str | None:
        """Write the receipt onto the run that is under way there; the run's id there, None when none is."""
        ...

    def end(self, receipt: Receipt) -> None:
        """Write what came of it onto the same run, which `receipt.trackers[self.name]` names."""
        ...


def tracker_names() -> list[str]:
    """The trackers that are installed, by name."""
    return sorted(point.name for point in entry_points(group=GROUP))


def tracker_named(spelled: str) -> Tracker:
    """A tracker by its name, `mlflow`, or by name and place, `openlineage=events.jsonl`: a file, an address, a run's
    id, as the tracker says. Raises UsageError when there is none, or none at such a place; MissingExtra when what it
    needs is not installed."""
    name, given, place = spelled.partition("=")
    for point in entry_points(group=GROUP):
        if point.name == name:
            make: Callable[..., Tracker] = point.load()
            return make(place) if given else make()
    known = ", ".join(tracker_names()) or "none"
    raise UsageError(f"no tracker {name!r}", f"those that are installed: {known}")
