"""What tokens cost: a table with a date, which is data, and which anybody may put their own prices over."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from assay.errors import BadInput, NotFound

_MILLION: Final = Decimal(1_000_000)
_DATED: Final = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")

# A float is taken by its shortest digits: 0.1 is a tenth.
_Dollars = Annotated[
    Decimal,
    BeforeValidator(lambda value: str(value) if isinstance(value, float) else value),
    Field(ge=0, allow_inf_nan=False),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LongPrice(_Strict):
    """What every token of a request costs that has more than `above` input tokens."""

    above: int = Field(gt=0)
    input: _Dollars
    output: _Dollars


class Price(_Strict):
    """US dollars for a million tokens. Above `up_to` input tokens no price is known.

    `batch`: the share of it that an answer costs which comes by the provider's batch API; the whole price if not told.
    """

    input: _Dollars
    output: _Dollars
    long: LongPrice | None = None
    up_to: int | None = Field(default=None, gt=0)
    batch: Annotated[_Dollars, Field(le=1)] = Decimal(1)

    def in_batches(self) -> Price:
        """The price of an answer that comes by the batch API."""
        long, share = self.long, self.batch
        if long is not None:
            long = LongPrice(above=long.above, input=long.input * share, output=long.output * share)
        return Price(input=self.input * share, output=self.output * share, long=long, up_to=self.up_to)

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """US dollars of one call, exactly."""
        rate = self.long if self.long is not None and input_tokens > self.long.above else self
        return (input_tokens * rate.input + output_tokens * rate.output) / _MILLION

    def worst(self, input_tokens: int, output_tokens: int) -> Decimal:
        """The most that a call can cost with so many tokens at most."""
        worst = self.cost(input_tokens, output_tokens)
        if self.long is not None and input_tokens > self.long.above:
            worst = max(worst, self.cost(self.long.above, output_tokens))
        return worst


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by model, as they were on the day `as_of`."""

    as_of: str
    models: Mapping[str, Price]

    def find(self, model: str) -> Price | None:
        """The price of a model; of `name-20261107` that of `name`, where there is none of its own."""
        return self.models.get(model) or self.models.get(_DATED.sub("", model))

    def of(self, model: str) -> Price:
        """The price of a model. Raises NotFound."""
        price = self.find(model)
        if price is None:
            raise NotFound(
                f"the price table of {self.as_of} has no {model}",
                "give its price in a price file: "
                '{"models": {"NAME": {"input": DOLLARS_PER_MILLION, "output": …}}}; 0 for a server of your own',
            )
        return price

    def in_batches(self) -> Prices:
        """The same table for answers that come by the batch API."""
        return Prices(self.as_of, {model: price.in_batches() for model, price in self.models.items()})

    def with_override(self, data: bytes, where: str) -> Prices:
        """These prices with those of a JSON document over them: `{"models": {NAME: {"input", "output"}}}`.

        Raises BadInput, which names the document by `where` and the field.
        """
        try:
            table = _Table.model_validate(json.loads(data))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            at = ".".join(str(part) for part in first["loc"])
            raise BadInput(
                f"{where}: {at}: {first['msg']}", "prices are dollars for a million tokens"
            ) from None
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{where}: not JSON: {error}", "prices are a JSON document") from None
        return Prices(table.as_of or self.as_of, {**self.models, **table.models})


class _Table(_Strict):
    models: dict[str, Price]
    currency: str = Field(default="USD", pattern="^USD$")
    per_tokens: int = Field(default=1_000_000, ge=1_000_000, le=1_000_000)
    as_of: str | None = None
    note: str = ""


def list_prices() -> Prices:
    """The table that comes with assay."""
    data: Any = json.loads(resources.files("assay.llm").joinpath("prices.json").read_bytes())
    table = _Table.model_validate(data)
    assert table.as_of is not None
    return Prices(table.as_of, table.models)
