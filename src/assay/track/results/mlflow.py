"""Metrics of MLflow's runs as plain values, with the version that each run learned from; extra `mlflow`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assay.errors import NotFound, UsageError
from assay.track.mlflow.dataset import METRICS, PREFIX
from assay.track.mlflow.tracker import client_library
from assay.track.told import failures_of

MOST_RUNS: Final = 1_000
_INFINITE: Final = 1.7e308
"""MLflow's SQL stores keep the largest number of a double where a metric was infinite."""


@dataclass(frozen=True, slots=True)
class Series:
    """A metric's values by step, oldest first; `left_out`: how many points were no finite number."""

    steps: tuple[int, ...]
    values: tuple[float, ...]
    left_out: int = 0

    @property
    def last(self) -> float | None:
        """The value of the newest step; None where no point is a finite number."""
        return self.values[-1] if self.values else None


@dataclass(frozen=True, slots=True)
class Metrics:
    """What MLflow knows of a run. `version`, `split`, `run`, `seed`: what our tracker wrote there, None where it wrote
    nothing."""

    id: str
    name: str
    metrics: Mapping[str, Series]
    version: str | None = None
    split: str | None = None
    run: str | None = None
    seed: int | None = None

    @property
    def figures(self) -> dict[str, float]:
        """Metric → its newest value. What our tracker wrote at the end (`assay/loss`) stands under the plain name,
        where the run did not log that itself."""
        ours = {
            name.removeprefix(METRICS): one for name, one in self.metrics.items() if name.startswith(METRICS)
        }
        own = {name: one for name, one in self.metrics.items() if not name.startswith(METRICS)}
        last = {name: one.last for name, one in sorted((ours | own).items())}
        return {name: value for name, value in last.items() if value is not None}


def series(points: Iterable[tuple[int, int, float]]) -> Series:
    """Of (step, time in ms, value). Of two points of one step the later one counts, as on MLflow's pages."""
    newest: dict[int, float] = {}
    left_out = 0
    for step, _, value in sorted(points, key=lambda point: point[:2]):
        if -_INFINITE < value < _INFINITE:
            newest[step] = float(value)
        else:
            left_out += 1
    return Series(tuple(newest), tuple(newest.values()), left_out)


def read(ids: Sequence[str], *, store: str | None = None) -> list[Metrics]:
    """All metrics of the runs, in the order asked for. `store`: MLflow's tracking address, by default the one in use.

    Raises MissingExtra; NotFound for a run that is not there; UsageError for more than `MOST_RUNS`; TrackingFailed.
    """
    if len(ids) > MOST_RUNS:
        raise UsageError(
            f"{len(ids):,} runs are more than the {MOST_RUNS:,} that are read at once", "name fewer"
        )
    mlflow = client_library()
    with failures_of("mlflow", "see whether its store is there", "was not read"):
        client = mlflow.MlflowClient(store) if store else mlflow.MlflowClient()
        return [_read(client, mlflow, id) for id in ids]


def _read(client: Any, mlflow: Any, id: str) -> Metrics:
    try:
        found = client.get_run(id)
    except mlflow.exceptions.MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise NotFound(
                f"MLflow has no run {id[:60]!r}", "name a run's id, and the store that has it"
            ) from None
        raise
    tags, metrics = found.data.tags, {}
    for name in sorted(found.data.metrics):
        points = client.get_metric_history(id, name)
        metrics[name] = series((one.step, one.timestamp, one.value) for one in points)
    said = {name: tags.get(PREFIX + name) for name in ("version", "split", "run")}
    seed = tags.get(PREFIX + "seed", "")
    return Metrics(
        id, str(found.info.run_name or ""), metrics, **said, seed=int(seed) if _whole(seed) else None
    )


def _whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 18
