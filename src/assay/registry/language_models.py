"""Which language models a run may call, and the calls of one run: one budget, over answers that the registry keeps."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from assay.errors import Damaged, UsageError
from assay.kernels.steering import Fence
from assay.llm.batching import Polling
from assay.llm.budget import Budget, Estimate, estimate
from assay.llm.cache import Answers, FileAnswers, MemoryAnswers, Remembering, request_key
from assay.llm.calling import Terms, World, calling
from assay.llm.client import Request
from assay.llm.prices import Prices, list_prices
from assay.llm.wire import ApiKey
from assay.model.canonical import canonical_json
from assay.registry.judgement.answers import SALT, SALT_BYTES, folder_of
from assay.registry.timing import spell_time

if TYPE_CHECKING:
    from assay.llm.anthropic import AnthropicClient
    from assay.llm.batches import BatchClient, BatchState
    from assay.llm.batching import Filled
    from assay.llm.openai_compatible import OpenAICompatibleClient
    from assay.registry import Registry

T = TypeVar("T")

Protocol = Literal["anthropic", "openai"]
PROVIDER: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider answers, in which protocol, and with which key. `address` None: the provider's own."""

    protocol: Protocol
    address: str | None = None
    key: ApiKey | None = None


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model as people name it, `PROVIDER/MODEL`: anthropic/claude-sonnet-4-5, vllm/Qwen/Qwen3-8B."""

    provider: str
    model: str

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """Raises UsageError for what is no PROVIDER/MODEL."""
        provider, slash, model = text.partition("/")
        if not slash or not PROVIDER.fullmatch(provider) or not model.strip() or not model.isprintable():
            raise UsageError(
                f"{text[:80]!r} names no model",
                "write PROVIDER/MODEL, such as anthropic/claude-sonnet-4-5 or vllm/Qwen3-8B",
            )
        return cls(provider, model)

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


def _real_world() -> World:
    import time

    return World(time.monotonic, asyncio.sleep, Random())  # noqa: S311 - spreads retries, keeps no secret


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """What a run may call, given by whoever starts it: `endpoints` by provider, what tokens cost, a limit in US dollars
    (None: there is none), and how calls are made. With `batches` answers are fetched by the providers' batches first,
    and waited for as it says. It is a setting: it never changes what a recipe means."""

    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    prices: Prices = field(default_factory=list_prices)
    budget: Decimal | None = None
    terms: Terms = field(default_factory=Terms)
    world: World = field(default_factory=_real_world)
    batches: Polling | None = None

    def endpoint(self, name: ModelName) -> Endpoint:
        """Where a model is called. Raises UsageError for a provider that nobody gave an address or a key for."""
        found = self.endpoints.get(name.provider)
        if found is None:
            known = ", ".join(sorted(self.endpoints)) or "none"
            raise UsageError(
                f"nothing is known of the provider {name.provider!r} (known: {known})",
                f"say where it answers: --endpoint {name.provider}=http://HOST:PORT/v1",
            )
        if found.key is None:
            raise UsageError(
                f"there is no API key for {name.provider}",
                f"put it into the environment as {key_variable(name.provider)}",
            )
        return found


def key_variable(provider: str) -> str:
    """The environment variable that holds a provider's key."""
    return f"{provider.upper().replace('-', '_')}_API_KEY"


