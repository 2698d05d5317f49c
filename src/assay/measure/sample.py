"""A sample that anybody draws alike: the rows with the smallest ids.

An id is a SHA-256 of the content, so the smallest ids are a fair draw, and the same rows whatever the order.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class SmallestIds(Generic[T]):
    """Keeps what belongs to the `size` smallest ids it was shown."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._held: list[tuple[bytes, T]] = []
        self._bound: bytes | None = None

    def wants(self, id: bytes) -> bool:
        """Whether the row would be kept as things stand: saves making what is not."""
        return self._bound is None or id < self._bound

    def put(self, id: bytes, value: T) -> None:
        if self.wants(id):
            self._held.append((id, value))
            if len(self._held) >= 2 * self.size + 64:
                self._trim()

    def _trim(self) -> None:
        self._held.sort(key=lambda pair: pair[0])
        del self._held[self.size :]
        if len(self._held) == self.size and self.size:
            self._bound = self._held[-1][0]

    def drawn(self) -> list[tuple[bytes, T]]:
        """(id, value) by id."""
        self._trim()
        return list(self._held)
