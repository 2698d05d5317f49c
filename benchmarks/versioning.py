"""What a second version costs: bytes and seconds of v2 = v1 +1 % −1 % edit 1 %, next to v1's.

    python benchmarks/versioning.py [--rows 200000] [--folder DIR]

Rows are synthetic: about 700 bytes of words, two in three English, one in three Chinese, from a fixed seed.
Prints one JSON document. Wall seconds depend on the machine; bytes and counts do not.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from assay.kernels.ids import as_ids, concat, ids_of, order
from assay.model.canonical import canonical_json
from assay.model.diff import Change
from assay.model.example import example_id
from assay.store import layout
from assay.store.commit import Draft, commit
from assay.store.diff import _by_content, diff
from assay.store.index.sqlite import SqliteIndex
from assay.store.local import LocalStorage
from assay.store.log import Log
from assay.store.members import all_ids, locate, tables_in_source_order
from assay.store.objects import Objects
from assay.store.segments import SCHEMA, read_rows, write_segments
from assay.store.verify import verify

TIME = "2026-11-01T00:00:00Z"
SECONDS: dict[str, float] = {}


@contextmanager
def timed(name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    SECONDS[name] = round(time.perf_counter() - start, 4)


def texts(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    english = ["".join(rng.choices("etaoinshrdlucmfwyp", k=rng.randint(2, 9))) for _ in range(40_000)]
    chinese = [
        "".join(chr(rng.randint(0x4E00, 0x9FA5)) for _ in range(rng.randint(1, 3))) for _ in range(20_000)
    ]
    weights = np.cumsum(1 / np.arange(1, 40_001))
    draws = np.searchsorted(weights, np.random.default_rng(seed).random((count, 110)) * weights[-1])
    out = []
    for row, words in enumerate(draws.tolist()):
        if row % 3 == 2:
            out.append("".join(chinese[w % 20_000] for w in words) + str(row))
        else:
            out.append(" ".join(english[w] for w in words) + f" {row}")
    return out


def table_of(rows: list[str], first: int) -> pa.Table:
    """Sorted by id; record numbers begin at `first`."""
    made = []
    for n, text in enumerate(rows, first):
        payload = canonical_json({"messages": [{"role": "user", "content": text[:200]},
                                               {"role": "assistant", "content": text[200:]}]})  # fmt: skip
        made.append((example_id(payload), payload.decode(), n))
    made.sort()
    given = {
        "id": [i for i, _, _ in made],
        "kind": ["messages"] * len(made),
        "payload": [p for _, p, _ in made],
        "source": ["tickets.jsonl"] * len(made),
        "record": [n for _, _, n in made],
        "origin": ["human"] * len(made),
    }
    none = [None] * len(made)
    return pa.table({f.name: pa.array(given.get(f.name, none), f.type) for f in SCHEMA}, schema=SCHEMA)


def size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        print(json.dumps(measure(Path(folder), options.rows), indent=2))


def measure(folder: Path, rows: int) -> dict[str, object]:
    one_percent = rows // 100
    table = table_of(texts(rows, 1), 1)
    new = table_of(texts(2 * one_percent, 2), rows + 1)
    root = folder / "registry"
    storage = LocalStorage(root)
    layout.create(storage, "benchmark", TIME)
    objects, log = Objects(storage), Log(storage)
    ids = ids_of(table["id"])

    with timed("v1 write segments"):
        refs = write_segments(objects, (table.slice(i, 20_000) for i in range(0, rows, 20_000)), folder)
    with timed("v1 commit"):
        test = rows // 10
        splits = {"train": ids[test:], "test": ids[:test]}
        v1 = commit(objects, log, Draft("d", None, splits, refs), actor="b", time=TIME)
    bytes_v1 = size(root)

    chosen = np.random.default_rng(5).permutation(rows)[: 2 * one_percent]
    keep = np.ones(rows, dtype=bool)
    keep[chosen] = False
    edited = [bytes(i) for i in ids[np.sort(chosen[:one_percent])]]
    came = [bytes(i) for i in ids_of(new["id"])]
    with timed("v2 write segments"):
        more = write_segments(objects, [new], folder)
    with timed("v2 commit"):
        train = concat([ids[test:][keep[test:]], as_ids(came)])
        splits = {"train": train[order(train)], "test": ids[:test][keep[:test]]}
        edits = dict(zip(edited, came[:one_percent], strict=True))
        v2 = commit(objects, log, Draft("d", v1, splits, more, edits=edits), actor="b", time=TIME)
    bytes_v2 = size(root) - bytes_v1

    fresh = Objects(LocalStorage(root))
    with timed("diff along the line, cold"):
        found = diff(fresh, v1, v2)
    with timed("diff by content, cold"):
        other = _by_content(Objects(LocalStorage(root)), v1, v2)
    assert found.states() == other.states()
    assert found.counts == {"added": one_percent, "removed": one_percent, "edited": one_percent, "moved": 0}
    assert isinstance(found.added[0], Change)

    fresh = Objects(LocalStorage(root))
    with timed("locate and show one example, cold"):
        place = locate(fresh, v2, edited[0]) or locate(fresh, v2, came[0])
        assert place is not None
        read_rows(fresh, place[1], [place[2]])
    with timed("ids of a version, cold"):
        all_ids(Objects(LocalStorage(root)), v2)
    with timed("all rows in source order"):
        assert sum(t.num_rows for t in tables_in_source_order(objects, v2, "train")) == v2.counts["train"]
    index = SqliteIndex(folder / "index.sqlite")
    with timed("index v1 and v2"):
        index.sync(objects, log)
    with timed("index locate"):
        index.locate(came[0].hex()[:12])
    with timed("index versions of"):
        index.versions_of(came[0])
    with timed("index first search"):
        index.search("一", limit=10)
    with timed("index search again"):
        index.search("一", limit=10)
    index.close()
    with timed("verify fast"):
        assert verify(storage, fast=True).ok
    with timed("verify"):
        report = verify(storage)
        assert report.findings == []
    changed = sum(r.bytes for r in more)
    return {
        "rows": rows,
        "bytes v1": bytes_v1,
        "bytes v2 adds": bytes_v2,
        "of them new segments": changed,
        "v2 adds / v1": round(bytes_v2 / bytes_v1, 4),
        "v2 adds / new segments": round(bytes_v2 / changed, 3),
        "segments": [len(refs), len(more)],
        "verify MB/s": round(report.bytes / 1e6 / SECONDS["verify"]),
        "seconds": SECONDS,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    main()
