"""Judging: what the log has is taken from there, the rest is asked for, and each ten thousand examples are recorded."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from assay.errors import BudgetReached, CallsFailed
from assay.judge.judge import Item, Judge, judge_many, requests
from assay.judge.judgement import Judgement
from assay.judge.panel import Combined
from assay.kernels.ids import as_ids
from assay.llm.client import Client, Failure, Reply, Request, Response
from assay.registry.judgement.answers import run_of
from assay.registry.judgement.evidence import Known, known
from assay.registry.judgement.panel import Panel
from assay.registry.judgement.recording import Recorder
from assay.registry.judgement.tally import Spent, Tally
from assay.registry.language_models import Calls, LanguageModels, ModelName, run
from assay.registry.results import Progress

if TYPE_CHECKING:
    from assay.llm.batches import BatchState
    from assay.registry import Registry

CHUNK: Final = 10_000
"""Examples of one operation; what a run that is killed has not recorded yet is found among the answers."""
_FETCHED: Final = 500
"""Payloads that are at hand at a time."""

Payloads = Callable[[Sequence[int]], Sequence[Mapping[str, Any]]]
Told = dict[str, Judgement]
"""Judge's digest → what it said of one example."""


@dataclass(frozen=True)
class Counted:
    """A client that counts what its calls took, and that calls nobody once a call of any judge failed for good."""

    inner: Client
    spent: Spent
    stopped: list[Failure]

    async def complete(self, request: Request) -> Reply:
        """The reply, counted."""
        if self.stopped:
            return self.stopped[0]
        reply = await self.inner.complete(request)
        if isinstance(reply, Failure) and reply.fatal:
            self.stopped.append(reply)
        elif isinstance(reply, Response) and reply.cached:
            self.spent.remembered += 1
        elif isinstance(reply, Response):
            self.spent.calls += 1
            self.spent.input_tokens += reply.input_tokens or 0
            self.spent.output_tokens += reply.output_tokens or 0
        return reply


