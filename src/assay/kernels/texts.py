"""Many texts as one run of UTF-8 bytes: the form in which the compiled kernel reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]


class AnyTexts(Protocol):
    """n texts, not all of them at hand."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int) -> str:
        """One of them."""
        ...

    def fetched(self, rows: npt.NDArray[Any]) -> Texts:
        """All texts, those of `rows` at hand; others may be empty."""
        ...


@dataclass(frozen=True, slots=True)
class Texts:
    """n texts: text k is data[start[k]:end[k]], in UTF-8. `data` is any buffer of bytes; `start`, `end`: int64[n]."""

    data: Any
    start: Offsets
    end: Offsets

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, row: int) -> str:
        return str(memoryview(self.data)[self.start[row] : self.end[row]], "utf-8", "surrogatepass")

    def __reduce__(self) -> tuple[Any, ...]:
        """A view (of Arrow's memory, of a mapped file) cannot go to another process: its bytes go."""
        data = self.data if isinstance(self.data, bytes) else bytes(self.data)
        return Texts, (data, self.start, self.end)

    def __iter__(self) -> Iterator[str]:
        view = memoryview(self.data)
        for start, end in zip(self.start.tolist(), self.end.tolist(), strict=True):
            yield str(view[start:end], "utf-8", "surrogatepass")

    @property
    def sizes(self) -> Offsets:
        """int64[n], in bytes."""
        return self.end - self.start

    def fetched(self, rows: npt.NDArray[Any]) -> Texts:
        """All texts, those of `rows` at hand. Here they are; texts that lie elsewhere are brought first."""
        return self

    def take(self, rows: npt.NDArray[Any]) -> Texts:
        """Some of the texts, in the order asked for; nothing is copied but offsets."""
        return Texts(self.data, self.start[rows], self.end[rows])

    def heads(self, points: int) -> Texts:
        """The same texts, cut short where they are long; each keeps its first `points` characters and maybe more."""
        end = np.minimum(self.end, self.start + 4 * points)
        if (end == self.end).all():
            return self
        data = np.frombuffer(self.data, np.uint8)
        for _ in range(3):  # a character has at most four bytes: three of them continue it
            cut = np.flatnonzero(end < self.end)
            end[cut] -= (data[end[cut]] & 0xC0) == 0x80
        return Texts(self.data, self.start, end)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """The texts one behind the other."""
        parts = [text.encode("utf-8", "surrogatepass") for text in texts]
        ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)), dtype=np.int64)
        return cls(b"".join(parts), ends - np.fromiter(map(len, parts), np.int64, len(parts)), ends)


def joined(parts: Sequence[Texts]) -> Texts:
    """All texts, one part behind the other."""
    shift = np.cumsum([0, *(len(part.data) for part in parts)])
    return Texts(
        b"".join(part.data for part in parts),
        np.concatenate([np.empty(0, np.int64), *(p.start + at for p, at in zip(parts, shift, strict=False))]),
        np.concatenate([np.empty(0, np.int64), *(p.end + at for p, at in zip(parts, shift, strict=False))]),
    )
