"""Getting the rows of a curation: read from their sources and checked, or recalled from when they were."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay import __version__
from assay.curate.carried import Carried, carried
from assay.curate.engine import open_engine
from assay.curate.evaluate import Evaluator
from assay.curate.fact_fields import FactFields
from assay.curate.gather import Gathered, gather
from assay.curate.keep import Keep
from assay.curate.recall import Reading, keep_memories, may_recall, name_of, recall, remember, spans_of
from assay.curate.spool import Spool
from assay.curate.stage import Memory
from assay.kernels import native
from assay.kernels.texts import AnyTexts
from assay.registry.curating.base_rows import BaseRows, BaseTexts
from assay.registry.curating.rereading import Rereading
from assay.registry.curating.sources import Sources
from assay.registry.results import Progress
from assay.store.values import FileValues

if TYPE_CHECKING:
    from assay.registry.curating.curation import Request


@dataclass(frozen=True)
class Gotten:
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
    program, gone = __version__, request.barred.forgotten
    if len(gone):
        program += " without " + hashlib.sha256(gone.tobytes()).hexdigest()
    return name_of(request.plan, request.provenance, sources.eval_positions, sources.states(), program)


def recalled(
    request: Request, sources: Sources, values: FileValues | None, tell: Callable[[Progress], None]
) -> Gotten | None:
    """The reading that is remembered of these sources, or None. Raises BadInput when one changes meanwhile."""
    name = _name(request, sources)
    reading = recall(values, request.plan, name) if values is not None and name is not None else None
    if reading is None:
        return None
    sources.take_as_read(reading.digests)
    tell(Progress("reading and checking", sources.bytes_total, sources.bytes_total, "bytes"))
    rows = Rereading(reading, sources, request.plan, request.provenance)
    memories = dict(reading.memories)
    before = {(p, column): values for p, memory in memories.items() for column, values in memory.items()}
    return Gotten(
        reading.gathered, rows, rows.all_texts, reading.user_keys, memories, name, before, reading.part
    )


def read_sources(  # noqa: PLR0913 - what the row pass needs
    request: Request,
    sources: Sources,
    base_rows: BaseRows,
    spool: Spool,
    tell: Callable[[Progress], None],
    values: FileValues | None,
    keep: Keep,
    facts: FactFields | None,
) -> Gotten:
    """What the sources hold, and with `add` the version that is added to, read and checked. The spool is sealed."""
    known = carried(values, request.plan, base_rows.all_ids) if request.add else None

    def chunks() -> Iterator[Any]:
        if request.add and known is not None:
            yield base_rows.evaluated(known)
        elif request.add:
            yield from base_rows.chunks(request.batch_rows)
        yield from sources.chunks(request.batch_rows)

    def seen(_: int) -> None:
        tell(Progress("reading and checking", sources.bytes_read, sources.bytes_total, "bytes"))

    engine = request.engine
    if isinstance(engine, str):
        engine = open_engine(engine, request.workers, sources.suit_threads)
    evaluator = Evaluator(
        request.plan, request.provenance, values, sources.eval_positions, facts, request.barred.forgotten
    )
    gathered = gather(chunks(), evaluator, engine, spool, seen, keep)
    spool.seal()
    release()
    memories: dict[int, Memory] = {position: {} for position, _ in request.plan.set_stages}
    texts = spool.all_texts if known is None else BaseTexts(base_rows, spool, known.ids)
    name = _name(request, sources)
    return Gotten(gathered, spool, texts, _user_keys(spool), memories, name, carried=known)


def keep_reading(
    request: Request, values: FileValues, read: Gotten, sources: Sources, scratch: Path
) -> str | None:
    """Keep the reading, if every source had come to rest when it was read, and what the set stages left behind; the
    part that holds the keys."""
    if read.name is None or read.gathered.forgotten:  # records that were dropped are counted anew each time
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


def release() -> None:
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
