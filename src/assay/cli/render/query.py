"""The answer of a query: a table for people, JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING, Any, Final

import orjson
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from assay.cli.render.text import clip, plural
from assay.registry.querying.as_json import plain, rows_of

if TYPE_CHECKING:
    import pyarrow as pa

_WIDEST: Final = 400
_LEAST: Final = 8
_GAP: Final = 2
_ID: Final = 12
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_UNSEEN: Final = " \n\x00\u00a0\u00ad\u200b\u200e\u200f\u2060\u3000\ufeff"
_ROWS: Final = 5_000


def print_csv(found: pa.Table) -> None:
    """Every row as CSV in UTF-8 on standard output, the header first."""
    sys.stdout.flush()
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "surrogatepass", newline="", write_through=True)
    try:
        usual, quoted = (
            csv.writer(out, lineterminator="\n", quoting=how) for how in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )

        def write(cells: list[str]) -> None:
            # A bare return ends a row for most readers, and Python's writer leaves it unquoted.
            (quoted if any("\r" in one for one in cells) else usual).writerow(cells)

        write([guarded(name) for name in found.schema.names])
        for row in rows_of(found):
            write([cell(value) for value in row])
    finally:
        out.flush()
        out.detach()


def cell(value: Any) -> str:
    """A value as a CSV cell: nothing for null, JSON for what has parts, text so that no spreadsheet runs it."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return orjson.dumps(value).decode()
    return guarded(value if isinstance(value, str) else orjson.dumps(value).decode())


def guarded(text: str) -> str:
    """The text, behind a quote when a spreadsheet would take it for a formula (OWASP, CSV injection), also one that
    begins with what nobody sees."""
    return "'" + text if text.startswith(_FORMULA) or text.lstrip(_UNSEEN).startswith(_FORMULA) else text


def rows(found: pa.Table, limit: int) -> RenderableType:
    """The first rows as a table that fits; of one row, a line a column."""
    if not found.num_columns:
        return Text("no columns", "dim")
    if len(found) == 1 and found.num_columns > 3:
        return _Record(found)
    parts: list[RenderableType] = [_Grid(found, limit)]
    if not len(found):
        parts = [Text("no rows", "dim")]
    elif len(found) > limit:
        parts.append(
            Text(
                f"… {plural(len(found) - limit, 'row')} more; -n draws them, --csv and --json give all", "dim"
            )
        )
    return Group(*parts)


class _Grid:
    """A table whose columns share the width: narrow ones have what they need, wide ones what is left."""

    def __init__(self, found: pa.Table, limit: int) -> None:
        self._names = found.schema.names
        self._right = [_is_number(field.type) for field in found.schema]
        self._rows = [[_drawn(value) for value in row] for row in rows_of(found.slice(0, limit))]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown, widths = self._widths(options.max_width)
        table = Table(box=None, header_style="dim", padding=(0, _GAP, 0, 0), pad_edge=False)
        for k in shown:
            right = self._right[k]
            table.add_column(
                Text(clip(self._names[k], widths[k])), justify="right" if right else "left", no_wrap=True
            )
        for row in self._rows:
            table.add_row(*(Text(clip(row[k], widths[k]), "" if row[k] else "dim") for k in shown))
        yield table
        if len(shown) < len(self._names):
            hidden = len(self._names) - len(shown)
            yield Text(
                f"… {plural(hidden, 'column')} more did not fit: {clip(self._left_out(shown), 60)}", "dim"
            )

    def _left_out(self, shown: list[int]) -> str:
        return ", ".join(name for k, name in enumerate(self._names) if k not in shown)

    def _widths(self, room: int) -> tuple[list[int], dict[int, int]]:
        """Which columns are drawn, and how wide."""
        need = [
            min(
                _WIDEST,
                max(cell_len(self._names[k]), *(cell_len(clip(row[k], _WIDEST)) for row in self._rows)),
            )
            for k in range(len(self._names))
        ]
        shown = list(range(len(need)))
        while len(shown) > 1 and sum(min(need[k], _LEAST) + _GAP for k in shown) - _GAP > room:
            shown.pop()
        left, widths = room - _GAP * (len(shown) - 1), dict[int, int]()
        for place, k in enumerate(sorted(shown, key=lambda k: need[k])):
            widths[k] = min(need[k], max(1, left // (len(shown) - place)))
            left -= widths[k]
        return shown, widths


class _Record:
    """One row, a line a column."""

    def __init__(self, found: pa.Table) -> None:
        (values,) = rows_of(found)
        self._cells = list(zip(found.schema.names, map(_drawn, values), strict=True))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table.grid(padding=(0, _GAP))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in self._cells:
            table.add_row(Text(clip(name, options.max_width // 3)), Text(clip(value, _WIDEST)))
        yield table


def _drawn(value: Any) -> str:
    """A value as a table shows it: ids short, big numbers with separators, parts as JSON."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    return value[:_ID] if len(value) == 64 and not set(value) - set("0123456789abcdef") else value


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))