class Calls:
    """The calls of one run. `budget` counts what they cost; answers lie in the registry's `cache/answers`."""

    def __init__(self, registry: Registry, models: LanguageModels) -> None:
        self.models = models
        self.budget = Budget(models.budget)
        self._registry = registry
        folder = folder_of(registry)
        self.answers: Answers = MemoryAnswers() if folder is None else FileAnswers(folder)
        self._salt = registry.entropy(SALT_BYTES) if folder is None else _salt(folder, registry.entropy)

    @asynccontextmanager
    async def client(self, name: ModelName) -> AsyncIterator[Remembering]:
        """A client for one model: remembered answers, retries, pace, budget and time-outs around its adapter.

        Its requests name the model without the provider. Raises UsageError, MissingExtra.
        """
        endpoint = self.models.endpoint(name)
        async with self._adapter(endpoint) as adapter:
            models = self.models
            yield calling(
                adapter, self.answers, adapter.address, self.budget, models.prices, models.terms, models.world
            )

    async def fill(
        self, name: ModelName, requests: Iterable[Request], tell: Callable[[str, BatchState], None]
    ) -> Filled:
        """Fetch answers of one model by batches, so that calls find them.

        Raises UsageError, MissingExtra; NotFound for a model without price where there is a budget.
        """
        from assay.llm.batching import Batching
        from assay.llm.filling import fill
        from assay.llm.pending import PendingBatches
        from assay.store.local import LocalStorage
        from assay.store.memory import MemoryStorage

        models, endpoint, root = self.models, self.models.endpoint(name), self._registry.root
        storage = MemoryStorage() if root is None else LocalStorage(root / "cache" / "batches")
        async with self._adapter(endpoint) as adapter:
            return await fill(
                requests,
                Batching(
                    _batcher(adapter),
                    self.answers,
                    adapter.address,
                    PendingBatches(storage),
                    self.budget,
                    models.prices,
                    models.world,
                    models.batches or Polling(),
                    tell,
                ),
            )

    def estimate(self, name: ModelName, requests: Iterable[Request], output: int) -> Estimate:
        """What requests to one model will take; what is remembered costs nothing. Asks nobody and needs no key."""
        endpoint = self.models.endpoints.get(name.provider)
        scope = "" if endpoint is None else address_of(endpoint)
        return estimate(
            requests,
            self.models.prices,
            output,
            lambda request: self.answers.get(request_key(request, scope)) is not None,
            batch=self.models.batches is not None,
        )

    def fence(self, *of: Any) -> Fence:
        """Delimiters for one request, the same whenever that request is made again.

        They are an HMAC under a salt of 32 random bytes, kept beside the answers: who writes an example cannot know
        them, and a run that starts again asks the same and finds its answers. `of`: JSON values that name the request.
        """
        return Fence(hmac.new(self._salt, canonical_json(list(of)), hashlib.sha256).hexdigest()[:32])

    def _adapter(self, endpoint: Endpoint) -> AnthropicClient | OpenAICompatibleClient:
        assert endpoint.key is not None
        key, address, timeout = endpoint.key.reveal(), address_of(endpoint), self.models.terms.timeout
        if endpoint.protocol == "anthropic":
            from assay.llm.anthropic import AnthropicClient

            return AnthropicClient(key, self._now, address=address, timeout=timeout)
        from assay.llm.openai_compatible import OpenAICompatibleClient

        return OpenAICompatibleClient(key, self._now, address=address, timeout=timeout)

    def _now(self) -> str:
        return spell_time(self._registry.clock())


def _batcher(adapter: AnthropicClient | OpenAICompatibleClient) -> BatchClient:
    from assay.llm.openai_batches import OpenAIBatches
    from assay.llm.openai_compatible import OpenAICompatibleClient

    if isinstance(adapter, OpenAICompatibleClient):
        return OpenAIBatches(adapter)
    from assay.llm.anthropic_batches import AnthropicBatches

    return AnthropicBatches(adapter)


def address_of(endpoint: Endpoint) -> str:
    """Where an endpoint answers, as its answers are remembered under."""
    if endpoint.address is not None:
        return endpoint.address.rstrip("/")
    from assay.llm import anthropic, openai_compatible

    return anthropic.ADDRESS if endpoint.protocol == "anthropic" else openai_compatible.ADDRESS


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run asynchronous work to its end, from wherever it is called: a notebook has a loop of its own already."""

    async def whole() -> T:
        return await work()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(whole())
    with ThreadPoolExecutor(1, "assay-calls") as thread:
        return thread.submit(asyncio.run, whole()).result()


def _salt(folder: Path, entropy: Callable[[int], bytes]) -> bytes:
    """The salt of the fences, made when it is first asked for; whoever is first makes it."""
    path = folder / SALT
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        part = path.with_suffix(f".{entropy(8).hex()}.part")
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(entropy(SALT_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)
        part.unlink()
    held = path.read_bytes()
    if len(held) != SALT_BYTES:
        hint = "delete it: a new one is made, and answers are paid for anew"
        raise Damaged(f"{path} is not a salt of {SALT_BYTES} bytes", hint)
    return held
