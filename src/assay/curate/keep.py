"""Where compact columns are kept: in memory up to a bound, then in files that the system may page out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass
class Keep:
    """Arrays within `limit` bytes of memory, None for no bound; what goes beyond lies in `folder`."""

    limit: int | None = None
    folder: Path | None = None
    held: int = field(default=0, init=False)
    spilled: int = field(default=0, init=False)

    def array(self, shape: tuple[int, ...], kind: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array to be filled."""
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
        if self.limit is None or self.folder is None or self.held + size <= self.limit or not size:
            self.held += size
            return np.empty(shape, kind)
        self.spilled += 1
        return np.memmap(self.folder / f"keys-{self.spilled}", np.dtype(kind), "w+", shape=shape)
