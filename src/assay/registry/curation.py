"""curate and import: from sources to a committed version and its ledger."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay import __version__
from assay.curate.carried import Carried, carried, carry
from assay.curate.evaluate import Evaluator
from assay.curate.fact_fields import FactFields
from assay.curate.gather import Gathered, gather
from assay.curate.keep import Keep
from assay.curate.parts import Forgotten
from assay.curate.plan import Plan
from assay.curate.recall import Reading, keep_memories, may_recall, name_of, recall, remember, spans_of
from assay.curate.settle import KEPT, Settled, settle
from assay.curate.split import Standing
from assay.curate.spool import Spool
from assay.curate.stage import Memory
from assay.engines.local import LocalEngine
from assay.errors import UsageError
from assay.kernels import native
from assay.kernels.ids import IdArray, concat, contains, id_list, order
from assay.kernels.texts import AnyTexts
from assay.model.diff import pair_edits
from assay.model.fingerprint import fingerprint
from assay.model.provenance import ORIGINS
from assay.model.version import Manifest, SegmentRef
from assay.registry.base_rows import BaseRows, BaseTexts
from assay.registry.fact_fields import fact_fields
from assay.registry.funnel import funnel
from assay.registry.guarding import guarded
from assay.registry.rereading import Rereading
from assay.registry.results import CurationResult, Progress
from assay.registry.sources import Sources
from assay.registry.store import Store
from assay.registry.timing import spell_time
from assay.registry.writing import Written, membership, write_curation
from assay.store.commit import Draft, commit
from assay.store.diff import table_to_pair
from assay.store.members import live_rows
from assay.store.segments import read_ids, read_rows
from assay.store.values import FileValues

if TYPE_CHECKING:
    from assay.registry import Registry

BATCH_ROWS = 5_000
_KEYS_SHARE = 8
"""Of a memory limit an eighth is for keys; beyond that they lie in files."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a curation was asked to do. `workers`, `batch_rows` and `memory` (bytes) say how fast and in
    what space, and never change the result."""

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
    batch_rows: int = BATCH_ROWS
    memory: int | None = None
    dry_run: bool = False


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
    _check(request)
    request = replace(request, plan=guarded(registry, request.plan))
    base = registry.head_of(request.dataset)
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
        _scratch(registry) as scratch,
        Sources(
            request.sources, request.eval_sources, container=request.container, shape=request.shape
        ) as sources,
        Spool(scratch / "rows.arrow") as spool,
    ):
        base_rows = BaseRows(registry.store, base)
        keep = Keep(request.memory and request.memory // _KEYS_SHARE, scratch)
        with phases.phase("read and check"):
            read = _remembered(request, sources, values, tell)
            if read is None:
                read = _read(request, sources, base_rows, spool, tell, values, keep, facts)
        gathered = read.gathered
        with phases.phase("decide"):
            tell(Progress("deciding", 0, None, "rows"))
            standing = base_rows.standing(gathered)
            gathered, settled = _settle(request, read, standing, sources, keep)
            if values is not None:
                part = _remember(request, values, read, sources, scratch)
                if not request.dry_run:
                    carry(values, request.plan, gathered, settled, read.carried, part)
            gathered.keys.clear()
            read.rows.forget()
            _release()
        stages, malformed_codes = funnel(gathered, settled, request.plan)
        counts = _counts(gathered, settled)
        splits = membership(gathered, settled)
        version = None
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
                    },
                )
            with phases.phase("commit"):
                version = _commit(registry, request, base, splits, written)
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
    )


def _commit(
    registry: Registry,
    request: Request,
    base: Manifest | None,
    splits: Mapping[str, IdArray],
    written: Written,
) -> Manifest:
    """Name what was written in the log. Raises Conflict."""
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
    )
    return commit(store.objects, store.log, draft, actor=registry.actor, time=spell_time(registry.clock()))


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


@contextmanager
def _scratch(registry: Registry) -> Iterator[Path]:
    """A folder for the spool: beside the registry where there is a folder, so that `gc` finds what a kill leaves."""
    parent = registry.scratch_root()
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="curate-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class _Gotten:
    """What a curation has of its rows: the compact columns, and where their texts come from.

    `name`: under which the reading is, or may be, remembered; None for one that is not. `before`: what memories held
    when it was recalled, `part` where its keys are. `carried`: what came along with the base version.
    """

    gathered: Gathered
    rows: Spool | Rereading
    texts: AnyTexts
    user_keys: npt.NDArray[np.int64]
    memories: dict[int, Memory]
    name: str | None = None
    before: Mapping[tuple[int, str], npt.NDArray[Any]] = field(default_factory=dict)
    part: str | None = None
    carried: Carried | None = None


def _name(request: Request, sources: Sources) -> str | None:
    """The name of the reading that a request asks for; None for one that nobody remembers."""
    if request.add or not may_recall(request.plan) or not sources.can_seek:
        return None
    return name_of(request.plan, request.provenance, sources.eval_positions, sources.states(), __version__)


def _remembered(
    request: Request, sources: Sources, values: FileValues | None, tell: Callable[[Progress], None]
) -> _Gotten | None:
    name = _name(request, sources)
    reading = recall(values, request.plan, name) if values is not None and name is not None else None
    if reading is None:
        return None
    sources.take_as_read(reading.digests)
    tell(Progress("reading and checking", sources.bytes_total, sources.bytes_total, "bytes"))
    rows = Rereading(reading, sources, request.plan, request.provenance)
    memories = dict(reading.memories)
    before = {(p, column): values for p, memory in memories.items() for column, values in memory.items()}
    return _Gotten(
        reading.gathered, rows, rows.all_texts, reading.user_keys, memories, name, before, reading.part
    )


def _read(  # noqa: PLR0913 - what the row pass needs
    request: Request,
    sources: Sources,
    base_rows: BaseRows,
    spool: Spool,
    tell: Callable[[Progress], None],
    values: FileValues | None,
    keep: Keep,
    facts: FactFields | None,
) -> _Gotten:
    known = carried(values, request.plan, base_rows.all_ids) if request.add else None

    def chunks() -> Iterator[Any]:
        if request.add and known is not None:
            yield base_rows.evaluated(known)
        elif request.add:
            yield from base_rows.chunks(request.batch_rows)
        yield from sources.chunks(request.batch_rows)

    def seen(_: int) -> None:
        tell(Progress("reading and checking", sources.bytes_read, sources.bytes_total, "bytes"))

    engine = LocalEngine(request.workers, threads=sources.suit_threads)
    evaluator = Evaluator(request.plan, request.provenance, values, sources.eval_positions, facts)
    gathered = gather(chunks(), evaluator, engine, spool, seen, keep)
    spool.seal()
    _release()
    memories: dict[int, Memory] = {position: {} for position, _ in request.plan.set_stages}
    texts = spool.all_texts if known is None else BaseTexts(base_rows, spool, known.ids)
    name = _name(request, sources)
    return _Gotten(gathered, spool, texts, _user_keys(spool), memories, name, carried=known)


def _remember(
    request: Request, values: FileValues, read: _Gotten, sources: Sources, scratch: Path
) -> str | None:
    """Keep the reading, if every source had come to rest when it was read, and what the set stages left behind; the
    part that holds the keys."""
    if read.name is None:
        return None
    part = read.part
    if part is None:
        if not sources.at_rest((scratch / "rows.arrow").stat().st_mtime_ns):
            return None
        offset, length = spans_of(read.gathered, sources.index)
        digests = [source.sha256 for source in sources.read]
        reading = Reading(read.gathered, read.user_keys, offset, length, digests, read.memories)
        part = remember(values, request.plan, read.name, reading)
    keep_memories(
        values,
        read.name,
        {
            position: memory
            for position, memory in read.memories.items()
            if any(column is not read.before.get((position, name)) for name, column in memory.items())
        },
    )
    return part


def _settle(
    request: Request, read: _Gotten, standing: Standing, sources: Sources, keep: Keep
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
    )


def _release() -> None:
    """Give back what one phase needed before the next begins."""
    pa.default_memory_pool().release_unused()
    native.release_memory()


def _user_keys(spool: Spool) -> npt.NDArray[np.int64]:
    encoded = spool.user_keys.combine_chunks().dictionary_encode()
    if hasattr(encoded, "chunks"):
        encoded = encoded.combine_chunks()
    keys: npt.NDArray[np.int64] = (
        encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    )
    return keys


def _counts(gathered: Gathered, settled: Settled) -> dict[str, int]:
    read_rows = ~gathered.pinned
    kept = int((settled.stage[read_rows] == KEPT).sum())
    rejected = int(read_rows.sum()) - kept
    malformed = len(gathered.malformed)
    return {"read": kept + rejected + malformed, "kept": kept, "rejected": rejected, "malformed": malformed}