@dataclass
class Judging:
    """One run of a panel over examples of a dataset. `models` None: nobody is asked, and what the log has not is left
    out. `hear` is told of every example, in order of id, with what the panel and each judge said of it."""

    registry: Registry
    dataset: str
    panel: Panel
    models: LanguageModels | None
    tell: Callable[[Progress], None] = lambda _: None
    hear: Callable[[bytes, Combined, Told], None] = lambda *_: None
    tally: Tally = field(init=False)
    operations: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tally = Tally(self.panel.digests, self.panel.main)

    def run(self, ids: Sequence[bytes], payloads: Payloads) -> None:
        """Judge examples, given sorted by id. What is finished is recorded, whatever ends the run.

        Raises BudgetReached, CallsFailed; and what is no outcome of a call, such as a full disk.
        """
        if self.models is None or not ids:
            for start in range(0, len(ids), CHUNK):
                self._count(ids[start : start + CHUNK], self._known(ids[start : start + CHUNK]))
            return
        self.registry.check_writable()
        calls = Calls(self.registry, self.models)
        with run_of(self.registry, self._name):
            for start in range(0, len(ids), CHUNK):
                some = ids[start : start + CHUNK]
                self._chunk(calls, some, partial(_moved, payloads, start), len(ids))

    @property
    def _name(self) -> str:
        """What tells this run from another one."""
        return hashlib.sha256("\n".join([self.dataset, *self.panel.digests]).encode()).hexdigest()

    def _known(self, ids: Sequence[bytes]) -> Known:
        store = self.registry.store
        return known(store.objects, store.log.entries(), self.panel.digests, as_ids(ids))

    def _chunk(self, calls: Calls, ids: Sequence[bytes], payloads: Payloads, total: int) -> None:
        known = self._known(ids)
        made: dict[str, dict[bytes, Judgement]] = {judge: {} for judge in self.panel.digests}
        report = _Reporter(self.tell, calls, self.tally.examples, total, len(self.panel.judges), len(known))

        def finished(one: Judgement) -> None:
            made[one.judge][one.id] = one
            report()

        report()
        stopped: Failure | None = None
        try:
            stopped = run(lambda: self._ask(calls, ids, payloads, known, finished))
        finally:  # a full disk, Ctrl-C: what was paid for is recorded all the same
            self._record(ids, known, made)
            self.tally.dollars = calls.budget.spent
        if stopped is not None:
            raise self._stop(stopped, total)

    async def _prefetch(self, calls: Calls, ids: Sequence[bytes], payloads: Payloads, known: Known) -> None:
        """Fetch answers by batches; the calls that follow find them, and ask for what the batches did not answer.

        Raises CallsFailed while a batch still runs: to call for its requests would be to pay for them twice.
        """

        def state(batch: str, far: BatchState) -> None:
            self.tell(
                Progress(f"batch {batch[-12:]}", far.done, far.total, "calls", f"${calls.budget.spent:.2f}")
            )

        for judge in self.panel.judges:
            rows = [k for k, one in enumerate(ids) if one not in known.stands[judge.digest]]
            fence = fences(calls, judge)
            came = 1
            # A batch costs less than was held for it, and so leaves money for what was left out.
            while rows and came:
                asked = (
                    one
                    for id, payload in _items(ids, rows, payloads)
                    for one in requests(judge, id, payload, fence(id))
                )
                filled = await calls.fill(ModelName.parse(judge.model), asked, state)
                self.tally.spent.batched += filled.came
                if filled.waiting:
                    raise CallsFailed(
                        f"{len(filled.waiting)} batches of {judge.model} still run: {filled.waiting[0].why}",
                        "run the same command again: they are waited for and not paid for twice",
                    )
                came = filled.came if filled.left_out else 0

    async def _ask(
        self,
        calls: Calls,
        ids: Sequence[bytes],
        payloads: Payloads,
        known: Known,
        finished: Callable[[Judgement], None],
    ) -> Failure | None:
        """Ask every judge at once; what stopped one of them, if anything did."""
        assert self.models is not None
        if self.models.batches is not None:
            await self._prefetch(calls, ids, payloads, known)
        stopped: list[Failure] = []
        async with AsyncExitStack() as stack:
            tasks = []
            for judge in self.panel.judges:
                open_rows = [k for k, one in enumerate(ids) if one not in known.stands[judge.digest]]
                if not open_rows:
                    continue
                client = await stack.enter_async_context(calls.client(ModelName.parse(judge.model)))
                tasks.append(
                    judge_many(
                        Counted(client, self.tally.spent, stopped),
                        judge,
                        _items(ids, open_rows, payloads),
                        fences(calls, judge),
                        self.models.prices,
                        self.models.terms.most,
                        finished,
                    )
                )
            await asyncio.gather(*tasks)
        return stopped[0] if stopped else None

    def _record(
        self, ids: Sequence[bytes], known: Known, made: Mapping[str, Mapping[bytes, Judgement]]
    ) -> None:
        finished = [one for judged in made.values() for one in judged.values()]
        # What comes to nothing again, by an answer that was remembered, is in the log already.
        new = [one for one in finished if (one.id, one.judge, one.created or "") not in known.failed]
        # Facts are the panel's: of an example that some of its judges have not come to there are judgements alone.
        everybody = len(self.panel.judges)
        told = {one: said for one in ids if len(said := _told(self.panel, one, known, made)) == everybody}
        operation = Recorder(self.registry, self.dataset, self.panel).record(new, told)
        self.operations += [] if operation is None else [operation]
        self.tally.judged += len(finished)
        self._count(ids, known, made)

    def _count(
        self, ids: Sequence[bytes], known: Known, made: Mapping[str, Mapping[bytes, Judgement]] | None = None
    ) -> None:
        self.tally.reused += len(known)
        for id in ids:
            said = _told(self.panel, id, known, made or {})
            self.hear(id, self.tally.add(said), said)

    def _stop(self, failure: Failure, total: int) -> BudgetReached | CallsFailed:
        done = self.tally.judged + self.tally.reused
        asked = total * len(self.panel.judges)
        far = f"{done:,} of {asked:,} judgements are recorded"
        if failure.kind == "budget":
            return BudgetReached(
                f"the budget is reached: {failure.message}; {far}",
                "run the same command again with a larger --budget: what is recorded is not paid for again",
            )
        return CallsFailed(
            f"the model cannot be called: {failure.message}; {far}",
            "see to the key, the model's name and --endpoint; what is recorded is not paid for again",
        )


def _moved(payloads: Payloads, start: int, rows: Sequence[int]) -> Sequence[Mapping[str, Any]]:
    return payloads([start + k for k in rows])


def fences(calls: Calls, judge: Judge) -> Callable[[bytes], Any]:
    """The fence around each example, by its id."""
    return lambda id: calls.fence("judge", judge.digest, id.hex())


def _items(ids: Sequence[bytes], rows: Sequence[int], payloads: Payloads) -> Iterator[Item]:
    for start in range(0, len(rows), _FETCHED):
        some = rows[start : start + _FETCHED]
        yield from zip((ids[k] for k in some), payloads(some), strict=True)


def _told(panel: Panel, id: bytes, known: Known, made: Mapping[str, Mapping[bytes, Judgement]]) -> Told:
    """What each judge said of one example, now or before."""
    found = {judge: made.get(judge, {}).get(id) or known.stands[judge].get(id) for judge in panel.digests}
    return {judge: one for judge, one in found.items() if one is not None}


class _Reporter:
    """Tells how far a run is: judgements, and dollars so far."""

    def __init__(
        self, tell: Callable[[Progress], None], calls: Calls, before: int, total: int, judges: int, known: int
    ) -> None:
        self._tell, self._budget = tell, calls.budget
        self._done, self._total = before * judges + known - 1, total * judges
        self._told = -1.0

    def __call__(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._told < 0.05 and self._done < self._total:
            return
        self._told = now
        self._tell(Progress("judging", self._done, self._total, "calls", f"${self._budget.spent:.2f}"))
