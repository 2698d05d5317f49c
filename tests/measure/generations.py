"""Generations of outputs, each made from the one before it: what collapse looks like, made on purpose."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

Output = tuple[str, ...]
"""The phrases of an output."""


def people(rows: int, seed: int = 1, chinese: bool = False) -> list[Output]:
    """What people would write: some phrases often and many rarely."""
    chance = random.Random(seed)
    phrases = [_phrase(chance, chinese) for _ in range(3_000)]
    weights = [1 / (rank + 20) for rank in range(len(phrases))]
    return [tuple(chance.choices(phrases, weights, k=chance.randint(4, 9))) for _ in range(rows)]


def _phrase(chance: random.Random, chinese: bool) -> str:
    if chinese:
        return "".join(chr(0x4E00 + int(chance.paretovariate(0.7)) % 3_000) for _ in range(4))
    return " ".join(f"w{int(chance.paretovariate(0.6)) % 6_000}" for _ in range(4))


def generation(before: list[Output], rows: int, seed: int, kept: float = 0.5) -> list[Output]:
    """A model of the outputs before it: it knows the commonest `kept` of their phrases, and how common each is."""
    chance = random.Random(seed)
    counts = Counter(phrase for output in before for phrase in output)
    common = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    common = common[: max(1, round(len(common) * kept))]
    phrases, weights = zip(*common, strict=True)
    sizes = [len(output) for output in before]
    return [tuple(chance.choices(phrases, weights, k=chance.choice(sizes))) for _ in range(rows)]


def records(outputs: list[Output], depth: int, name: str, chinese: bool = False) -> list[dict[str, Any]]:
    """The outputs as records that say how far they are from people."""
    return [
        {
            "input": f"{name} {n}", "output": ("" if chinese else " ").join(output),
            "origin": "synthetic" if depth else "human", "depth": depth,
            **({"generator": f"lab/g{depth}"} if depth else {}),
        }
        for n, output in enumerate(outputs)
    ]  # fmt: skip
