"""What the index costs in SQLite and in PostgreSQL: seconds to build, to index words, to answer; bytes.

    python benchmarks/index.py --database postgresql://… [--rows 50000] [--folder DIR]

Rows are those of `versioning.py`; v2 has 1 % added, 1 % removed. Both are asked the same in one run, and have to
say the same. Prints one JSON document. Seconds depend on the machine; PostgreSQL's on its settings too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from versioning import TIME, table_of, texts

from assay.kernels.ids import concat, id_list, ids_of, order
from assay.store import layout
from assay.store.address import Address
from assay.store.commit import Draft, commit
from assay.store.index.index import Index
from assay.store.index.postgres import PostgresIndex
from assay.store.index.sqlite import SqliteIndex
from assay.store.index.words import Query
from assay.store.local import LocalStorage
from assay.store.log import Log
from assay.store.objects import Objects
from assay.store.segments import write_segments

TIMES = 20


def history(folder: Path, rows: int) -> tuple[Objects, Log, list[bytes], list[str]]:
    """Two versions; some ids, and some words that occur."""
    storage = LocalStorage(folder / "registry")
    layout.create(storage, "benchmark", TIME)
    objects, log = Objects(storage), Log(storage)
    held, more = texts(rows, 1), texts(rows // 100, 2)
    table, new = table_of(held, 1), table_of(more, rows + 1)
    ids, came = ids_of(table["id"]), ids_of(new["id"])
    refs = write_segments(objects, (table.slice(i, 20_000) for i in range(0, rows, 20_000)), folder)
    v1 = commit(objects, log, Draft("d", None, {"train": ids}, refs), actor="b", time=TIME)
    left = concat([ids[rows // 100 :], came])
    draft = Draft("d", v1, {"train": left[order(left)]}, write_segments(objects, [new], folder))
    commit(objects, log, draft, actor="b", time=TIME)
    step = rows // 2_000
    rare = [
        held[row][-40:].split(" ")[-2] if " " in held[row] else held[row][5:9]
        for row in range(0, rows, step * 100)
    ]
    return objects, log, id_list(ids[::step]), rare


def measure(index: Index, objects: Objects, log: Log, ids: list[bytes], rare: list[str]) -> dict[str, Any]:
    seconds: dict[str, float] = {}
    said: dict[str, Any] = {}

    def timed(name: str, act: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        out = act()
        seconds[name] = round(time.perf_counter() - start, 4)
        return out

    def often(name: str, act: Callable[[Any], Any], values: list[Any]) -> None:
        took = []
        for value in values:
            start = time.perf_counter()
            said[f"{name} {value!r}"] = act(value)
            took.append(time.perf_counter() - start)
        seconds[f"{name}, median"] = round(statistics.median(took), 5)

    timed("build", lambda: index.sync(objects, log))
    timed("sync, nothing new", lambda: index.sync(objects, log))
    common = {h.id for h in timed("first search (words of all rows)", lambda: index.search("一", limit=10))}
    said["common"] = len(common)
    often("locate", lambda i: index.locate(i.hex()[:12]), ids[:TIMES])
    often("versions of", index.versions_of, ids[:TIMES])
    often("search a rare word", lambda w: sorted(h.id for h in index.search(w, limit=100_000)), rare)
    often("search, best ten", lambda w: len(index.search(w, limit=10)), ["一", "e", *rare[:4]])
    places = [located for located in map(index.locate, ids[:200]) if located is not None]
    segments = list({place.segment.object: place.segment for place in places}.values())
    often("every row that holds", lambda w: _rows(index.holding(segments, Query((w,)))), rare)
    return {"seconds": seconds, "said": said}


def _rows(found: dict[str, Any]) -> int:
    return sum(len(rows) for rows in found.values())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--database", required=True)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    address, id = Address.parse(options.database), uuid4().hex
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        made = history(Path(folder), options.rows)
        own = SqliteIndex(Path(folder) / "index.sqlite")
        one = measure(own, *made)
        own.close()
        one["bytes"] = (Path(folder) / "index.sqlite").stat().st_size
        shared = PostgresIndex(address, id)
        other = measure(shared, *made)
        shared.close()
        with psycopg.connect(address.url, autocommit=True) as db:
            size = (
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = %s::regnamespace"
            )
            (found,) = db.execute(size, (f"assay_{id}_index",)).fetchone() or (0,)
            other["bytes"] = int(found)
            db.execute(f"DROP SCHEMA assay_{id}_index CASCADE")
    assert one.pop("said") == other.pop("said")
    print(json.dumps({"rows": options.rows, "sqlite": one, "postgres": other}, indent=2))


if __name__ == "__main__":
    main()
