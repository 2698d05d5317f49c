"""Runs: which model learned from which version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from assay.errors import Damaged, NotFound, UsageError
from assay.govern.runs import ACTION, Run, runs
from assay.model.ref import check_name
from assay.registry.results import Section
from assay.track.receipt import Receipt

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.training.telling import Account, FullAccount
    from assay.registry.version import Version
    from assay.track.digests import Transform
    from assay.track.telling import Failed
    from assay.track.tracker import Tracker
    from assay.track.transformers import AssayCallback

FIELDS = ("model", "base_model", "tracker", "url")
"""What may be said of a run beside its name."""
_LONGEST = 500


class Runs:
    """The training runs of a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def admit(self, ref: str, *, force: bool = False, reason: str = "", gate: bool = False) -> Version:
        """The version, or the split of it, that `ref` names, if models may learn from it: for every door to
        training.

        A revoked version is never let through (Revoked). Where the policy says `training: approved` or `released`,
        no other is either (NotForTraining, which names the one to use instead), unless it is forced with a
        `reason`, which the log then has. One fold of the log; with `gate` the policy's gate at the moment `train`
        is asked too, which reads the version. Raises NotFound; GateFailed; UsageError for force without a reason.
        """
        from assay.registry.training.admitting import admit

        return admit(self._registry, ref, force, reason, gate=gate)

    def begin(  # noqa: PLR0913 - what a receipt holds, by keyword
        self,
        ref: str,
        run: str,
        *,
        rows: int | None = None,
        transform: Transform | None = None,
        chat_template: str | Mapping[str, str] | None = None,
        seed: int | None = None,
        trackers: Sequence[str | Tracker] = (),
        environment: Mapping[str, str] | None = None,
        program: str | None = None,
        force: bool = False,
        reason: str = "",
        failed: Failed | None = None,
    ) -> Receipt:
        """Write down that run `run` begins to learn from the version, or the split, that `ref` names; its receipt.

        The registry adds fingerprint, time and the log's checkpoint, and `rows` where they are not given.
        `transform`: see `track.digests`. `trackers`: names, or `Tracker`s; one that fails is told to `failed` (by
        default a warning), and the run goes on. A run that is under way is gone on with: what is said now is added.
        Models must be allowed to learn from the version (`admit`), and the policy's gate at the moment `train` must
        let it pass; `force` with a `reason` passes both, but for a revoked version. Raises NotFound, UsageError,
        Revoked, NotForTraining, GateFailed.
        """
        from assay.registry.training.receipts import Given, begin

        given = Given(rows, transform, chat_template, seed, environment, program, trackers, force, reason)
        return begin(self._registry, ref, run, given, failed)

    def end(
        self,
        receipt: Receipt,
        state: str = "finished",
        metrics: Mapping[str, Any] | None = None,
        *,
        trackers: Sequence[str | Tracker] = (),
        failed: Failed | None = None,
    ) -> Receipt:
        """Write down how a run ended (`finished` or `failed`) and what came out; its last receipt.

        `metrics` are added to those that the run's newest receipt has; what is no finite number is left out. The
        trackers that know the run are told: by name, or those given here. Raises UsageError for another state.
        """
        from assay.registry.training.receipts import end

        return end(self._registry, receipt, state, metrics or {}, trackers, failed)

    def callback(self, ref: str, *, run: str | None = None, **said: Any) -> AssayCallback:
        """A callback for the trainers of transformers and TRL that begins and ends a run by itself; `said`: options
        of `track.transformers.AssayCallback`. `run` None: named by the time. Raises MissingExtra; what `admit`
        raises."""
        from assay.registry.training.wrapping import fresh_name
        from assay.track.transformers import AssayCallback

        if not said.get("force"):
            self.admit(ref)
        return AssayCallback(self, ref, run=run or fresh_name(self._registry), **said)

    def link(
        self,
        ref: str,
        name: str,
        details: Mapping[str, str] | None = None,
        *,
        trackers: Mapping[str, str] | None = None,
    ) -> Run:
        """Say that run `name` learned from the version, or the split, that `ref` names.

        `details`: any of `FIELDS`. `trackers`: tracker → the run's id there. The same link again replaces what was
        said of it, but for its receipt. Raises NotFound, UsageError.
        """
        before = self._before(ref, name)
        ids = {"trackers": _ids(trackers)} if trackers else {}
        kept = {"receipt": before["receipt"]} if "receipt" in before else {}
        return self._link(ref, name, _checked(details or {}) | ids | kept)

    def _link(self, ref: str, name: str, said: Mapping[str, Any]) -> Run:
        registry = self._registry
        registry.check_writable()
        version = registry.version(ref)
        split = version.name.partition(":")[2] or None
        body: dict[str, Any] = {
            "name": check_name(name, "run"),
            "version": version.manifest.number,
            "fingerprint": version.fingerprint,
            "run": registry.store.objects.put_json(said),
        }
        if split is not None:
            body["split"] = split
        operation = registry.act(ACTION, version.manifest.dataset, body)
        return Run(name, version.manifest.dataset, version.manifest.number, split, body["run"], operation)

    def record(self, receipt: Receipt, details: Mapping[str, str] | None = None) -> Run:
        """Keep a receipt: link its run to the version, and hold what it says. The run's next receipt replaces it.

        `details` None: those that were said before stay. Raises NotFound; UsageError when the version's fingerprint
        is another than the receipt's.
        """
        if self._registry.version(receipt.ref).fingerprint != receipt.fingerprint:
            raise UsageError(
                f"{receipt.version} is not what run {receipt.run} learned from: the fingerprints differ",
                "open the registry that it was loaded from",
            )
        before = self._before(receipt.ref, receipt.run)
        said = _checked(details) if details is not None else {k: v for k, v in before.items() if k in FIELDS}
        ids = {"trackers": before["trackers"]} if before.get("trackers") else {}
        return self._link(receipt.ref, receipt.run, said | ids | {"receipt": receipt.as_json()})

    def _before(self, ref: str, name: str) -> Mapping[str, Any]:
        """All that was said of a run and a version; nothing where the run is new."""
        full = self._registry.version(ref).name
        for run in reversed(self.list()):
            if run.name == name and run.ref == full:
                return self._said(run)
        return {}

    def _said(self, run: Run) -> Mapping[str, Any]:
        found = self._registry.store.objects.get_json(run.details)
        if not isinstance(found, dict):
            raise Damaged(f"what was said of run {run.name} is no JSON object")
        return found

    def receipt(self, run: Run) -> Receipt | None:
        """The newest receipt of a run, None when it was linked by hand. Raises Damaged."""
        said = self._said(run).get("receipt")
        return None if said is None else Receipt.from_json(said)

    def trackers(self, run: Run) -> dict[str, str]:
        """Tracker → the run's id there, as its receipt has them and as they were said by hand. Raises Damaged."""
        receipt, by_hand = self.receipt(run), self._said(run).get("trackers", {})
        told = dict(by_hand) if isinstance(by_hand, dict) else {}
        return (dict(receipt.trackers) if receipt is not None else {}) | told

    def named(self, name: str) -> list[Run]:
        """The links of a run, oldest first: by its name, or by `TRACKER=ID`, its id at a tracker. Raises
        NotFound."""
        linked = self.list()
        found = [run for run in linked if run.name == name]
        tracker, equals, id = name.partition("=")
        if not found and equals:
            found = [run for run in linked if (tracker, id) in _at_trackers(self.trackers(run))]
        if not found:
            raise NotFound(f"no run {name!r}", "`assay runs list` lists all of them")
        return found

    @overload
    def account(self, run: Run, full: Literal[False] = False) -> Account: ...

    @overload
    def account(self, run: Run, full: Literal[True]) -> FullAccount: ...

    def account(self, run: Run, full: bool = False) -> Account:
        """What was said of a run, its ids at trackers and its receipt; with `full` also whether its log still holds
        and its version still stands. Raises Damaged."""
        from assay.registry.training import telling

        told = telling.full_account if full else telling.account
        return told(self._registry, run)

    def holds(self, receipt: Receipt) -> bool | None:
        """Whether the log still begins as it did when the run began; None when the receipt has no checkpoint."""
        from assay.registry.training.receipts import checkpoint_holds

        return None if receipt.checkpoint is None else checkpoint_holds(self._registry, receipt.checkpoint)

    def list(self, ref: str | None = None) -> list[Run]:
        """All runs, oldest first; with `ref`, those that learned from that version, or from any of a dataset."""
        registry = self._registry
        found = runs(registry.store.log.entries())
        if ref is None:
            return found
        manifest = registry.version(ref).manifest
        return [
            run
            for run in found
            if run.dataset == manifest.dataset and ("@" not in ref or run.version == manifest.number)
        ]

    def details(self, run: Run) -> dict[str, str]:
        """What was said of a run. Raises Damaged."""
        return {key: value for key, value in self._said(run).items() if key in FIELDS}


