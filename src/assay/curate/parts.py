"""Keys in files of their own: a part is the keys of some rows in an order, written once and named by what it holds.

A version's keys are rows of parts, and so are those of a reading that is remembered: nobody copies them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from assay.curate.plan import Plan
from assay.curate.stage import Columns, SetStage
from assay.model.canonical import canonical_json

Column = npt.NDArray[np.generic]


_ROWS = 100_000


class Forgotten(Exception):
    """Something that was remembered a moment ago is gone. Who meets it does without memory; nobody sees it."""


class Values(Protocol):
    """Columns by name. What it gives may be missing at any time."""

    def get(self, name: str) -> dict[str, Column] | None:
        """The columns under a name, or None."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is something under a name."""
        ...

    def write(self, name: str, columns: Iterator[tuple[str, Column]]) -> None:
        """Keep columns under a name."""
        ...


def part_of(ids: npt.NDArray[np.bytes_], keys: Mapping[int, Columns]) -> str:
    """The name, in hex, of the part of these rows (S32, in order): a digest of ids and keys, which may depend on more
    of a record than its id."""
    digest = hashlib.sha256(np.ascontiguousarray(ids).view(np.uint8).data)
    for _, columns in sorted(keys.items()):
        for column in columns.values():
            for start in range(0, len(column), _ROWS):
                piece = np.ascontiguousarray(column[start : start + _ROWS])
                digest.update(piece.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _file(part: str, stage: SetStage | None) -> str:
    """The file of a stage's keys; without a stage, of what every plan knows of a row."""
    told = (
        None
        if stage is None
        else [stage.kind, stage.version, dict(stage.measured), dict(stage.lineage), stage.score]
    )
    return hashlib.sha256(b"assay.part.v1\n" + canonical_json([part, told])).hexdigest()


def keep_part(
    values: Values,
    plan: Plan,
    part: str,
    keys: Mapping[int, Columns],
    more: Columns,
) -> str:
    """Keep the keys of all set stages, and the columns `more`, as a part; its name. `part` must tell all that the keys
    depend on."""
    for stage, columns in ((None, more), *((stage, keys[position]) for position, stage in plan.set_stages)):
        name = _file(part, stage)
        if not values.has(name):
            values.write(name, iter(columns.items()))
    return part


@dataclass
class Kept(Mapping[str, npt.NDArray[Any]]):
    """Columns of rows of parts, fetched when they are asked for. `rows[k]`: int64 rows of `parts[k]`, None for all of
    them in their order. Raises Forgotten."""

    files: Values
    stage: SetStage | None
    parts: Sequence[str]
    rows: Sequence[npt.NDArray[np.int64] | None]
    found: list[dict[str, Column]] | None = None

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        pieces = [
            columns[name] if rows is None else columns[name][rows]
            for columns, rows in zip(self._columns(), self.rows, strict=True)
        ]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns()[0])

    def __len__(self) -> int:
        return len(self._columns()[0])

    def is_there(self) -> bool:
        """Whether the files are."""
        return all(self.files.has(_file(part, self.stage)) for part in self.parts)

    def _columns(self) -> list[dict[str, Column]]:
        if self.found is None:
            found = [self.files.get(_file(part, self.stage)) for part in self.parts]
            whole = [columns for columns in found if columns is not None]
            if len(whole) < len(found):
                raise Forgotten
            self.found = whole
        return self.found
