"""curate and import: from sources to a committed version and its ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa

from assay.curate.barring import bar
from assay.curate.carried import carry
from assay.curate.engine import Engine
from assay.curate.gather import Gathered
from assay.curate.keep import Keep
from assay.curate.parts import Forgotten
from assay.curate.plan import Plan
from assay.curate.settle import KEPT, Settled, settle
from assay.curate.split import Standing
from assay.curate.spool import Spool
from assay.errors import Conflict, NotFound, StorageFailure, UsageError
from assay.kernels.ids import IdArray, concat, contains, id_list, order
from assay.model.diff import pair_edits
from assay.model.fingerprint import fingerprint
from assay.model.operation import Operation
from assay.model.provenance import ORIGINS
from assay.model.version import Manifest, SegmentRef
from assay.registry.curating.base_rows import BaseRows
from assay.registry.curating.fact_fields import fact_fields
from assay.registry.curating.funnel import funnel
from assay.registry.curating.getting import Gotten, keep_reading, read_sources, recalled, release
from assay.registry.curating.guarding import RegistryResources, guarded
from assay.registry.curating.rereading import Rereading
from assay.registry.curating.scratch import scratch_folder
from assay.registry.curating.sources import Sources
from assay.registry.curating.writing import Written, membership, write_curation
from assay.registry.governing.gating import commit_version
from assay.registry.results import CurationResult, Progress
from assay.registry.store import Store
from assay.store.barred import NOTHING, Barred, barred_by
from assay.store.commit import Draft
from assay.store.diff import table_to_pair
from assay.store.erased import erased
from assay.store.heads import MAIN
from assay.store.members import live_rows
from assay.store.segments import read_ids, read_rows
from assay.store.values import FileValues

if TYPE_CHECKING:
    from assay.govern.gate import Gate
    from assay.registry import Registry
    from assay.registry.language_models import LanguageModels

BATCH_ROWS = 5_000
_KEYS_SHARE = 8
"""Of a memory limit an eighth is for keys; beyond that they lie in files."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a curation was asked to do. `workers`, `engine`, `batch_rows` and `memory` (bytes) say how fast and in
    what space, and never change the result. `barred`: what may not come in."""

    dataset: str
    sources: Sequence[str]
    plan: Plan
    eval_sources: Sequence[str] = ()
    add: bool = False
    message: str = ""
    shape: str | None = None
    container: str | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    engine: str | Engine = "local"
    batch_rows: int = BATCH_ROWS
    memory: int | None = None
    dry_run: bool = False
    barred: Barred = NOTHING
    branch: str = MAIN
    uris: Mapping[str, str] = field(default_factory=dict)
    """Path → the name under which a source goes, where that is not its path."""
    splits: Mapping[str, str] = field(default_factory=dict)
    """Path → the split where all its rows stand."""
    examine: Callable[[Kept], Mapping[str, Any]] | None = None
    """Who is shown the rows that are kept, before anything is written: raises, or gives what the curation's object
    is to say beside `told`."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """What stands beside the version in the log's entry."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """What else the curation's object says: JSON values under names of its own."""
    watch: Callable[[Gathered, Settled, Plan], None] | None = None
    """Who is shown what was decided, before anything is written."""
    models: LanguageModels | None = None
    """What a stage that judges may call."""
    judged_when_dry: bool = False
    """Whether it calls on a dry run too."""


@dataclass(frozen=True)
class Kept:
    """The rows that a curation keeps, before they are written."""

    _rows: Spool | Rereading
    _gathered: Gathered
    _settled: Settled

    def tables(self, columns: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
        """(split, rows) in the order in which they were read, `BATCH_ROWS` at a time; rows of a base are left out."""
        kept = self._settled.kept
        kept = kept[(self._settled.same[kept] == kept) & ~self._gathered.pinned[kept]]
        for split in sorted(set(self._settled.split[kept].tolist())):
            here = kept[self._settled.split[kept] == split]
            for start in range(0, len(here), BATCH_ROWS):
                yield split, self._rows.take(here[start : start + BATCH_ROWS], columns)


class Phases:
    """Seconds by phase, for people who ask where the time went."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self.start = clock()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        began = self._clock()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + self._clock() - began

    @property
    def elapsed(self) -> float:
        return self._clock() - self.start


