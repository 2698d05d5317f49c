"""Read-only SQL over tables, by DuckDB with every door shut.

No file, no network, no extension, no setting can be reached from a statement; memory, time and the size of the
answer are bounded. A statement is planned on empty tables first, and the plan says which columns to load.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from threading import Timer
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa

from assay.errors import UsageError
from assay.store.sql.statement import check_query, first_line, where_query
from assay.store.sql.tables import Table

if TYPE_CHECKING:
    import duckdb

_BATCH: Final = 20_000
_MISSING: Final = re.compile(
    r'Referenced column "(.+?)" not found|does not have a column named "(.+?)"'
    r'|Could not find key "(.+?)" in struct'
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one statement may take: working memory and answer in bytes, time in seconds."""

    memory_bytes: int = 2 << 30
    answer_bytes: int = 1 << 30
    seconds: float = 60.0
    threads: int = 2


def answer(sql: str, tables: Sequence[Table], limits: Limits) -> pa.Table:
    """What a SELECT statement gives. Raises UsageError, saying what is wrong with it."""
    with _session(limits) as db:
        check_query(db, sql, [table.name for table in tables])
        return _run(db, sql, tables, limits)


def matching(where: str, examples: Table, limits: Limits) -> pa.Table:
    """The column `id` of `examples` where an expression holds. Raises UsageError."""
    with _session(limits) as db:
        return _run(db, where_query(db, where), [examples], limits)


def _run(db: duckdb.DuckDBPyConnection, sql: str, tables: Sequence[Table], limits: Limits) -> pa.Table:
    import duckdb

    clock = Timer(limits.seconds, db.interrupt)
    clock.daemon = True
    try:
        for table in tables:
            db.register(f"loaded_{table.name}", table.empty())
            db.execute(table.view())
        _load(db, sql, tables)
        clock.start()
        return _fetched(db, sql, limits)
    except (duckdb.Error, OSError) as error:
        # Where the answer has begun to stream, Arrow hands DuckDB's error on as its own.
        raise _explained(error, [t for t in tables if t.name in sql.lower()] or tables, limits) from None
    finally:
        clock.cancel()


def _load(db: duckdb.DuckDBPyConnection, sql: str, tables: Sequence[Table]) -> None:
    """Load what the plan of a statement reads; a plan that reads more once there are rows is followed."""
    loaded: dict[str, frozenset[int]] = {}
    while True:
        needed = _needed(db, sql, tables)
        stale = {name for name, at in needed.items() if name not in loaded or not at <= loaded[name]}
        if not stale:
            return
        for table in (t for t in tables if t.name in stale):
            loaded[table.name] = loaded.get(table.name, frozenset()) | needed[table.name]
            db.register(f"loaded_{table.name}", table.filled(loaded[table.name]))


def _needed(db: duckdb.DuckDBPyConnection, sql: str, tables: Sequence[Table]) -> dict[str, frozenset[int]]:
    """Table → positions of the columns that the plan of a statement reads; a table it leaves alone is absent."""
    ((_, plan),) = db.execute(f"EXPLAIN (FORMAT JSON) {sql}").fetchall()
    found: dict[str, set[int]] = {}
    scans = [node for node in _plan(orjson.loads(plan)) if "ARROW_SCAN" in str(node.get("name"))]
    known = {table.name for table in tables}
    for node in scans:
        spelled = orjson.dumps(node.get("extra_info") or {}).decode()
        hits = [(t, int(k)) for t, k in re.findall(r"assay_([a-z]+)_(\d+)", spelled) if t in known]
        for name, position in hits:
            found.setdefault(name, set()).add(position)
        if not hits:  # it counts rows, of whichever table
            for name in known:
                found.setdefault(name, set())
    return {name: frozenset(at) for name, at in found.items()}


def _plan(nodes: Any) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from _plan(node.get("children") or ())


def _fetched(db: duckdb.DuckDBPyConnection, sql: str, limits: Limits) -> pa.Table:
    """The answer, batch by batch, until it is whole or too large."""
    found = db.sql(sql)
    # DuckDB 2 has the newer name and warns of the older.
    newer = getattr(found, "to_arrow_reader", None)
    reader = newer(_BATCH) if newer is not None else found.fetch_record_batch(_BATCH)
    batches, held = [], 0
    for batch in reader:
        held += batch.nbytes
        if held > limits.answer_bytes:
            raise UsageError(
                f"the answer has more than {limits.answer_bytes >> 20:,} MiB",
                "name fewer columns, aggregate, or add LIMIT",
            )
        batches.append(batch)
    return pa.Table.from_batches(batches, reader.schema)


@contextmanager
def _session(limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own, in memory, from which nothing else can be reached."""
    import duckdb

    db = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
            "memory_limit": f"{limits.memory_bytes}B",
            "threads": str(limits.threads),
            "temp_directory": "",
        },
    )
    try:
        db.execute("SET enable_progress_bar = false")
        db.execute("SET lock_configuration = true")
        yield db
    finally:
        db.close()


def _explained(error: duckdb.Error | OSError, tables: Sequence[Table], limits: Limits) -> UsageError:
    """What DuckDB says, in this program's words where it can be said better."""
    import duckdb

    said = str(error)
    if isinstance(error, duckdb.InterruptException) or "INTERRUPT Error" in said:
        return UsageError(
            f"the statement ran for more than {limits.seconds:g} seconds and was stopped",
            "ask for less: fewer rows, fewer joins",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return UsageError(
            f"the statement needs more than {limits.memory_bytes >> 20:,} MiB of memory",
            "ask for less: fewer columns, fewer groups, or a LIMIT",
        )
    columns = "; ".join(f"{table.name}: {', '.join(table.names)}" for table in tables)
    lost = _MISSING.search(said)
    if lost:
        name = next(group for group in lost.groups() if group)
        return UsageError(f"there is no column {name!r}", f"{_near(name, tables)}{columns}")
    return UsageError(f"the statement cannot be answered: {first_line(said)}", columns)


def _near(name: str, tables: Sequence[Table]) -> str:
    """Names alike, as a question."""
    known: Mapping[str, None] = dict.fromkeys(
        other for table in tables for other in (*table.names, *(k for s in table.structs.values() for k in s))
    )
    close = get_close_matches(name.lower(), list(known), 3, 0.6)
    return f"did you mean {' or '.join(close)}? " if close else ""
