"""The tracker: receipts onto MLflow's runs."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar, Final

from assay.errors import MissingExtra
from assay.track.mlflow.dataset import METRICS, PREFIX, SOURCE_TYPE, described, tags
from assay.track.receipt import Receipt
from assay.track.told import failures_of, id_at
from assay.track.uri import VersionUri

CONTEXT: Final = "training"
_UNFIT: Final = re.compile(r"[^\w.\- /]", re.ASCII)
_BATCH: Final = 500
"""Metrics that MLflow takes at once (its own limit is 1,000)."""


def client_library() -> Any:
    """The module `mlflow`. Raises MissingExtra."""
    try:
        import mlflow
    except ImportError:
        raise MissingExtra(
            "telling MLflow of runs needs the mlflow package", "pip install 'assay-data[mlflow]'"
        ) from None
    return mlflow


class MLflow:
    """Writes onto the MLflow run that is under way in this process, or onto run `run`; starts none, and ends none.

    `begin` logs the version as a dataset input and sets tags `assay.*`, which search knows in all stores; `end` sets
    the state and logs the metrics as `assay/NAME` at step 0. Which store is MLflow's affair (`set_tracking_uri`).
    Raises MissingExtra.
    """

    name: ClassVar[str] = "mlflow"

    def __init__(self, run: str | None = None) -> None:
        self._mlflow = client_library()
        self._run = run or None

    def begin(self, receipt: Receipt) -> str | None:
        """The MLflow run's id; None when none is under way. Raises TrackingFailed."""
        with failures_of(self.name):
            run = self._run or self._active()
            if run is None:
                return None
            client = self._mlflow.MlflowClient()
            client.log_inputs(run, datasets=[self._input(receipt)])
            self._set(client, run, tags(receipt))
            return run

    def end(self, receipt: Receipt) -> None:
        """State and metrics; the same again changes nothing. Raises TrackingFailed."""
        run = id_at(receipt, self.name)
        if run is None:
            return
        with failures_of(self.name):
            client = self._mlflow.MlflowClient()
            self._set(client, run, tags(receipt))
            metrics = self._metrics(receipt)
            for start in range(0, len(metrics), _BATCH):
                client.log_batch(run, metrics=metrics[start : start + _BATCH])

    def _active(self) -> str | None:
        found = self._mlflow.active_run()
        return None if found is None else str(found.info.run_id)

    def _set(self, client: Any, run: str, said: dict[str, str]) -> None:
        client.log_batch(run, tags=[self._mlflow.entities.RunTag(*tag) for tag in said.items()])

    def _input(self, receipt: Receipt) -> Any:
        entities, known = self._mlflow.entities, described(VersionUri.of(receipt), receipt.rows)
        dataset = entities.Dataset(known.name, known.digest, SOURCE_TYPE, known.source, profile=known.profile)
        said = {name: value for name, value in tags(receipt).items() if name in _OF_INPUT}
        said["mlflow.data.context"] = CONTEXT
        return entities.DatasetInput(dataset, [entities.InputTag(*tag) for tag in said.items()])

    def _metrics(self, receipt: Receipt) -> list[Any]:
        # The time is the receipt's: a metric that is logged again is then the very same row, and not a second one.
        moment = int(datetime.fromisoformat(receipt.ended or receipt.started).timestamp() * 1000)
        return [
            self._mlflow.entities.Metric(METRICS + _UNFIT.sub("_", name), value, moment, 0)
            for name, value in sorted(receipt.metrics.items())
        ]


_OF_INPUT: Final = {PREFIX + name for name in ("version", "fingerprint", "split", "run")}
