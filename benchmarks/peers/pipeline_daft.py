"""The whole pipeline with Daft: its minhash, its patterns, batch functions for the rest. The job is in job.py.

    python pipeline_daft.py CORPUS.jsonl OUT

Daft's minhash takes n-grams of words, so the folded text is spelt out, a space after every character. Bands are
compared in NumPy; of a bucket, a row goes when the estimate says 0.8 with the row before it. What it does less than
assay: a malformed line ends the run; nothing is compared exactly, and a twin may itself have been removed.
"""

import sys
from pathlib import Path

import daft
import job
import numpy as np
import pyarrow as pa
from daft import col, lit

out = Path(sys.argv[2])


@daft.func.batch(return_dtype=daft.DataType.string())
def fold(text):
    return [job.fold(one or "") for one in text.to_pylist()]


@daft.func.batch(return_dtype=daft.DataType.float64())
def repetition(folded):
    return [job.repeated(text or "") for text in folded.to_pylist()]


@daft.func.batch(return_dtype=daft.DataType.string())
def language(text):
    return [job.language(one or "") for one in text.to_pylist()]


frame = daft.read_json(sys.argv[1]).with_column("text", col("input") + lit("\n") + col("output"))
frame = frame.with_column("folded", fold(col("text")))
spelt = col("folded").regexp_replace(" ", "_").regexp_replace("(.)", "$1 ")
sketches = spelt.minhash(num_hashes=job.HASHES, ngram_size=job.SHINGLE, seed=1, hash_function="xxhash3_64")
table = (
    frame.select(
        "input",
        "output",
        "folded",
        sketches.alias("sketch"),
        col("text").regexp_count(r"\S+").alias("words"),
        repetition(col("folded")).alias("repeated"),
        language(col("text")).alias("language"),
        *(col("text").regexp(pattern).alias(f"pii_{kind}") for kind, pattern in job.PII.items()),
    )
    .to_arrow()
    .combine_chunks()
)
count = len(table)
reasons: list[str | None] = [None] * count
twins: list[int | None] = [None] * count
first: dict[str, int] = {}
for row, text in enumerate(table["folded"].to_pylist()):
    original = first.setdefault(text, row)
    if original != row:
        reasons[row], twins[row] = "exact_duplicate", original

sketch = np.asarray(table["sketch"].combine_chunks().flatten()).reshape(count, job.HASHES)
unique = np.array([reason is None for reason in reasons])
width = job.HASHES // job.BANDS
for band in range(job.BANDS):
    part = np.ascontiguousarray(sketch[unique, band * width : (band + 1) * width])
    rows = np.flatnonzero(unique)
    keys = part.view(f"V{part.dtype.itemsize * width}").ravel()
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    earlier, later = rows[order[same]], rows[order[same + 1]]
    alike = (sketch[earlier] == sketch[later]).mean(axis=1) >= job.THRESHOLD
    for twin, row in zip(earlier[alike].tolist(), later[alike].tolist(), strict=True):
        if reasons[row] is None:
            reasons[row], twins[row] = "near_duplicate", twin

words, repeated, codes = (table[name].to_pylist() for name in ("words", "repeated", "language"))
pii = {kind: table[f"pii_{kind}"].to_pylist() for kind in job.PII}
for row in range(count):
    if reasons[row]:
        continue
    if not job.LEAST_WORDS <= words[row] <= job.MOST_WORDS:
        reasons[row] = f"length:{words[row]}"
    elif repeated[row] > job.MOST_REPEATED:
        reasons[row] = f"repetition:{repeated[row]:.2f}"
    elif kind := next((kind for kind in job.PII if pii[kind][row]), None):
        reasons[row] = f"pii:{kind}"
    elif codes[row] not in job.LANGUAGES:
        reasons[row] = f"language:{codes[row]}"

rejected = np.array([reason is not None for reason in reasons])
table = table.select(["input", "output"]).append_column("row", pa.array(np.arange(count)))
table = table.append_column("reason", pa.array(reasons, pa.string()))
table = table.append_column("twin", pa.array(twins, pa.int64()))
daft.from_arrow(table.filter(pa.array(~rejected)).select(["input", "output"])).write_json(
    str(out / "curated")
)
daft.from_arrow(table.filter(pa.array(rejected))).write_json(str(out / "rejected"))
job.report(out, reasons)
