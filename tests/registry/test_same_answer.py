"""The same records give the same version: whatever their order, files, batch sizes and workers."""

from __future__ import annotations

import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import assay

from .conftest import ticket


def corpus(n=400):
    chance = random.Random(5)
    rows = [ticket(k) for k in range(n)]
    for _ in range(n // 3):
        row = dict(chance.choice(rows))
        change = chance.randrange(4)
        if change == 0:
            row["output"] = row["output"].upper()
        elif change == 1 and row["output"]:
            words = row["output"].split()
            words[chance.randrange(len(words))] = "really"
            row["output"] = " ".join(words)
        elif change == 2:
            row["output"] = ""
        rows.append(row)
    return rows


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_shuffled_sharded_parquet_batches_and_workers(tmp_path):
    rows = corpus()
    registry = assay.init(tmp_path / "registry")
    expected = registry.curate("a", [lines(tmp_path / "a.jsonl", rows)]).fingerprint
    shuffled = rows[:]
    random.Random(1).shuffle(shuffled)
    found = {
        "shuffled": registry.curate("b", [lines(tmp_path / "b.jsonl", shuffled)], batch_rows=17).fingerprint
    }
    shards = []
    for k in range(7):
        path = tmp_path / f"shard{k}.jsonl.gz"
        with gzip.open(path, "wt", encoding="utf-8") as out:
            out.writelines(json.dumps(row) + "\n" for row in shuffled[k::7])
        shards.append(str(path))
    found["seven gzip files"] = registry.curate("c", shards, batch_rows=1).fingerprint
    pq.write_table(pa.Table.from_pylist(shuffled), tmp_path / "d.parquet")
    found["parquet"] = registry.curate("d", [str(tmp_path / "d.parquet")]).fingerprint
    found["two workers"] = registry.curate("e", shards, workers=2, batch_rows=50).fingerprint
    assert found == dict.fromkeys(found, expected)


def test_swapped_splits_have_another_fingerprint(tmp_path):
    one, two = (
        lines(tmp_path / "one.jsonl", [ticket(n) for n in range(9)]),
        lines(tmp_path / "two.jsonl", [ticket(n) for n in range(9, 18)]),
    )
    registry = assay.init(tmp_path / "registry")
    a = registry.curate("a", [one], eval_sources=[two])
    b = registry.curate("b", [two], eval_sources=[one])
    assert a.splits == b.splits == {"train": 9, "test": 9}
    assert a.fingerprint != b.fingerprint


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(["", " ", "x", "X", "…"])), min_size=1, max_size=40
    ),
    st.randoms(use_true_random=False),
    st.integers(1, 7),
)
def test_any_records_in_any_order(tmp_path_factory, picks, chance, batch):
    folder = tmp_path_factory.mktemp("order")
    rows = [{**ticket(n), "output": ticket(n)["output"] + tail} for n, tail in picks]
    shuffled = rows[:]
    chance.shuffle(shuffled)
    registry = assay.init(folder / "registry")
    a = registry.curate("a", [lines(folder / "a.jsonl", rows)])
    b = registry.curate("b", [lines(folder / "b.jsonl", shuffled)], batch_rows=batch)
    assert (a.fingerprint, a.kept, a.rejected) == (b.fingerprint, b.kept, b.rejected)
    assert a.read == a.kept + a.rejected + a.malformed == len(rows)
