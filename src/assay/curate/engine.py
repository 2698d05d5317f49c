"""What an engine is: the same function over many chunks, in order, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from typing import Final, Protocol, TypeVar

from assay.errors import UsageError

Given = TypeVar("Given")
Made = TypeVar("Made")

GROUP: Final = "assay.engines"
"""The entry-point group: a name, and a class with `opened`."""


class Engine(Protocol):
    """Owns parallelism and nothing else. Results come in the order of the chunks, whatever the workers do."""

    @classmethod
    def opened(cls, address: str | None, workers: int, threads: bool) -> Engine:
        """The engine that a setting such as `ray:10.0.0.1:6379` names. `workers`: how many a machine of one's own may
        use; `threads`: whether threads serve as well as processes. Raises UsageError for an address it cannot take."""
        ...

    def map(self, function: Callable[[Given], Made], chunks: Iterable[Given]) -> Iterator[Made]:
        """`function` over `chunks`, lazily and in order. `function`, chunks and what is made of them must pickle.

        Raises what `function` raised; UsageError when workers die and the work cannot be done elsewhere.
        """
        ...


def open_engine(setting: str, workers: int, threads: bool) -> Engine:
    """The engine of a setting: its name, and behind a colon where it is (`local`, `ray`, `ray:10.0.0.1:6379`).

    Raises UsageError when nothing of that name is installed.
    """
    name, _, address = setting.partition(":")
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        raise UsageError(f"no engine {name!r}", f"one of: {', '.join(sorted(known)) or 'none is installed'}")
    kind: type[Engine] = known[name].load()
    return kind.opened(address or None, workers, threads)