def run_curation(
    registry: Registry, request: Request, progress: Callable[[Progress], None] | None
) -> CurationResult:
    """Read, check, deduplicate, split and commit.

    Raises BadInput or NotFound for a source that cannot be read at all, Conflict when somebody else
    committed to the dataset meanwhile. Nothing is committed unless everything is written.
    """
    registry.check_writable()
    _check(request)
    barred = barred_by(registry.store.objects, registry.store.log.entries(), request.dataset, "commit", {})
    unasked = request.dry_run and not request.judged_when_dry
    resources = RegistryResources(registry, request.dataset, request.models, unasked, progress)
    request = replace(request, plan=guarded(resources, request.plan), barred=barred)
    base = registry.head_of(request.dataset, request.branch)
    if base is None and request.branch != MAIN:
        raise NotFound(
            f"{request.dataset} has no branch {request.branch!r}",
            f"make one with `assay branch {request.dataset} {request.branch}`",
        )
    if request.add and base is None:
        raise UsageError(
            f"{request.dataset} has no version to add to", f"leave --add out to make {request.dataset}@v1"
        )
    phases = Phases(time.perf_counter)
    try:
        return _run(registry, request, base, phases, progress or (lambda _: None), registry.values)
    except Forgotten:
        return _run(registry, request, base, phases, progress or (lambda _: None), None)


