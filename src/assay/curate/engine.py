"""What an engine is: the same function over many chunks, in order, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


class Engine(Protocol):
    """Owns parallelism and nothing else. Results come in the order of the chunks, whatever the workers do."""

    def map(self, function: Callable[[Given], Made], chunks: Iterable[Given]) -> Iterator[Made]:
        """`function` over `chunks`, lazily and in order. `function` and chunks must pickle."""
        ...
