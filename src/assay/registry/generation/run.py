"""One run of a generation: rounds of asking and curating over one spool, and the commit at the end."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any, Final, NoReturn

from assay.errors import BudgetReached, CallsFailed, NotFound, QuotasUnmet, StorageFailure, UsageError
from assay.generate.asking import Made, ask_all
from assay.generate.planning import Candidate, Plan
from assay.generate.rounds import KEPT, UNANSWERED, Entry, Fate, Outcome, run_rounds
from assay.llm.client import Client
from assay.model.canonical import canonical_json
from assay.registry.curating.curation import Request, run_curation
from assay.registry.curating.guarding import RegistryResources, bound
from assay.registry.curating.outcomes import Fate as Decided
from assay.registry.curating.outcomes import watching
from assay.registry.curating.recipes import load_plan
from assay.registry.generation.candidates import call_json, candidate_line
from assay.registry.generation.inputs import novel_plan
from assay.registry.generation.results import Cost, GenerationResult, Mix
from assay.registry.generation.templates import keep_template
from assay.registry.language_models import Calls, LanguageModels, ModelName, run
from assay.registry.results import CurationResult, Progress

if TYPE_CHECKING:
    from assay.registry import Registry, Tell
    from assay.registry.generation.generating import Order

FORMAT: Final = 1
_NEAR: Final = frozenset({"near_duplicate", "semantic_duplicate"})


class Run:
    """A generation while it runs. `whole` does it."""

    def __init__(
        self, registry: Registry, order: Order, plan: Plan, models: LanguageModels, progress: Tell | None
    ) -> None:
        self._registry, self._order, self._plan = registry, order, plan
        self._models, self._progress = models, progress
        self._calls = Calls(registry, models)
        self._curation = novel_plan(registry, load_plan(order.recipe), order.novel_against)
        self._spooled = 0
        self._fates: Sequence[Fate] = ()
        self._kept = 0
        self._input = self._output = self._paid = self._remembered = 0
        self._worth: Decimal | None = Decimal(0)
        self._judged = Decimal(0)
        told = canonical_json([plan.digest, order.dataset, order.branch])
        digits = hashlib.sha256(told).hexdigest()[:16]
        self.source = f"generated-{digits}.jsonl"
        """The name under which the ledger knows the candidates: it follows from plan and branch."""
        self._folder = registry.scratch_root() or Path(gettempdir())
        self._path = self._folder / f"generated-{digits}-{registry.entropy(6).hex()}.jsonl"

    def whole(self) -> GenerationResult:
        """Ask, curate, commit. See `Generating.generate`."""
        began = self._models.world.clock()
        self._check()
        keep_template(self._registry, self._plan.template)
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            outcome = run_rounds(self._plan, self._ask, self._decide, self._order.rounds)
            self._count(outcome)
            if outcome.end != "met" and not (self._order.partial and outcome.kept):
                self._unmet(outcome)
            curation = self._commit(outcome)
        except BaseException as error:
            self._keep_spool(error)
            raise
        self._path.unlink(missing_ok=True)
        (self._folder / self.source).unlink(missing_ok=True)
        near = sum(fate.code in _NEAR for fate in self._fates)
        answers = sum(fate.stage != UNANSWERED for fate in self._fates)
        return GenerationResult(
            curation,
            self._plan.template.name,
            outcome.end,
            Mix.of(self._plan.quotas, outcome.kept),
            outcome.rounds,
            self._cost(),
            near,
            answers,
            self._models.world.clock() - began,
        )

    def _check(self) -> None:
        """What would stop it half-way is said before anything is asked."""
        for name in self._plan.models:
            model = ModelName.parse(name)
            self._models.endpoint(model)
            if self._models.budget is not None:
                self._models.prices.of(model.model)
        order = self._order
        if self._curation.has("judge"):
            bound(RegistryResources(self._registry, order.dataset, self._models), self._curation)
        base = self._registry.head_of(order.dataset, order.branch)
        if order.add and base is None:
            raise UsageError(
                f"{order.dataset} has no version to add to",
                f"leave --add out to make {order.dataset}@v1",
            )
        if order.branch != "main" and base is None:
            raise NotFound(
                f"{order.dataset} has no branch {order.branch!r}",
                f"make one with `assay branch {order.dataset} {order.branch}`",
            )

    def _ask(self, number: int, candidates: Sequence[Candidate]) -> Sequence[Made]:
        done = 0
        self._tell(number, 0, len(candidates))

        def tell(made: Made) -> None:
            nonlocal done
            done += 1
            self._tell(number, done, len(candidates))

        async def work() -> list[Made]:
            async with AsyncExitStack() as stack:
                clients: dict[str, Client] = {
                    name: await stack.enter_async_context(self._calls.client(ModelName.parse(name)))
                    for name in self._plan.models
                }
                at_once = self._models.terms.most * len(clients)
                template, prices = self._plan.template, self._models.prices
                return await ask_all(clients, template, candidates, prices, tell, at_once)

        return run(work)

    def _decide(self, entries: Sequence[Entry]) -> Sequence[Fate]:
        """What the recipe makes of all candidates so far; nothing is committed."""
        self._spool(entries)
        fates: dict[int, Decided] = {}
        found = run_curation(self._registry, self._request(dry_run=True, fates=fates), None)
        judged = Decimal(found.selectors.get("judge", {}).get("dollars", "0"))
        self._judged += judged
        self._calls.budget.settle(Decimal(0), judged)
        self._fates = [_fate(fates[at]) for at in range(1, len(entries) + 1)]
        self._kept = sum(fate.stage == KEPT for fate in self._fates)
        return self._fates

    def _spool(self, entries: Sequence[Entry]) -> None:
        """Put what is new on the spool, which holds one line a candidate."""
        new = b"".join(candidate_line(self._plan, entry) for entry in entries[self._spooled :])
        try:
            with os.fdopen(os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as file:
                file.write(new)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageFailure(
                f"{self._path} cannot be written: {error.strerror}",
                "make room and run it again: nothing is paid for twice",
            ) from None
        self._spooled = len(entries)

    def _request(
        self, *, dry_run: bool, fates: dict[int, Decided], told: Mapping[str, Any] | None = None
    ) -> Request:
        order = self._order
        return Request(
            order.dataset,
            [str(self._path)],
            self._curation,
            add=order.add,
            message=order.message,
            shape="candidate",
            container="jsonl",
            branch=order.branch,
            dry_run=dry_run,
            uris={str(self._path): self.source},
            told=told or {},
            watch=watching(fates),
            models=replace(self._models, budget=self._calls.budget.left),
            # What a judge says decides what is asked for anew.
            judged_when_dry=True,
        )

    def _commit(self, outcome: Outcome) -> CurationResult:
        told = self._registry.store.objects.put_json(self._account(outcome))
        request = self._request(dry_run=False, fates={}, told={"generation": told})
        return run_curation(self._registry, request, self._progress)

    def _account(self, outcome: Outcome) -> dict[str, Any]:
        """What is kept with the version of how it was generated. It holds no text of any example."""
        plan = self._plan
        unanswered = [
            {
                "record": number,
                "cell": list(entry.made.candidate.cell),
                "number": entry.made.candidate.number,
                "round": entry.round,
                "code": entry.made.code,
                "generator": entry.made.candidate.model,
                **call_json(entry.made.call),
            }
            for number, entry in enumerate(outcome.entries, 1)
            if entry.made.answer is None
        ]
        return {
            "format": FORMAT,
            "plan": plan.digest,
            "template": plan.template.name,
            "template_digest": plan.template.digest,
            "seed": plan.seed,
            "models": list(plan.models),
            "parameters": plan.parameters.as_json(),
            "quotas": {
                "fields": list(plan.quotas.fields),
                "cells": [
                    {"cell": list(cell), "asked": count, "got": outcome.kept.get(cell, 0)}
                    for cell, count in plan.quotas.counts.items()
                ],
            },
            "rounds": [one.as_json() for one in outcome.rounds],
            "end": outcome.end,
            "tokens": {"input": self._input, "output": self._output},
            "price": None if self._worth is None else f"{self._worth:f}",
            "unanswered": unanswered,
        }

    def _count(self, outcome: Outcome) -> None:
        for entry in outcome.entries:
            call = entry.made.call
            self._input += call.input_tokens or 0
            self._output += call.output_tokens or 0
            self._paid += call.paid
            self._remembered += call.requests - call.paid
            if call.requests and (call.price is None or self._worth is None):
                self._worth = None
            elif self._worth is not None:
                self._worth += call.price or 0

    def _cost(self) -> Cost:
        return Cost(
            self._calls.budget.spent,
            self._worth,
            self._paid,
            self._remembered,
            self._input,
            self._output,
            self._models.budget,
            self._models.prices.as_of,
            self._judged,
        )

    def _unmet(self, outcome: Outcome) -> NoReturn:
        got, wanted = sum(outcome.kept.values()), self._plan.quotas.total
        have = f"{got:,} of {wanted:,} examples are there"
        if outcome.end == "budget":
            raise BudgetReached(
                f"{have}, and the budget of ${self._models.budget:f} has no room for another call",
                "run it again with a larger --budget: nothing is paid for twice; or with --partial",
            )
        if outcome.end == "failed":
            assert outcome.failure is not None
            raise CallsFailed(
                f"the models cannot be called: {outcome.failure.message}",
                "see to key, name and address, and run it again: what was answered is kept",
            )
        rounds = len(outcome.rounds)
        why = Counter(code for one in outcome.rounds[-3:] for code in _repeated(one.why))
        raise QuotasUnmet(
            f"{have} after {rounds} rounds; last rejected: "
            + (", ".join(f"{code} {count:,}" for code, count in why.most_common(3)) or "nothing"),
            "change the template or the recipe, allow more --rounds, or say --partial; "
            "nothing is paid for twice",
        )

    def _keep_spool(self, error: BaseException) -> None:
        """Leave what was answered where it can be found, and say so on the exception."""
        if not self._spooled:
            self._path.unlink(missing_ok=True)
            return
        with suppress(OSError):  # whatever it is must not hide the error itself
            kept = self._path.replace(self._folder / self.source)
            error.add_note(f"{self._spooled:,} candidates are kept in {kept}")

    def _tell(self, number: int, done: int, total: int) -> None:
        if self._progress is not None:
            spent = self._calls.budget.spent
            note = f"${spent:.2f} · {self._kept:,} of {self._plan.quotas.total:,} kept"
            self._progress(Progress(f"round {number}", done, total, "answers", note))


def _fate(decided: Decided) -> Fate:
    outcome, stage, code = decided
    if outcome == "malformed":
        return Fate(UNANSWERED, code)
    return Fate(KEPT) if outcome == "kept" else Fate(stage, code)


def _repeated(why: Mapping[str, int]) -> Sequence[str]:
    return [code for code, count in why.items() for _ in range(count)]
