"""The options of commands that call language models. Keys come from the environment, here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from assay.errors import BadInput, UsageError

if TYPE_CHECKING:
    from assay.registry.language_models import LanguageModels

F = TypeVar("F", bound=Callable[..., Any])

NAMES: Final = ("endpoints", "budget", "prices", "at_once", "give_up")
"""What the options are called where they arrive."""
_LARGEST_PRICES: Final = 1 << 20


class Dollars(click.ParamType):  # type: ignore[type-arg]
    """An amount of US dollars, exact: 5, 0.50, $12."""

    name = "dollars"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            amount = Decimal(str(value).strip().removeprefix("$"))
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.fail(f"{value!r} is no amount of dollars; write 5 or 0.50", param, ctx)
        return amount


def model_options(function: F) -> F:
    """`--endpoint`, `--budget`, `--prices`, `--at-once`, `--timeout`."""
    for decorate in reversed(
        (
            click.option(
                "--endpoint", "endpoints", multiple=True, metavar="PROVIDER=URL",
                help="Where a provider answers, as in vllm=http://127.0.0.1:8000/v1.",
            ),
            click.option("--budget", type=Dollars(), metavar="DOLLARS", help="What it may cost; it stops before."),
            click.option("--prices", metavar="FILE", help="JSON with prices of your own."),
            click.option(
                "--at-once", type=click.IntRange(1, 1024), default=64, show_default=True, metavar="N",
                help="Most calls under way; fewer when the server says so.",
            ),
            click.option(
                "--timeout", "give_up", type=click.FloatRange(1, 3600), default=180, show_default=True,
                metavar="SECONDS", help="When a call is given up.",
            ),
        )
    ):  # fmt: skip
        function = decorate(function)
    return function


def batch_option(function: F) -> F:
    """`--batch`; `models_of` takes it out."""
    words = "Fetch answers by the providers' batches: within a day, mostly at half the price."
    return click.option("--batch", is_flag=True, help=words)(function)


def models_if_any(given: dict[str, Any], models: Sequence[str]) -> LanguageModels | None:
    """`models_of`, or None where nobody will be called; takes the options out of `given` either way."""
    if models:
        return models_of(given, models)
    for name in (*NAMES, "batch"):
        given.pop(name, None)
    return None


def models_of(given: dict[str, Any], models: Sequence[str]) -> LanguageModels:
    """The settings that the options and the environment spell; takes its own options out of `given`.

    `models`: those that will be called. The key of PROVIDER is the variable PROVIDER_API_KEY; a server at an address of
    your own needs none. Raises UsageError, BadInput.
    """
    from assay.llm.batching import Polling
    from assay.llm.calling import Terms
    from assay.llm.prices import list_prices
    from assay.registry.language_models import LanguageModels, ModelName

    said = {name: given.pop(name) for name in NAMES}
    polling = Polling() if given.pop("batch", False) else None
    prices = list_prices()
    if said["prices"] is not None:
        prices = prices.with_override(_read(said["prices"]), said["prices"])
    addresses = _addresses(said["endpoints"])
    providers = {ModelName.parse(model).provider for model in models} | addresses.keys()
    endpoints = {
        provider: _endpoint(provider, addresses.get(provider), os.environ)
        for provider in sorted(providers)
        if provider in addresses or provider in ("anthropic", "openai")
    }
    terms = Terms(most=said["at_once"], timeout=said["give_up"])
    return LanguageModels(endpoints, prices, said["budget"], terms, batches=polling)


def _addresses(spelled: Sequence[str]) -> dict[str, str]:
    from assay.registry.language_models import PROVIDER

    found = {}
    for one in spelled:
        provider, sign, address = one.partition("=")
        if not sign or not PROVIDER.fullmatch(provider) or not address.startswith(("http://", "https://")):
            raise UsageError(
                f"{one[:100]!r} is not PROVIDER=URL", "such as --endpoint vllm=http://127.0.0.1:8000/v1"
            )
        found[provider] = address
    return found


def _endpoint(provider: str, address: str | None, environment: Mapping[str, str]) -> Any:
    from assay.llm.openai_compatible import NO_KEY
    from assay.llm.wire import ApiKey
    from assay.registry.language_models import Endpoint, key_variable

    text = environment.get(key_variable(provider), "").strip()
    own = address is not None and provider not in ("anthropic", "openai")
    key = ApiKey(text) if text else ApiKey(NO_KEY) if own else None
    return Endpoint("anthropic" if provider == "anthropic" else "openai", address, key)


def _read(file: str) -> bytes:
    path = Path(file)
    try:
        if path.stat().st_size > _LARGEST_PRICES:
            raise BadInput(f"{file} is no price list: it has more than a mebibyte", "name another file")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}", "name a JSON file with prices") from None
