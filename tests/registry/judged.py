"""What tests of judging share: a provider on loopback, settings that call it, and a registry to judge."""

from __future__ import annotations

import json
from decimal import Decimal

from assay.llm.calling import Terms
from assay.llm.prices import Price, Prices
from assay.llm.retry import Patience
from assay.llm.wire import ApiKey
from assay.registry.judgement.judges import Bench
from assay.registry.language_models import Endpoint, LanguageModels
from assay.testing.llm_call import Answer

from .conftest import ticket

KEY = "sk-test-0123456789"
MODEL, OTHER = "anthropic/m", "local/m"
PRICES = Prices("2026-11-21", {"m": Price(input=Decimal(1), output=Decimal(5))})
DIMENSIONS = ("accuracy", "instruction_following", "helpfulness", "completeness", "clarity")


def models(server, budget=None, key=KEY, patience=None, timeout=5.0, most=16):
    """Both of the server's protocols, as two providers of one model."""
    return LanguageModels(
        {
            "anthropic": Endpoint("anthropic", server.url, ApiKey(key)),
            "local": Endpoint("openai", server.openai_url, ApiKey(key)),
        },
        PRICES,
        None if budget is None else Decimal(str(budget)),
        Terms(most, timeout, patience or Patience(first=0.01, longest=0.02)),
    )


def verdict(score=4, **more):
    """An answer under the rubric `quality`."""
    said = {"reasoning": f"It deserves {score}.", **dict.fromkeys(DIMENSIONS, score), "overall": score}
    return Answer(json.dumps(said | {"difficulty": 2, "exclude": False, "exclude_reason": "none"} | more))


def by_number(call):
    """A score from 1 to 5 by the number of the ticket that the prompt shows."""
    digits = call.prompt.split("number ", 1)[1].split(" ", 1)[0]
    return verdict(1 + int(digits) % 5)


def tickets(count, start=0):
    return [ticket(n) for n in range(start, start + count)]


def recipe(tmp_path, **params):
    """The path of a recipe with a judge."""
    path = tmp_path / f"recipe-{len(list(tmp_path.glob('recipe-*')))}.yaml"
    stages = [{"exact_dedup": {}}, {"judge": {"models": [MODEL], **params}}]
    path.write_text(json.dumps({"stages": stages}), encoding="utf-8")
    return str(path)


BENCH = Bench((MODEL,))