def chapter(registry: Registry, example: bytes) -> Section:
    """The runs that learned from a version, or a split of it, that holds the example; for `trace`."""
    found = []
    held: dict[str, dict[int, str]] = {}
    for run in runs(registry.store.log.entries()):
        if run.dataset not in held:
            held[run.dataset] = registry.index().splits_of(example, run.dataset)
        split = held[run.dataset].get(run.version)
        if split is not None and run.split in (None, split):
            told = {"run": run.name, "version": f"{run.dataset}@v{run.version}", "split": split}
            found.append(told | _reached(registry, run))
    return Section("runs", "Runs that learned from it", tuple(found))


def _reached(registry: Registry, run: Run) -> dict[str, Any]:
    """Where a run leads: its model, how it ended, its ids at trackers, and who said so."""
    said, receipt = registry.runs.details(run), registry.runs.receipt(run)
    found: dict[str, Any] = {name: said[name] for name in ("model", "base_model") if name in said}
    if receipt is not None:
        found["state"] = receipt.state
    trackers = registry.runs.trackers(run)
    found |= {"trackers": trackers} if trackers else {}
    return found | {"actor": run.operation.actor, "time": run.operation.time}


def _checked(details: Mapping[str, str]) -> dict[str, Any]:
    """What is said of a run, without empty fields. Raises UsageError for another field, or one that is too long."""
    said = {key: value for key, value in details.items() if value}
    unknown = sorted(said.keys() - set(FIELDS))
    if unknown:
        raise UsageError(f"a run has no field {unknown[0]!r}", f"its fields: {', '.join(FIELDS)}")
    if any(len(value) > _LONGEST for value in said.values()):
        raise UsageError(f"a field of a run is longer than {_LONGEST} characters", "name it, do not tell it")
    return dict(said)


def _at_trackers(trackers: Mapping[str, str]) -> set[tuple[str, str]]:
    """Trackers by name alone, without the place that may stand behind it, and the run's ids there."""
    return {(tracker.partition("=")[0], id) for tracker, id in trackers.items()}


def _ids(trackers: Mapping[str, str]) -> dict[str, str]:
    """Ids at trackers. Raises UsageError for a tracker's name that is none, and for an id that is empty or too
    long."""
    for name, id in trackers.items():
        check_name(name, "tracker")
        if not 0 < len(id) <= _LONGEST:
            raise UsageError(
                f"the id of a run at {name} has 1 to {_LONGEST} characters", "give it as TRACKER=ID"
            )
    return dict(trackers)
