"""Telling trackers of a receipt. What goes wrong there is handed to the caller, and the run goes on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

from assay.errors import AssayError, StorageFailure
from assay.track.receipt import Receipt
from assay.track.tracker import Tracker, tracker_named

Failed = Callable[[str, AssayError], None]
"""Told of a tracker that failed: its name, and what went wrong."""


class TrackerWarning(UserWarning):
    """A tracker could not be told of a receipt; the receipt itself was kept."""


def warn(name: str, error: AssayError) -> None:
    """What is done with a failure where nobody asked to be told of it."""
    warnings.warn(f"tracker {name} was not told: {error.message}", TrackerWarning, stacklevel=2)


def tell_begin(trackers: Iterable[str | Tracker], receipt: Receipt, failed: Failed) -> dict[str, str]:
    """Tell each tracker that a run began; tracker → the run's id there, of those that have one."""
    found: dict[str, str] = {}
    for given in trackers:
        name = given if isinstance(given, str) else given.name
        run = _safely(name, failed, lambda given=given: _tracker(given).begin(receipt))
        if isinstance(run, str) and run:
            found[name] = run
    return found


def tell_end(trackers: Iterable[str | Tracker], receipt: Receipt, failed: Failed) -> None:
    """Tell each tracker that knows the run what came of it."""
    given = {one if isinstance(one, str) else one.name: one for one in trackers}
    for name in receipt.trackers:
        known = given.get(name, name)
        _safely(name, failed, lambda known=known: _tracker(known).end(receipt))


def _tracker(given: str | Tracker) -> Tracker:
    return tracker_named(given) if isinstance(given, str) else given


def _safely(name: str, failed: Failed, act: Callable[..., Any]) -> Any:
    """What `act` gives; None after a failure. A tracker is foreign code: whatever it raises is caught."""
    try:
        return act()
    except AssayError as error:
        failed(name, error)
    except Exception as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        failed(name, StorageFailure(said[:500], "the receipt is kept; tell the tracker by hand"))
    return None
