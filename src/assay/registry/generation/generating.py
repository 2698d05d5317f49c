"""`registry.generation`: templates, and datasets that language models write to quotas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from assay.errors import UsageError
from assay.generate.asking import request_of
from assay.generate.parameters import Parameters
from assay.generate.planning import Plan
from assay.generate.quotas import quotas
from assay.generate.rounds import MOST_ROUNDS
from assay.generate.template import Template
from assay.llm.budget import Estimate
from assay.model.ref import check_name
from assay.registry.curating.recipes import load_plan
from assay.registry.generation.inputs import novel_plan, read_rows, read_seeds
from assay.registry.generation.results import Forecast, GenerationResult, Mix
from assay.registry.generation.run import Run
from assay.registry.generation.templates import SavedTemplate, read_template, save_template, saved_templates
from assay.registry.language_models import Calls, LanguageModels, ModelName
from assay.store.heads import MAIN

if TYPE_CHECKING:
    from assay.model.recipe import Recipe
    from assay.registry import Registry, Tell

MOST_EXAMPLES: Final = 200_000
LIKELY_OUTPUT: Final = 300
"""Tokens that an answer is reckoned with before there is any."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be generated. `template`: a file, an id, `id@digest`, or the template itself; `n`: how many examples;
    `models`: PROVIDER/MODEL, used in turn; `shares`: variable → value → share; `rows`: a file of assignments;
    `seeds`: a version whose examples are shown, `shown` to each candidate; `novel_against`: versions of whose examples
    none is to be nearly repeated; `rounds`: how often it is asked anew for what was rejected; `partial`: whether a
    version is made of what there is where the quotas are not met."""

    dataset: str
    template: str | Template | Mapping[str, Any]
    n: int
    models: Sequence[str]
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    parameters: Parameters = field(default_factory=Parameters)
    rows: str | None = None
    seeds: str | None = None
    shown: int = 3
    seed: int = 0
    recipe: str | Recipe = "synthetic"
    novel_against: Sequence[str] = ()
    add: bool = False
    branch: str = MAIN
    message: str = ""
    rounds: int = MOST_ROUNDS
    partial: bool = False


@dataclass(frozen=True)
class Generating:
    """The generations of one registry."""

    registry: Registry

    def templates(self) -> list[SavedTemplate]:
        """The templates that were saved, oldest first."""
        return saved_templates(self.registry)

    def template(self, named: str | Template | Mapping[str, Any]) -> Template:
        """A template by file, id or `id@digest-beginning`. Raises NotFound, BadInput, UsageError."""
        return read_template(self.registry, named)

    def save(self, named: str | Template | Mapping[str, Any]) -> SavedTemplate:
        """Put a template in the log; the same one again changes nothing. Raises as `template` does."""
        self.registry.check_writable()
        return save_template(self.registry, self.template(named))

    def plan(self, order: Order) -> Plan:
        """The plan of an order. Raises NotFound, BadInput, UsageError with what does not fit."""
        for name in order.models:
            ModelName.parse(name)
        template = self.template(order.template)
        if order.rows is not None and order.seeds is not None:
            raise UsageError("assignments and seeds were both given", "say --vars or --from")
        if not 1 <= order.rounds <= 1_000:
            raise UsageError(f"{order.rounds} rounds", "1 to 1,000")
        if not 1 <= order.n <= MOST_EXAMPLES:
            raise UsageError(
                f"{order.n:,} examples in one run", f"1 to {MOST_EXAMPLES:,}; add more with --add"
            )
        if not 0 <= order.seed < 2**53:
            raise UsageError(f"a seed of {order.seed}", "a whole number from 0 to 2⁵³ − 1")
        rows = read_rows(order.rows, template) if order.rows is not None else ()
        seeds = read_seeds(self.registry, order.seeds, order.seed).found if order.seeds is not None else ()
        counts = quotas(order.n, order.shares)
        return Plan(
            template, counts, tuple(order.models), order.seed, order.parameters, rows, seeds, order.shown
        )

    def forecast(self, order: Order, models: LanguageModels) -> Forecast:
        """What an order will take if nothing is rejected, and what it will ask; nobody is asked. Raises as `plan`."""
        plan = self.plan(order)
        check_name(order.dataset)
        novel_plan(self.registry, load_plan(order.recipe), order.novel_against)
        candidates = [
            plan.candidate(cell, number)
            for cell, count in plan.quotas.counts.items()
            for number in range(count)
        ]
        calls = Calls(self.registry, models)
        estimates: dict[str, Estimate] = {}
        for name in plan.models:
            requests = (request_of(plan.template, one) for one in candidates if one.model == name)
            estimates[name] = calls.estimate(ModelName.parse(name), requests, LIKELY_OUTPUT)
        shown = [request_of(plan.template, candidates[at]) for at in sorted({0, len(candidates) - 1})]
        return Forecast(
            order.dataset,
            plan.template.name,
            Mix.of(plan.quotas, plan.quotas.counts),
            estimates,
            LIKELY_OUTPUT,
            [
                [{"role": turn.role, "content": turn.content} for turn in request.messages]
                for request in shown
            ],
            models.budget,
        )

    def generate(
        self, order: Order, models: LanguageModels, progress: Tell | None = None
    ) -> GenerationResult:
        """Ask, curate, and ask anew for what was rejected, until the quotas are met; then commit one version with all
        candidates in its ledger.

        Everything that was paid for is remembered: the same order again asks only for what it does not know, and gives
        the same version. Raises as `plan` does; CallsFailed when the models cannot be called, BudgetReached and
        QuotasUnmet without `partial`; Conflict and GateFailed as `curate` does. Nothing is committed then.
        """
        self.registry.check_writable()
        check_name(order.dataset)
        plan = self.plan(order)
        return Run(self.registry, order, plan, models, progress).whole()
