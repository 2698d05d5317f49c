"""The tracker: receipts as OpenLineage events."""

from __future__ import annotations

from typing import ClassVar

from assay.track.openlineage.events import NAMESPACE, training_event, training_id
from assay.track.openlineage.sinks import NAME, Sink, sink_at
from assay.track.receipt import Receipt
from assay.track.told import failures_of, id_at


class OpenLineage:
    """Sends START when a run begins, COMPLETE or FAIL when it ends, to `place`: a file, a server, or a `Sink`.

    The run's id is a UUID of its name and beginning. Raises UsageError without a place, MissingExtra.
    """

    name: ClassVar[str] = NAME

    def __init__(self, place: str | Sink = "", *, namespace: str = NAMESPACE) -> None:
        self._sink = sink_at(place) if isinstance(place, str) else place
        self._namespace = namespace

    def begin(self, receipt: Receipt) -> str | None:
        """The UUID of the run there. Raises TrackingFailed."""
        with failures_of(self.name):
            self._sink.emit(training_event(receipt, self._namespace))
            return training_id(receipt, self._namespace)

    def end(self, receipt: Receipt) -> None:
        """Send how the run ended. Raises TrackingFailed. The same event again has the same run, time and content."""
        if id_at(receipt, self.name) is not None:
            with failures_of(self.name):
                self._sink.emit(training_event(receipt, self._namespace))
