"""The use cases: the only place that joins store, curation, formats and engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

from assay.model.ref import check_name, end_of
from assay.model.version import Manifest
from assay.registry.export.handing_out import HandingOut
from assay.registry.store import Store
from assay.registry.timing import utc_now
from assay.store.heads import MAIN
from assay.store.storage import Storage

if TYPE_CHECKING:
    from assay.curate.engine import Engine
    from assay.kernels.ids import IdArray
    from assay.model.decision import Decision
    from assay.model.diff import Diff
    from assay.model.example import Example
    from assay.model.operation import Operation
    from assay.model.recipe import Recipe
    from assay.registry.acting import Check
    from assay.registry.curating.freeze_results import EvalSetSummary, FreezeResult
    from assay.registry.curating.registering import Registration
    from assay.registry.curating.sweeping import Sweep
    from assay.registry.generation.collecting import Collector
    from assay.registry.language_models import LanguageModels
    from assay.registry.monitor.measuring import Statistics
    from assay.registry.querying.querying import ArrowTable
    from assay.registry.results import CurationResult, DatasetSummary, Hit, Progress, Trace
    from assay.registry.review.reviewing import Folded
    from assay.registry.trace.radius import Radius
    from assay.registry.version import Version
    from assay.store.address import Address
    from assay.store.gc import GcPlan
    from assay.store.index.index import Index
    from assay.store.values import FileValues
    from assay.store.verify import Report

Tell = Callable[["Progress"], None]
BATCH_ROWS = 5_000


class Registry(HandingOut):
    """One registry: datasets, their versions, and the log of everything that was done.

    `actor` acts, `clock` tells the time in the log, `entropy` makes random bytes. Every method does all it says or
    changes nothing. With `until` (see `at`) it is the registry of that moment. `database`: a team's, in which the index
    lies. Whole fields of work are parts of it (`registry.policies`, `registry.reviews`, …): see `Parts`.
    """

    def __init__(  # noqa: PLR0913 - what it stands on, by keyword
        self,
        storage: Storage,
        root: Path | None,
        actor: str,
        clock: Callable[[], datetime] = utc_now,
        *,
        entropy: Callable[[int], bytes] = token_bytes,
        until: str | None = None,
        reached: Sequence[str] = (),
        database: Address | None = None,
    ) -> None:
        self.store = Store(storage, until)
        self.root = root if until is None else None
        """This machine's folder for what is derived and unfinished: the registry's own, or one for a far one."""
        self.reached = tuple(reached) or (("--registry", str(root.resolve())) if root is not None else ())
        """Words of a command line that lead to this registry."""
        self.actor = actor
        self.clock = clock
        self.entropy = entropy
        self.database = database
        self._index: Index | None = None
        self._folder = root
        self.reviewed: Folded | None = None
        """What was folded of the log's reviews; `reviews` keeps it."""
        self.tell: Tell | None = None
        """Who is told of work that an answer has to wait for: building the index."""

    def curate(  # noqa: PLR0913 - the options of the command, by keyword
        self,
        name: str,
        sources: Sequence[str],
        *,
        recipe: str | Recipe | None = None,
        eval_sources: Sequence[str] = (),
        add: bool = False,
        branch: str = MAIN,
        message: str = "",
        shape: str | None = None,
        container: str | None = None,
        workers: int = 1,
        engine: str | Engine = "local",
        batch_rows: int = BATCH_ROWS,
        memory: int | None = None,
        provenance: Mapping[str, str] | None = None,
        called: Mapping[str, str] | None = None,
        dry_run: bool = False,
        models: LanguageModels | None = None,
        progress: Tell | None = None,
    ) -> CurationResult:
        """Make the next version of dataset `name` from raw files.

        `recipe`: a preset's name, the path of a YAML file, or a `Recipe` (default: `default`). `eval_sources`: files
        that are the test split. `add`: keep the newest version's examples and add to them. `branch`: which one is
        moved. `shape` and `container` are recognised when not named. `memory`: bytes beyond which keys lie in files.
        `engine`: where records are read and checked, `local`, `ray` or `ray:ADDRESS`; never changes the result.
        `called`: path → the name under which a source stands in the ledger.
        `models`: what a stage that judges may call. Raises BadInput, NotFound, InvalidRecipe, Conflict; GateFailed
        when a rule of the policy refuses the version; BudgetReached and CallsFailed when judges cannot go on.
        """
        from assay.registry.curating.curation import Request, run_curation
        from assay.registry.curating.recipes import load_plan
        from assay.registry.curating.registering import import_sources

        request = Request(
            check_name(name),
            _listed(sources),
            load_plan(recipe or "default"),
            _listed(eval_sources),
            add,
            message,
            shape,
            container,
            provenance or {},
            branch=branch,
            workers=workers,
            engine=engine,
            batch_rows=batch_rows,
            memory=memory,
            dry_run=dry_run,
            uris=called or {},
            models=models,
        )
        run = import_sources if recipe == "import" else run_curation
        return run(self, request, progress)

    def import_(self, name: str, sources: Sequence[str], **options: Any) -> CurationResult:
        """Take files in as they are: every record that can be understood is kept, what looks wrong is flagged.

        A folder (of the Hub, of `save_to_disk`, of files named after splits) and `hf:ORG/NAME` keep their splits.
        `options`: those of `curate`, but for the recipe and eval sources.
        """
        return self.curate(name, sources, recipe="import", **options)

    def register(self, name: str, what: Any, **options: Any) -> Registration:
        """Make the next version of dataset `name` of a `Dataset`, a `DatasetDict`, the path of a file or folder, or
        `hf:ORG/NAME[@REVISION]`, which goes to the Hub by your own settings. Rows are taken as they are; splits stay.

        `options`: `test` (share of rows that become the test split, where there is one), `preview` (how many examples
        of each split the answer shows), `allow_schema_change`; `eval_sources`, `message`, `provenance`, `branch`,
        `dry_run`, `progress` as for `curate`. Raises SchemaChanged, with every difference, when fields, types or kinds
        are not those of the version before; BadInput, NotFound, UsageError, MissingExtra, Conflict, GateFailed.
        """
        from assay.registry.curating.registering import register

        return register(self, check_name(name), what, **options)

    def collect(self, name: str, *, generator: str, **options: Any) -> Collector:
        """What an agent of yours writes, as the next version of dataset `name`: `with registry.collect("reviews",
        generator="lab/m") as c: c.add(prompt, output)`. `options`: see `Collector`."""
        from assay.registry.generation.collecting import Collector

        return Collector(self, check_name(name), generator, **options)

    def freeze(
        self,
        name: str,
        sources: Sequence[str],
        *,
        shape: str | None = None,
        container: str | None = None,
        dry_run: bool = False,
        self_test: bool = False,
        progress: Tell | None = None,
    ) -> FreezeResult:
        """Freeze the items of some files as eval set `name`, for good, and look for them in every version. From now on
        no curation keeps a row that holds one. Raises BadInput, NotFound; UsageError when the name has other items."""
        from assay.registry.curating.freezing import FreezeRequest, freeze

        self.check_writable()
        request = FreezeRequest(name, _listed(sources), shape, container, dry_run, self_test)
        return freeze(self, request, progress)

    def eval_sets(self) -> list[EvalSetSummary]:
        """The frozen eval sets, by name."""
        from assay.registry.curating.freezing import summaries

        return summaries(self)

    def datasets(self) -> list[DatasetSummary]:
        """One summary a dataset, by name."""
        from assay.registry.listing import summaries

        return summaries(self)

    def log(self, dataset: str | None = None) -> list[Operation]:
        """The operations so far, oldest first; with `dataset`, those that concern it. Raises NotFound."""
        from assay.registry.listing import operations

        return operations(self, dataset)

    def version(self, ref: str, *, force: bool = False) -> Version:
        """The version, or the split of it, that a ref names. Raises NotFound with what there is.

        The rows of a revoked version are not given out: asking for them raises Revoked. With `force` they are, and
        the log says that they were.
        """
        from assay.registry.loading import version

        return version(self, ref, force)

    def head_of(self, dataset: str, branch: str = MAIN) -> Manifest | None:
        """The newest version's manifest, or None."""
        line = self.store.lines().get(dataset)
        head = line.head(branch) if line else None
        return self.store.objects.manifest(head.manifest) if head else None

    def at(self, moment: str) -> Registry:
        """The registry at the end of a day or a minute ("2026-11-01T12:30Z"), to read. Raises UsageError."""
        until = end_of(moment)
        then = Registry(
            self.store.storage, None, self.actor, self.clock,
            entropy=self.entropy, until=until, reached=self.reached, database=self.database,
        )  # fmt: skip
        then._folder = self._folder  # the index follows the whole log, and answers as of any moment
        return then

    def check_writable(self) -> None:
        """Raise UsageError when this is the registry of a moment that has passed."""
        self.store.check_writable()

    def radius(self, kind: str, value: str) -> Radius:
        """Every version and run that an example, a source, a generator, a template, a licence or a reviewer reached."""
        from assay.registry.trace.radius import radius

        return radius(self, kind, value)

    def act(
        self, action: str, dataset: str | None, body: Mapping[str, Any], check: Check | None = None
    ) -> Operation:
        """Append one operation that makes no version; `check` sees the entries it follows, and may refuse."""
        from assay.registry.acting import act

        return act(self, action, dataset, body, check)

    def said(self, operation: Operation) -> str:
        """What the actor said of an operation: its reason or its message; "" for nothing, or what was erased."""
        from assay.registry.listing import said

        return said(self, operation)

    def all_versions(self) -> Iterator[Manifest]:
        """Every version of every dataset, oldest first."""
        for line in self.store.versions().values():
            for committed in line:
                yield self.store.objects.manifest(committed.manifest)

    def example(self, id: str) -> Example:
        """An example by its id or a prefix of it that is unique. Raises NotFound."""
        from assay.registry.trace.explaining import example_by_id

        return example_by_id(self, id)

    def diff(self, a: str, b: str) -> Diff:
        """What leads from version `a` to version `b`."""
        from assay.store.diff import diff

        return diff(self.store.objects, self.version(a).manifest, self.version(b).manifest)

    def diff_rows(self, a: str, b: str, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """The differing examples with their texts: edited, added, removed, moved."""
        from assay.registry.history.comparing import rows

        return rows(self, a, b, limit)

    def diff_json(self, a: str, b: str, rows: bool = False) -> dict[str, Any]:
        """The answer of `diff --json`."""
        from assay.registry.history.comparing import as_json

        return as_json(self, a, b, rows)

    def why(self, ref: str, source: str, record: int) -> Decision:
        """The fate of a record, with the evidence. Raises NotFound."""
        from assay.registry.trace.explaining import why

        return why(self, ref, source, record)

    def trace(self, id: str) -> Trace:
        """Everything known about an example. Raises NotFound."""
        from assay.registry.trace.explaining import trace

        return trace(self, id)

    def query(self, sql: str, ref: str | None = None) -> ArrowTable:
        """What a SELECT (docs/query.md) gives: over one version, or over the newest one of every dataset."""
        from assay.registry.querying.querying import query

        return query(self, sql, ref)

    def matching(self, ref: str, where: str) -> IdArray:
        """The sorted ids (V32) of a version's examples for which an expression such as "score < 3" holds."""
        from assay.registry.querying.querying import matching

        return matching(self, ref, where)

    def search(
        self, query: str, ref: str | None = None, limit: int = 20, where: str | None = None, all: bool = False
    ) -> list[Hit]:
        """Examples whose text holds every word of `query` (exact for Chinese): in one version, the newest or `all`."""
        from assay.registry.exploring.searching import search

        return search(self, query, ref, limit, where, all)

    def sweep(
        self,
        ref: str,
        stage: str,
        parameter: str,
        values: Sequence[float],
        *,
        samples: int = 3,
        progress: Tell | None = None,
    ) -> Sweep:
        """What each value of a stage's parameter would have kept of all that the version's curation read."""
        from assay.registry.curating.sweeping import sweep

        return sweep(self, ref, stage, parameter, values, samples, progress)

    def stats(self, ref: str, by: str | None = None) -> Statistics:
        """Figures about a version and verdicts on them; the balance of `by`, a field of the records (`category`,
        `meta.topic`) or a provenance column, is judged. One pass, in bounded memory. Raises NotFound, UsageError."""
        from assay.registry.monitor.measuring import stats

        return stats(self, ref, by)

    def report(self, ref: str, by: str | None = None) -> str:
        """The same as one self-contained HTML document, with charts and a few examples."""
        from assay.registry.monitor.measuring import report

        return report(self, ref, by)

    def verify(self, fast: bool = False, progress: Tell | None = None) -> Report:
        """Check every byte that the registry holds against what its name says, and every promise of a manifest."""
        from assay.registry.keeping.upkeep import verify

        return verify(self, fast, progress)

    def gc(self, dry_run: bool = True, grace_seconds: float = 3600.0) -> GcPlan:
        """What nothing refers to any more; with `dry_run=False` it is deleted."""
        from assay.registry.keeping.upkeep import collect

        self.check_writable()
        return collect(self, dry_run, grace_seconds)

    def index(self, progress: Tell | None = None) -> Index:
        """The index, brought up to the log's head."""
        from assay.registry.indexing import synchronised

        self._index = synchronised(self, self._index, self._folder, progress or self.tell)
        return self._index

    def scratch_root(self) -> Path | None:
        """Where unfinished work may lie, if the registry is a folder."""
        return None if self.root is None else self.root / "tmp"

    @property
    def values(self) -> FileValues | None:
        """Where measured values are remembered, if the registry is a folder."""
        from assay.store.values import FileValues

        return None if self.root is None else FileValues(self.root / "cache" / "values")


def _listed(sources: Sequence[str]) -> tuple[str, ...]:
    return (str(sources),) if isinstance(sources, (str, Path)) else tuple(str(s) for s in sources)
