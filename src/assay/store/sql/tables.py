"""What a statement can ask: tables whose columns are read when somebody needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

READ_BYTES: Final = 8 << 30
"""Columns beyond this many bytes are not read for one statement."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as statements see it: `type` of what is loaded; `sql`, what stands for it, `{}` being the loaded one.

    A `hidden` column is reached through a struct alone.
    """

    name: str
    type: pa.DataType
    sql: str = "{}"
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table by name. `load(names)` gives those columns, by their names, at their types; it may be called again.

    `structs`: the name of a struct → its fields → the columns behind them.
    """

    name: str
    columns: Sequence[Column]
    load: Callable[[Sequence[str]], pa.Table]
    structs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """What a statement may write: columns, then structs."""
        return [c.name for c in self.columns if not c.hidden] + list(self.structs)

    def loaded_name(self, position: int) -> str:
        """The name that the loaded column at a position has inside, found again in plans."""
        return f"assay_{self.name}_{position}"

    def view(self) -> str:
        """The statement that makes the table's view over what is loaded."""
        shown = [
            f"{column.sql.format(self.loaded_name(k))} AS {quoted(column.name)}"
            for k, column in enumerate(self.columns)
            if not column.hidden
        ]
        place = {column.name: k for k, column in enumerate(self.columns)}
        for name, fields in self.structs.items():
            packed = ", ".join(
                f"{quoted(key)} := {self.loaded_name(place[column])}" for key, column in fields.items()
            )
            shown.append(f"struct_pack({packed}) AS {quoted(name)}")
        return f"CREATE VIEW {quoted(self.name)} AS SELECT {', '.join(shown)} FROM loaded_{self.name}"  # noqa: S608 - every name is quoted or made here

    def filled(self, positions: frozenset[int]) -> pa.Table:
        """The loaded columns at some positions, nulls at all others, under the inner names."""
        wanted = [self.columns[k].name for k in sorted(positions)]
        # The number of rows is asked of a column; the first is as good as any.
        got = self.load(wanted or [self.columns[0].name])
        sizes = [len(chunk) for chunk in got.column(0).chunks] if got.num_columns else []
        made = []
        for k, column in enumerate(self.columns):
            if k in positions:
                made.append(got.column(column.name))
            else:
                made.append(_nulls(sizes, column.type))
        return pa.table(made, names=[self.loaded_name(k) for k in range(len(self.columns))])

    def empty(self) -> pa.Table:
        """No rows, every column."""
        columns = [pa.array([], column.type) for column in self.columns]
        return pa.table(columns, names=[self.loaded_name(k) for k in range(len(self.columns))])


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _nulls(sizes: Sequence[int], kind: pa.DataType) -> pa.ChunkedArray:
    """Nulls in chunks of some sizes; the chunks share their memory."""
    longest = pa.nulls(max(sizes, default=0), kind)
    return pa.chunked_array([longest.slice(0, size) for size in sizes], kind)
