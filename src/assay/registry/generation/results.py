"""What a generation came to, and what it will take, as values; `as_json` is the contract that scripts depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assay.generate.quotas import Quotas
from assay.generate.rounds import End, Round
from assay.llm.budget import Estimate
from assay.registry.results import CurationResult


@dataclass(frozen=True, slots=True)
class Mix:
    """The quotas, field by field: value → (asked for, got); `total`: both of the whole."""

    fields: Mapping[str, Mapping[str, tuple[int, int]]]
    total: tuple[int, int]

    @classmethod
    def of(cls, quotas: Quotas, kept: Mapping[tuple[str, ...], int]) -> Mix:
        """The quotas held against what is kept of each cell."""
        fields: dict[str, dict[str, tuple[int, int]]] = {}
        for at, field in enumerate(quotas.fields):
            got: dict[str, int] = {}
            for cell, count in kept.items():
                got[cell[at]] = got.get(cell[at], 0) + count
            fields[field] = {value: (asked, got.get(value, 0)) for value, asked in quotas.of(field).items()}
        return cls(fields, (quotas.total, sum(kept.values())))

    def as_json(self) -> dict[str, Any]:
        return {
            "fields": {
                field: {value: {"asked": asked, "got": got} for value, (asked, got) in values.items()}
                for field, values in self.fields.items()
            },
            "asked": self.total[0],
            "got": self.total[1],
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """What a generation took. `spent`: US dollars of this run; `worth`: of all answers by the price list, those that
    were remembered too (None where one has no price); `paid`: answers of this run that were paid for, `remembered`:
    those that were not. `judged`: the part of `spent` that went to judges of the recipe."""

    spent: Decimal
    worth: Decimal | None
    paid: int
    remembered: int
    input_tokens: int
    output_tokens: int
    budget: Decimal | None
    prices_as_of: str
    judged: Decimal = Decimal(0)

    def as_json(self) -> dict[str, Any]:
        return {
            "judged": f"{self.judged:f}",
            "spent": f"{self.spent:f}",
            "worth": None if self.worth is None else f"{self.worth:f}",
            "paid": self.paid,
            "remembered": self.remembered,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "budget": None if self.budget is None else f"{self.budget:f}",
            "prices_as_of": self.prices_as_of,
        }


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """What a generation did. `curation` is its last one, which made the version. `near`: how many answers were nearly
    the same as an example that stayed, or as one of another version; `answers`: of how many; `seconds`: all it took."""

    curation: CurationResult
    template: str
    end: End
    mix: Mix
    rounds: tuple[Round, ...]
    cost: Cost
    near: int
    answers: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return {
            **self.curation.as_json(),
            "template": self.template,
            "end": self.end,
            "quotas": self.mix.as_json(),
            "rounds": [one.as_json() for one in self.rounds],
            "cost": self.cost.as_json(),
            "novelty": {"answers": self.answers, "near_duplicates": self.near},
            "elapsed_seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a generation will take if nothing is rejected, by model; and what it will ask. Nothing was asked or written.

    `prompts`: the messages of a few candidates; `output`: tokens reckoned for an answer."""

    dataset: str
    template: str
    mix: Mix
    estimates: Mapping[str, Estimate]
    output: int
    prompts: Sequence[Sequence[Mapping[str, str]]]
    budget: Decimal | None

    @property
    def likely(self) -> Decimal | None:
        """US dollars, None where a model has no price."""
        return _sum([one.likely for one in self.estimates.values()])

    @property
    def worst(self) -> Decimal | None:
        return _sum([one.worst for one in self.estimates.values()])

    def as_json(self) -> dict[str, Any]:
        estimates = self.estimates.values()
        return {
            "dataset": self.dataset,
            "version": None,
            "template": self.template,
            "quotas": self.mix.as_json(),
            "rounds": [],
            "cost": {
                "calls": sum(one.calls for one in estimates),
                "remembered": sum(one.known for one in estimates),
                "input_tokens": sum(one.input_tokens for one in estimates),
                "output_tokens": sum(one.output_tokens for one in estimates),
                "likely": _spelled(self.likely),
                "worst": _spelled(self.worst),
                "budget": _spelled(self.budget),
                "unpriced": sorted({name for one in estimates for name in one.unpriced}),
                "prices_as_of": next(one.prices_as_of for one in estimates),
            },
            "prompts": [[dict(turn) for turn in prompt] for prompt in self.prompts],
        }


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _spelled(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
