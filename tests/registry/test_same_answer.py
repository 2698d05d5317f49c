"""The same records give the same version: whatever their order, files, batch sizes and workers."""

from __future__ import annotations

import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, example, given, settings
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


PIECES = [
    "mobile phone", "call me at", "电话", "1400-1000=$<<1400-1000=400>>400", "528 6147", "13812345678",
    "我的身份证", "11010519491231002X", "passport no.", "C01X00T47", "licence plate", "京A12345", "account", "账号",
    "6222021234567890", "the the the the the the", "as an AI language model", "nooutput", "[Name]",
    "a@b.example.org", "…", "\n", "```\nx = 1\n```",
    "Guten Tag, wie geht es Ihnen heute?", "今天天气很好，我们去公园。", "truncated in the middle of a",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map(" ".join)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@example([("Which of them is a mobile phone", "1400-1000 is 400")])
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=8))
def test_what_stands_beside_a_record_changes_nothing_of_what_is_found_in_it(tmp_path_factory, pairs):
    """A record with a field more is read another way: every check must say the same."""
    folder = tmp_path_factory.mktemp("r")
    registry = assay.init(folder / "registry")
    recipe = folder / "all.yaml"
    kinds = (
        "format",
        "length",
        "repetition",
        "language",
        "pii",
        "toxicity",
        "completion",
        "refusal",
        "placeholder",
        "leakage",
    )
    stages = "".join(f"  - {kind}: {{action: flag}}\n" for kind in kinds)
    recipe.write_text(f"stages:\n{stages}", encoding="utf-8")
    rows = [{"input": a, "output": b} for a, b in dict(pairs).items()]
    plain = registry.curate("a", [lines(folder / "a.jsonl", rows)], recipe=str(recipe))
    more = [row | {"ticket": k} for k, row in enumerate(rows)]
    careful = registry.curate("b", [lines(folder / "b.jsonl", more)], recipe=str(recipe))
    assert plain.fingerprint == careful.fingerprint
    assert [(s.stage, s.codes, s.flagged) for s in plain.stages] == [
        (s.stage, s.codes, s.flagged) for s in careful.stages
    ]
