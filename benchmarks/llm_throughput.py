"""How near calls to a language model come to the server's rate limit, through the real SDKs.

    python benchmarks/llm_throughput.py [--rates 20 50 100] [--burst 20] [--seconds 30]

Asks `assay.testing.llm_server` on loopback through everything that a run puts around an adapter (`calling`), once with
5 % faults of every kind and once without. Its 429 asks for whole seconds; OpenAI's protocol tells milliseconds too.
Client and server share one process. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from assay.llm.anthropic import AnthropicClient
from assay.llm.budget import Budget
from assay.llm.cache import FileAnswers
from assay.llm.calling import Terms, World, calling
from assay.llm.client import Message, Reply, Request, Response
from assay.llm.openai_compatible import OpenAICompatibleClient
from assay.llm.prices import Prices
from assay.testing.llm_answers import Seeded
from assay.testing.llm_faults import SeededFaults, no_faults
from assay.testing.llm_limit import RateLimit
from assay.testing.llm_server import LlmServer
from assay.testing.llm_service import Timing

LATENCY = 0.2  # seconds that an answer takes
TIMEOUT = 3.0  # after so many a call is given up; a call that hangs takes all of them
SCHEMA = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "quality": {"type": "integer", "enum": [1, 2, 3, 4, 5]}},
    "required": ["reasoning", "quality"],
    "additionalProperties": False,
}


class Row(NamedTuple):
    protocol: str
    rate: float
    calls: int
    answered: int
    seconds: float
    share: float  # of what the limit allows in these seconds, the burst included
    middle: float  # the same between the first and the last quarter of the requests
    last: float  # seconds from the time when 99 % of the requests were let through to the end
    refused: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", type=float, nargs="+", default=[20, 50, 100], help="calls a second")
    parser.add_argument("--burst", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30, help="what a run would take at the limit")
    parser.add_argument("--most", type=int, default=Terms().most, help="calls under way at once")
    chosen = parser.parse_args()
    for faults in (0.05, 0.0):
        print(f"\nFaults: {faults:.0%}. Burst: {chosen.burst}. At most {chosen.most} calls under way.\n")
        print("| protocol | limit, calls/s | calls | answered | seconds | share of the limit |"
              " middle half | last 1 %, s | refused |")  # fmt: skip
        print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
        for rate in chosen.rates:
            for protocol in ("anthropic", "openai"):
                calls = round(rate * chosen.seconds) + chosen.burst
                row = run(protocol, RateLimit(rate, chosen.burst), calls, faults, chosen.most)
                print(
                    f"| {row.protocol} | {row.rate:g} | {row.calls:,} | {row.answered:,} | {row.seconds:.1f} |"
                    f" {row.share:.1%} | {row.middle:.1%} | {row.last:.1f} | {row.refused:,} |",
                    flush=True,
                )


def run(protocol: str, limit: RateLimit, calls: int, faults: float, most: int) -> Row:
    """One run from the first request to the last answer, as the server's record tells it; without the SDK's import."""
    plan = SeededFaults.of_every_kind(faults, seed=7) if faults else no_faults
    timing = Timing(latency=LATENCY)
    with (
        tempfile.TemporaryDirectory() as folder,
        LlmServer(Seeded(7), plan, rate=limit, timing=timing) as server,
    ):
        replies = asyncio.run(ask(protocol, server, calls, most, Path(folder)))
    asked = server.exchanges
    ended = max(exchange.ended for exchange in asked)
    seconds = ended - min(exchange.arrived for exchange in asked)
    passed = sorted(exchange.arrived for exchange in asked if not exchange.limited)
    first, last = len(passed) // 4, len(passed) * 3 // 4
    return Row(
        protocol,
        limit.per_second,
        calls,
        sum(isinstance(reply, Response) for reply in replies),
        seconds,
        len(passed) / (limit.burst + limit.per_second * seconds),
        (last - first) / (limit.per_second * (passed[last] - passed[first])),
        ended - passed[len(passed) * 99 // 100],
        sum(exchange.limited for exchange in asked),
    )


async def ask(protocol: str, server: LlmServer, calls: int, most: int, folder: Path) -> Sequence[Reply]:
    """All calls at once; the pace is left to the part that is measured."""
    made = (
        AnthropicClient("any", _now, address=server.url)
        if protocol == "anthropic"
        else OpenAICompatibleClient("any", _now, address=server.openai_url)
    )
    async with made as adapter:
        client = calling(
            adapter,
            FileAnswers(folder),
            adapter.address,
            Budget(None),
            Prices("2026-11-21", {}),
            Terms(most=most, timeout=TIMEOUT),
            World(time.monotonic, asyncio.sleep, Random(7)),
        )
        turns = (f"评分 {n}: how do I get a refund?" for n in range(calls))
        asked = [Request("made-up", (Message("user", turn),), {"max_tokens": 300}, SCHEMA) for turn in turns]
        return await asyncio.gather(*(client.complete(one) for one in asked))


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


if __name__ == "__main__":
    main()