def _run(
    registry: Registry,
    request: Request,
    base: Manifest | None,
    phases: Phases,
    tell: Callable[[Progress], None],
    values: FileValues | None,
) -> CurationResult:
    """`run_curation`, remembering in `values`. Raises Forgotten, having changed nothing, when these do not hold."""
    facts, asked = fact_fields(registry, request.dataset, request.plan), registry.store.log.head()[0]
    with (
        scratch_folder(registry, "curate") as scratch,
        Sources(
            request.sources,
            request.eval_sources,
            container=request.container,
            shape=request.shape,
            uris=request.uris,
            splits=request.splits,
        ) as sources,
        Spool(scratch / "rows.arrow") as spool,
    ):
        base_rows = BaseRows(registry.store, base)
        keep = Keep(request.memory and request.memory // _KEYS_SHARE, scratch)
        with phases.phase("read and check"):
            read = recalled(request, sources, values, tell)
            if read is None:
                read = read_sources(request, sources, base_rows, spool, tell, values, keep, facts)
        gathered = bar(read.gathered, request.plan, request.barred.disabled)
        with phases.phase("decide"):
            tell(Progress("deciding", 0, None, "rows"))
            standing = base_rows.standing(gathered)
            gathered, settled = _settle(request, replace(read, gathered=gathered), standing, sources, keep)
            if values is not None:
                part = keep_reading(request, values, read, sources, scratch)
                if not request.dry_run:
                    carry(values, request.plan, gathered, settled, read.carried, part)
            gathered.keys.clear()
            read.rows.forget()
            release()
        if request.watch is not None:
            request.watch(gathered, settled, request.plan)
        kept = Kept(read.rows, gathered, settled)
        examined = request.examine(kept) if request.examine is not None else {}
        stages, malformed_codes = funnel(gathered, settled, request.plan)
        counts = _counts(gathered, settled)
        splits = membership(gathered, settled)
        version = gate = None
        if not request.dry_run:
            with phases.phase("write"):
                tell(Progress("writing", 0, None, "rows"))
                written = write_curation(
                    registry.store,
                    request,
                    gathered,
                    settled,
                    read.rows,
                    sources,
                    base_rows,
                    standing,
                    scratch,
                    {
                        "funnel": [s.as_json() for s in stages],
                        "malformed_codes": malformed_codes,
                        "counts": counts,
                        "selectors": dict(settled.chosen.summaries) if settled.chosen else {},
                        **({"facts": {"keys": sorted(facts.of), "operation": asked}} if facts else {}),
                        **request.told,
                        **examined,
                    },
                )
            with phases.phase("commit"):
                check = _none_forgotten(registry.store, request.barred, gathered, values)
                version, gate = _commit(registry, request, base, splits, written, check)
            with phases.phase("index"), suppress(StorageFailure):
                # Derived: what is asked next builds it where it cannot be built now, and says so.
                registry.index(tell)
        if values is not None:
            values.trim()
    return CurationResult(
        request.dataset,
        version.ref if version else None,
        version.fingerprint
        if version
        else fingerprint({split: id_list(ids) for split, ids in splits.items()}),
        counts["read"],
        counts["kept"],
        counts["rejected"],
        counts["malformed"],
        {split: len(ids) for split, ids in splits.items()},
        stages,
        malformed_codes,
        phases.elapsed,
        phases.seconds,
        reused=gathered.reused,
        gate=gate,
        base=base.ref if base else None,
        selectors=settled.chosen.summaries if settled.chosen else {},
    )


def _commit(
    registry: Registry,
    request: Request,
    base: Manifest | None,
    splits: Mapping[str, IdArray],
    written: Written,
    check: Callable[[Sequence[Operation]], None],
) -> tuple[Manifest, Gate | None]:
    """Name what was written in the log, and say what the policy says of it. Raises Conflict, GateFailed."""
    store = registry.store
    draft = Draft(
        request.dataset,
        base,
        splits,
        written.segments,
        request.message,
        written.curation,
        # A recipe with set stages decided against the base as it was; with another base it might have
        # decided otherwise. Records taken in one by one commute.
        commutes=request.add and not request.plan.set_stages,
        edits=_edits(store, base, splits, written.segments),
        check=check,
        branch=request.branch,
        body=request.body,
    )
    return commit_version(registry, draft)


def _none_forgotten(
    store: Store, barred: Barred, gathered: Gathered, values: FileValues | None
) -> Callable[[Sequence[Operation]], None]:
    """Refuses the commit when an example that was read has been forgotten since: its text lies in what was written,
    and must not be named."""

    def check(entries: Sequence[Operation]) -> None:
        now = erased(store.objects, entries).ids
        late = now[~contains(barred.forgotten, now)]
        if len(late) and contains(late, np.ascontiguousarray(gathered.ids).view("V32")).any():
            if values is not None:
                values.trim(0)
            raise Conflict(
                "an example was forgotten while its record was read",
                "run the command again: it will leave it out",
            )

    return check


def _edits(
    store: Store, base: Manifest | None, splits: Mapping[str, IdArray], segments: Sequence[SegmentRef]
) -> Mapping[bytes, bytes]:
    """Which examples of the base became which new ones: same key, or failing that the same input."""
    if base is None or not segments:
        return {}
    target = concat(list(splits.values()))
    target = target[order(target)]
    columns = ["id", "key", "source", "payload"]
    gone = []
    for split in base.splits:
        for part in base.splits[split]:
            rows = live_rows(part)
            rows = rows[~contains(target, read_ids(store.objects, part.segment)[rows])]
            if len(rows):
                gone += list(table_to_pair(read_rows(store.objects, part.segment, rows, columns)))
    came = [row for ref in segments for row in table_to_pair(store.segment(ref, columns))] if gone else []
    return pair_edits(gone, came) if gone else {}


def _check(request: Request) -> None:
    origin = request.provenance.get("origin")
    if origin is not None and origin not in ORIGINS:
        raise UsageError(f"origin {origin!r} is not known", f"one of: {', '.join(ORIGINS)}")
    if request.workers < 1 or request.batch_rows < 1:
        raise UsageError("workers and batch rows are at least 1", "leave them out for the defaults")


def _settle(
    request: Request, read: Gotten, standing: Standing, sources: Sources, keep: Keep
) -> tuple[Gathered, Settled]:
    from assay.kernels.near import near_groups

    texts = read.texts
    return settle(
        read.gathered,
        request.plan,
        texts,
        standing=standing,
        eval_sources=sources.eval_positions,
        user_keys=read.user_keys,
        near_groups=lambda rows: near_groups(
            texts.fetched(np.asarray(rows, np.int64)).take(np.asarray(rows, np.int64))
        ),
        allocate=keep.array,
        memories=read.memories,
        payloads=partial(_payloads, read.rows),
        placed=sources.placed,
    )


def _payloads(held: Spool | Rereading, rows: Sequence[int]) -> list[dict[str, Any]]:
    """The payloads of rows that were read."""
    told = held.take(np.asarray(rows, np.int64), ["payload"]).column("payload").to_pylist()
    return [orjson.loads(one) for one in told]


def _counts(gathered: Gathered, settled: Settled) -> dict[str, int]:
    read_rows = ~gathered.pinned
    kept = int((settled.stage[read_rows] == KEPT).sum())
    rejected = int(read_rows.sum()) - kept + len(gathered.forgotten)
    malformed = len(gathered.malformed)
    return {"read": kept + rejected + malformed, "kept": kept, "rejected": rejected, "malformed": malformed}
