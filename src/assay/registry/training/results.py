"""Results of evaluations, attached to training runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from assay.errors import Damaged, NotFound, UsageError
from assay.govern.run_results import ACTION, Attached, attached
from assay.govern.runs import Run
from assay.model.ref import check_name
from assay.registry.training.items import Measured, digest_of, put_items, read_items, table_of
from assay.store.evalsets import Frozen, frozen_sets
from assay.store.evalsets import read_items as questions_of
from assay.store.objects import object_key
from assay.track.results.reading import read
from assay.track.results.values import Evaluation

if TYPE_CHECKING:
    from assay.registry import Registry

_MATCHED: Final = 0.5
"""Of the items: with fewer of them in a frozen eval set the evaluation is not called that set's."""


@dataclass(frozen=True, slots=True)
class RunResults:
    """What came of one run on one evaluation. `eval_set`: the frozen eval set whose items they are, with `matched`
    of them found there. `items` names the object with what each item scored, None for figures alone; `of_items`: the
    metrics in it."""

    at: Attached
    tool: str
    figures: Mapping[str, float]
    lower: frozenset[str]
    seed: int | None
    model: str | None
    count: int
    unread: int
    eval_set: str | None
    matched: int
    items: str | None
    of_items: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.at.run, "version": self.at.ref, "evaluation": self.at.evaluation, "tool": self.tool,
            "figures": dict(self.figures), "lower_is_better": sorted(self.lower), "items": self.count,
            "unread": self.unread, "eval_set": self.eval_set, "matched": self.matched, "seed": self.seed,
            "model": self.model, "operation": self.at.operation.seq, "time": self.at.operation.time,
            "actor": self.at.operation.actor,
        }  # fmt: skip


class Results:
    """What came of runs."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def attach(
        self, run: str, files: Sequence[str], *, evaluation: str | None = None, metric: str | None = None,
        columns: Mapping[str, str] | None = None, ref: str | None = None, dry_run: bool = False,
    ) -> list[RunResults]:  # fmt: skip
        """Read the files and attach what they tell to a linked run; results on the same evaluation replace the
        earlier.

        `evaluation`: what the evaluation is called, for files with one; where a frozen eval set is called so, its
        items are looked for there. `metric`: the only one to keep. `ref`: which version, where the run learned from
        several. Raises NotFound, BadInput, UsageError.
        """
        self._registry.check_writable()
        of = self._run(run, ref)
        found = [one for file in files for one in read(file, columns)]
        named = [_named(one, evaluation, metric) for one in found]
        twice = sorted({one.name for one in named if sum(one.name == other.name for other in named) > 1})
        if twice:
            raise UsageError(
                f"the files hold {twice[0]} more than once",
                "attach those of one run; a file with a column `run` is for `compare`",
            )
        return [self._attach(of, one, dry_run) for one in named]

    def list(self, ref: str | None = None) -> list[RunResults]:
        """All results, oldest first; with `ref`, those of runs that learned from that version, or from any of a
        dataset."""
        found = attached(self._registry.store.log.entries())
        if ref is not None:
            manifest = self._registry.version(ref).manifest
            found = [
                one
                for one in found
                if one.dataset == manifest.dataset and ("@" not in ref or one.version == manifest.number)
            ]
        return [self._opened(one) for one in found]

    def items(self, results: RunResults) -> Measured | None:
        """What each item scored; None of figures alone. Raises Damaged."""
        return None if results.items is None else read_items(self._registry.store.objects, results.items)

    def _run(self, name: str, ref: str | None) -> Run:
        runs = [one for one in self._registry.runs.list(ref) if one.name == check_name(name, "run")]
        if not runs:
            raise NotFound(f"no run {name!r}", f"link it first: assay runs link REF {name}")
        if len(runs) > 1:
            learned = ", ".join(one.ref for one in runs[:4])
            raise UsageError(f"run {name} learned from {learned}", "say which with --version")
        return runs[0]

    def _attach(self, run: Run, found: Evaluation, dry_run: bool) -> RunResults:
        registry = self._registry
        objects = registry.store.objects
        frozen, places, matched = self._eval_set(found)
        said: dict[str, Any] = {
            "tool": found.tool, "figures": dict(found.figures), "lower": sorted(found.lower), "count": len(found.items),
            "unread": found.unread, "matched": matched,
        }  # fmt: skip
        said |= {
            key: value for key, value in (("seed", found.seed), ("model", found.model)) if value is not None
        }
        if frozen is not None:
            said |= {"eval_set": frozen.name, "eval_digest": frozen.digest}
        body: dict[str, Any] = {"run": run.name, "version": run.version, "evaluation": found.name}
        if run.split is not None:
            body["split"] = run.split
        if dry_run:
            at = Attached(run.name, run.dataset, run.version, run.split, found.name, "", run.operation)
            return _results(at, said)
        if found.items:
            table = table_of(found, places)
            said |= {"items": put_items(objects, table), "metrics": sorted(Measured(table).metrics)}
        body["results"] = objects.put_json(said)
        operation = registry.act(ACTION, run.dataset, body)
        at = Attached(run.name, run.dataset, run.version, run.split, found.name, body["results"], operation)
        return _results(at, said)

    def _eval_set(self, found: Evaluation) -> tuple[Frozen | None, dict[str, int], int]:
        """The frozen eval set that most of the items are of, where each of its questions stands, and how many there
        are."""
        asked = [digest_of(one.question) for one in found.items if one.question]
        store = self._registry.store
        best: tuple[Frozen | None, dict[str, int], int] = (None, {}, 0)
        for one in frozen_sets(store.log.entries()).values() if asked else ():
            places = {
                digest_of(q): k for k, (q, _) in reversed([*enumerate(questions_of(store.objects, one))])
            }
            matched = sum(digest in places for digest in asked)
            if matched > best[2] and matched >= _MATCHED * len(found.items):
                best = (one, places, matched)
        return best

    def _opened(self, at: Attached) -> RunResults:
        said = self._registry.store.objects.get_json(at.object)
        if not isinstance(said, dict) or not isinstance(said.get("figures"), dict):
            raise Damaged(f"{object_key(at.object)} holds no results")
        return _results(at, said)


def _results(at: Attached, said: Mapping[str, Any]) -> RunResults:
    return RunResults(
        at, str(said.get("tool", "")), said["figures"], frozenset(said.get("lower", ())), said.get("seed"),
        said.get("model"), int(said.get("count", 0)), int(said.get("unread", 0)), said.get("eval_set"),
        int(said.get("matched", 0)), said.get("items"), frozenset(said.get("metrics", ())),
    )  # fmt: skip


def _named(found: Evaluation, evaluation: str | None, metric: str | None) -> Evaluation:
    """Under the name and with the metric that were asked for. Raises UsageError."""
    from dataclasses import replace

    if evaluation is not None:
        found = replace(found, name=evaluation)
    if metric is None:
        return found
    if metric not in found.metrics and metric not in found.figures:
        known = ", ".join(sorted({*found.metrics, *found.figures})[:20])
        raise UsageError(f"{found.name} has no metric {metric!r}", f"it has: {known}")
    items = tuple(
        replace(one, scores={k: v for k, v in one.scores.items() if k == metric}) for one in found.items
    )
    return replace(found, items=items, figures={k: v for k, v in found.figures.items() if k == metric})
