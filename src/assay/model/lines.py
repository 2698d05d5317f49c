"""Records as they lie in a block of bytes, one a line, before anybody cut them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from assay.model.record import Malformed, RawRecord


@dataclass(frozen=True, slots=True)
class Lines:
    """n records: record k is data[start[k]:end[k]], the `number[k]`-th line (from 1) of its source, which begins
    at byte `offset` + start[k] of it. `malformed`: lines of the same stretch that are none."""

    data: bytes
    offset: int
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    malformed: Sequence[Malformed] = field(default=())

    def __len__(self) -> int:
        return len(self.start)

    def record(self, row: int) -> RawRecord:
        """One of the records, by its place here."""
        start, end = int(self.start[row]), int(self.end[row])
        return RawRecord(int(self.number[row]), self.offset + start, self.data[start:end])

    def pieces(self, rows: int) -> Iterator[Lines]:
        """The same in pieces of at most so many records; what is malformed comes with the first."""
        for at in range(0, max(len(self), 1), rows):
            cut = slice(at, at + rows)
            yield Lines(
                self.data, self.offset, self.start[cut], self.end[cut], self.number[cut],
                self.malformed if at == 0 else (),
            )  # fmt: skip
